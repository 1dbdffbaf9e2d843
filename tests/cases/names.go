package cases

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/seamfs/seamfs/tests/check"
	"golang.org/x/sys/unix"
)

var nameCases = []Case{
	{"NameOfEveryByte", nameOfEveryByte},
	{"NameTooLongEverywhere", nameTooLongEverywhere},
	{"PathMax", pathMax},
	{"LinkLoops", linkLoops},
	{"LinkChains", linkChains},
	{"DeepDirs", deepDirs},
}

func nameOfEveryByte(t *testing.T, mnt string) {
	names := map[string]bool{}
	for c := 1; c < 256; c++ {
		if c != '/' {
			names["n"+string([]byte{byte(c)})] = true
		}
	}
	for n := range names {
		check.OK(t, unix.Mknod(mnt+"/"+n, unix.S_IFREG|0o644, 0))
	}
	es, err := os.ReadDir(mnt)
	check.OK(t, err)
	check.Equal(t, "names listed", len(es), len(names))
	for _, e := range es {
		check.True(t, names[e.Name()], "listed: %q", e.Name())
		check.OK(t, unix.Unlink(mnt+"/"+e.Name()))
	}
	var all []byte // two names hold all bytes, and are of 255 bytes
	for c := 1; c < 256; c++ {
		all = append(all, byte(c))
	}
	all[46] = 'x' // the slash
	check.Write(t, mnt+"/"+string(all), "x")
	check.OK(t, unix.Rename(mnt+"/"+string(all), mnt+"/"+strings.Repeat("\xff", 255)))
	check.Content(t, mnt+"/"+strings.Repeat("\xff", 255), "x")
}

func nameTooLongEverywhere(t *testing.T, mnt string) {
	check.Write(t, mnt+"/f", "x")
	long := mnt + "/" + strings.Repeat("n", 256)
	var st unix.Stat_t
	_, readlinkErr := os.Readlink(long)
	_, openErr := unix.Open(long, unix.O_RDONLY, 0)
	_, createErr := unix.Open(long, unix.O_CREAT|unix.O_WRONLY, 0o644)
	for what, err := range map[string]error{
		"stat": unix.Stat(long, &st), "lstat": unix.Lstat(long, &st), "stat below": unix.Stat(long+"/x", &st), "open": openErr,
		"create": createErr, "mkdir": unix.Mkdir(long, 0o755), "rmdir": unix.Rmdir(long), "unlink": unix.Unlink(long),
		"rename from": unix.Rename(long, mnt+"/g"), "rename to": unix.Rename(mnt+"/f", long), "link to": unix.Link(mnt+"/f", long),
		"link from": unix.Link(long, mnt+"/g"), "symlink": unix.Symlink("x", long), "readlink": readlinkErr,
		"mknod": unix.Mknod(long, unix.S_IFIFO|0o600, 0), "chmod": unix.Chmod(long, 0), "chown": unix.Lchown(long, 0, 0),
		"truncate": unix.Truncate(long, 0), "access": unix.Access(long, 0), "statfs": unix.Statfs(long, new(unix.Statfs_t)),
		"setxattr": unix.Setxattr(long, "user.x", nil, 0),
	} {
		check.Errno(t, what, err, unix.ENAMETOOLONG)
	}
	// A missing directory is met before the long name in it.
	check.Errno(t, "below nothing", unix.Lstat(mnt+"/none/"+strings.Repeat("n", 256), &st), unix.ENOENT)
}

func pathMax(t *testing.T, mnt string) {
	check.OK(t, os.Mkdir(mnt+"/d", 0o755))
	path := mnt + "/d" + strings.Repeat("/", 4095-len(mnt)-len("/df")) + "f"
	check.Equal(t, "length", len(path), 4095)
	check.Write(t, path, "x")
	check.Content(t, mnt+"/d/f", "x")
	var st unix.Stat_t
	check.Errno(t, "a path of 4096 bytes", unix.Lstat(path+"x", &st), unix.ENAMETOOLONG)
	target := strings.Repeat("t", 4096)
	check.Errno(t, "a link's target of 4096 bytes", unix.Symlink(target, mnt+"/l"), unix.ENAMETOOLONG)
}

func linkLoops(t *testing.T, mnt string) {
	check.OK(t, os.Symlink("a", mnt+"/a"))
	check.OK(t, os.Mkdir(mnt+"/d", 0o755))
	var st unix.Stat_t
	_, openErr := unix.Open(mnt+"/a", unix.O_RDWR, 0)
	for what, err := range map[string]error{
		"stat": unix.Stat(mnt+"/a", &st), "below": unix.Lstat(mnt+"/a/x", &st), "open": openErr, "chmod": unix.Chmod(mnt+"/a", 0),
		"truncate": unix.Truncate(mnt+"/a", 0), "mkdir below": unix.Mkdir(mnt+"/a/x", 0o755), "rmdir below": unix.Rmdir(mnt + "/a/x"),
		"rename below": unix.Rename(mnt+"/d", mnt+"/a/x"), "chdir": unix.Chdir(mnt + "/a"), "statfs": unix.Statfs(mnt+"/a", new(unix.Statfs_t)),
	} {
		check.Errno(t, what, err, unix.ELOOP)
	}
	check.OK(t, unix.Rename(mnt+"/a", mnt+"/b"))
	check.Is(t, check.Symlink, mnt+"/b", "a")
}

// linkChains: 40 links are followed, 41 are not.
func linkChains(t *testing.T, mnt string) {
	check.Write(t, mnt+"/l0", "end")
	for i := 1; i <= 41; i++ {
		check.OK(t, os.Symlink(fmt.Sprintf("l%d", i-1), fmt.Sprintf("%s/l%d", mnt, i)))
	}
	check.Content(t, mnt+"/l40", "end")
	var st unix.Stat_t
	check.Errno(t, "41 links", unix.Stat(mnt+"/l41", &st), unix.ELOOP)
}

// deepDirs goes 500 directories down, moves the topmost and looks from the
// bottom up.
func deepDirs(t *testing.T, mnt string) {
	const depth = 500
	check.OK(t, os.MkdirAll(mnt+"/top"+strings.Repeat("/d", depth), 0o755))
	bottom := check.Open(t, mnt+"/top"+strings.Repeat("/d", depth), os.O_RDONLY, 0)
	check.OK(t, unix.Rename(mnt+"/top", mnt+"/moved"))
	fd, err := unix.Openat(int(bottom.Fd()), "f", unix.O_CREAT|unix.O_WRONLY, 0o644)
	check.OK(t, err)
	check.OK(t, unix.Close(fd))
	var st unix.Stat_t
	check.OK(t, unix.Fstatat(int(bottom.Fd()), strings.Repeat("../", depth), &st, 0))
	check.Equal(t, "inode at the top", st.Ino, check.Lstat(t, mnt+"/moved").Ino)
	check.OK(t, unix.Lstat(mnt+"/moved"+strings.Repeat("/d", depth)+"/f", &st))
	target := mnt + "/moved" + strings.Repeat("/d", depth) + "/x"
	check.Errno(t, "rename 500 directories into itself", unix.Rename(mnt+"/moved", target), unix.EINVAL)
}
