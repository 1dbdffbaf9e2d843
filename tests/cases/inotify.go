package cases

import (
	"encoding/binary"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/seamfs/seamfs/tests/check"
	"golang.org/x/sys/unix"
)

var inotifyCases = []Across{
	{"InotifyNames", inotifyNames},
	{"InotifyRename", inotifyRename},
	{"InotifyFile", inotifyFile},
}

// watched is an inotify descriptor; events returns what has come since the
// last call.
type watched struct {
	t     *testing.T
	fd    int
	names map[int32]string
}

func watch(t *testing.T) *watched {
	t.Helper()
	fd, err := unix.InotifyInit1(unix.IN_NONBLOCK | unix.IN_CLOEXEC)
	check.OK(t, err)
	t.Cleanup(func() { unix.Close(fd) })
	return &watched{t, fd, map[int32]string{}}
}

func (w *watched) add(name, path string) {
	w.t.Helper()
	wd, err := unix.InotifyAddWatch(w.fd, path, unix.IN_ALL_EVENTS&^unix.IN_ACCESS)
	check.OK(w.t, err)
	w.names[int32(wd)] = name
}

// events are the events, each as "watch:event:name"; the two halves of a
// rename carry "=".
func (w *watched) events() string {
	w.t.Helper()
	buf := make([]byte, 64<<10)
	n, err := unix.Read(w.fd, buf)
	if err == unix.EAGAIN {
		return ""
	}
	check.OK(w.t, err)
	var out []string
	cookies := map[uint32]int{}
	for b := buf[:n]; len(b) > 0; {
		wd, mask := int32(binary.NativeEndian.Uint32(b)), binary.NativeEndian.Uint32(b[4:])
		cookie, length := binary.NativeEndian.Uint32(b[8:]), binary.NativeEndian.Uint32(b[12:])
		name := strings.TrimRight(string(b[16:16+length]), "\x00")
		s := fmt.Sprintf("%s:%s:%s", w.names[wd], eventName(mask), name)
		if cookie != 0 {
			cookies[cookie]++
			s += "="
		}
		out = append(out, s)
		b = b[16+length:]
	}
	for cookie, n := range cookies {
		check.True(w.t, n == 2, "the cookie %d came %d times: %v", cookie, n, out)
	}
	return strings.Join(out, " ")
}

func eventName(mask uint32) string {
	for bit, name := range map[uint32]string{
		unix.IN_CREATE: "create", unix.IN_DELETE: "delete", unix.IN_DELETE_SELF: "delete-self", unix.IN_MODIFY: "modify",
		unix.IN_ATTRIB: "attrib", unix.IN_MOVED_FROM: "from", unix.IN_MOVED_TO: "to", unix.IN_MOVE_SELF: "move-self",
		unix.IN_OPEN: "open", unix.IN_CLOSE_WRITE: "close-write", unix.IN_CLOSE_NOWRITE: "close", unix.IN_IGNORED: "ignored",
	} {
		if mask&bit != 0 {
			return name
		}
	}
	return fmt.Sprintf("%#x", mask)
}

func inotifyNames(t *testing.T, a, _ string) {
	w := watch(t)
	w.add("a", a)
	check.OK(t, os.Mkdir(a+"/d", 0o755))
	check.OK(t, os.Symlink("x", a+"/l"))
	check.OK(t, unix.Mknod(a+"/f", unix.S_IFREG|0o644, 0))
	check.OK(t, os.Link(a+"/f", a+"/g"))
	check.OK(t, os.Chmod(a+"/f", 0o600))
	check.OK(t, os.Remove(a+"/g"))
	check.OK(t, os.Remove(a+"/d"))
	check.Equal(t, "events", w.events(), "a:create:d a:create:l a:create:f a:create:g a:attrib:f a:delete:g a:delete:d")
}

func inotifyRename(t *testing.T, a, b string) {
	check.Write(t, a+"/f", "text")
	check.OK(t, os.Mkdir(a+"/d", 0o755))
	check.Write(t, b+"/v", "victim")
	w := watch(t)
	w.add("a", a)
	if a != b {
		w.add("b", b)
	}
	w.add("f", a+"/f")
	w.add("d", a+"/d")
	w.add("v", b+"/v")
	check.OK(t, unix.Rename(a+"/f", b+"/v"))
	check.OK(t, unix.Rename(a+"/d", b+"/e"))
	check.Content(t, b+"/v", "text")
	got := w.events()
	check.Equal(t, "events", strings.Join(without(strings.Fields(got), "open", "close"), " "),
		"a:from:f= b:to:v= v:attrib: f:move-self: v:delete-self: v:ignored: a:from:d= b:to:e= d:move-self:")
}

func without(events []string, names ...string) []string {
	var out []string
	for _, e := range events {
		keep := true
		for _, n := range names {
			keep = keep && !strings.Contains(e, ":"+n+":")
		}
		if keep {
			out = append(out, e)
		}
	}
	return out
}

// inotifyFile watches a file that is renamed from a to b and used there: what
// moves its bytes makes no events. Of equal ones in a row there is one.
func inotifyFile(t *testing.T, a, b string) {
	check.Write(t, a+"/f", "text")
	check.OK(t, unix.Rename(a+"/f", b+"/f"))
	w := watch(t)
	w.add("f", b+"/f")
	f, err := os.OpenFile(b+"/f", os.O_WRONLY, 0)
	check.OK(t, err)
	_, err = f.WriteString("T")
	check.OK(t, err)
	check.OK(t, f.Sync())
	check.OK(t, f.Truncate(2))
	check.OK(t, f.Close())
	check.OK(t, os.Chmod(b+"/f", 0o600))
	check.OK(t, unix.Setxattr(b+"/f", "user.a", nil, 0))
	check.Equal(t, "events", w.events(), "f:open: f:modify: f:close-write: f:attrib:")
}
