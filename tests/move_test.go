package tests

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seamfs/seamfs/tests/check"
	"github.com/seamfs/seamfs/tests/harness"
	"golang.org/x/sys/unix"
)

const mib = 1 << 20

// nothingLeft checks that the old backend holds no trace of what settled
// elsewhere: no object below the path on it, and soon nothing in staging.
func nothingLeft(t *testing.T, backend, path string) {
	t.Helper()
	check.Absent(t, filepath.Join(backend, path))
	harness.Eventually(t, "the staging directory is empty", func() bool { return len(harness.Staged(t, backend)) == 0 })
}

// TestFileSettles follows one file from rename to rest.
func TestFileSettles(t *testing.T) {
	harness.EachPair(t, func(t *testing.T, p harness.Pair) {
		d := p.Mount(t)
		src, dst := d.Path("scratch/f"), d.Path("store/a/b/f")
		check.OK(t, os.MkdirAll(d.Path("store/a/b"), 0o755))
		check.Random(t, src, 0, 64*mib, 1)
		dress(t, src)
		check.Equal(t, "state in scratch", d.State("scratch/f"), "settled")
		sum := check.Sum(t, src)
		before := attributes(t, src)
		check.OK(t, os.Rename(src, dst))
		states := watchStates(t, d, "store/a/b/f", func() { check.Equal(t, "attributes during the move", attributes(t, dst), before) })
		check.Equal(t, "last state", states[len(states)-1], "settled")
		check.Equal(t, "attributes after the move", attributes(t, dst), before)
		check.Equal(t, "content after the move", check.Sum(t, dst), sum)
		check.Equal(t, "content on the store itself", check.Sum(t, d.Backends.Store+"/store/a/b/f"), sum)
		nothingLeft(t, d.Backends.Scratch, "store/a")
		nothingLeft(t, d.Backends.Scratch, "scratch/f")
	})
}

// dress gives a file attributes of all kinds.
func dress(t *testing.T, path string) {
	t.Helper()
	check.OK(t, os.Chown(path, 1234, 4321))
	check.OK(t, unix.Chmod(path, 0o4751))
	check.OK(t, unix.Setxattr(path, "user.colour", []byte("blue"), 0))
	check.OK(t, unix.Setxattr(path, "trusted.secret", []byte("\x00\x01"), 0))
	// u::rwx,u:1000:r--,g::r-x,m::r-x,o::--x
	acl := "\x02\x00\x00\x00\x01\x00\x07\x00\xff\xff\xff\xff\x02\x00\x04\x00\xe8\x03\x00\x00\x04\x00\x05\x00\xff\xff\xff\xff" +
		"\x10\x00\x05\x00\xff\xff\xff\xff\x20\x00\x01\x00\xff\xff\xff\xff"
	check.OK(t, unix.Setxattr(path, "system.posix_acl_access", []byte(acl), 0))
	ts := []unix.Timespec{{Sec: 1_600_000_000, Nsec: 123456789}, {Sec: 1_500_000_000, Nsec: 987654321}}
	check.OK(t, unix.UtimesNanoAt(unix.AT_FDCWD, path, ts, 0))
}

// attributes is all of a file but its content that a move must not change.
// Times of access are left out: the checks themselves read the file.
func attributes(t *testing.T, path string) string {
	t.Helper()
	st := check.Lstat(t, path)
	s := fmt.Sprintf("dev=%d ino=%d mode=%o nlink=%d owner=%d:%d size=%d mtime=%d.%09d", st.Dev, st.Ino, st.Mode, st.Nlink,
		st.Uid, st.Gid, st.Size, st.Mtim.Sec, st.Mtim.Nsec)
	for name, value := range check.Xattrs(t, path) {
		s += fmt.Sprintf(" %s=%q", name, value)
	}
	return s
}

// watchStates polls the state of a file until it is settled, calling fn each
// time, and returns the states in the order in which they came.
func watchStates(t *testing.T, d *harness.Daemon, path string, fn func()) []string {
	t.Helper()
	order := []string{"queued", "copying", "switching", "settled"}
	var states []string
	harness.Eventually(t, path+" is settled", func() bool {
		s := d.State(path)
		fn()
		if len(states) == 0 || states[len(states)-1] != s {
			states = append(states, s)
		}
		check.True(t, slices.Contains(order, s), "state %q in %v", s, states)
		return s == "settled"
	})
	return states
}

// TestStatesShowProgress: the virtual attributes of a file that takes a while
// tell how far it is, and never go back.
func TestStatesShowProgress(t *testing.T) {
	d := harness.TmpfsExt4.Mount(t)
	check.Random(t, d.Path("scratch/f"), 0, 512*mib, 2)
	check.OK(t, os.Rename(d.Path("scratch/f"), d.Path("store/f")))
	var last int64
	seen := map[string]bool{}
	harness.Eventually(t, "the file is settled", func() bool {
		raw, err := check.Xattr(d.Path("store/f"), "user.seamfs.status")
		check.OK(t, err)
		var s struct {
			State, Backend, Home string
			Done                 int64 `json:"bytes_done"`
			Total                int64 `json:"bytes_total"`
			Progress             int
		}
		check.OK(t, json.Unmarshal([]byte(raw), &s))
		seen[s.State] = true
		check.Equal(t, "home", s.Home, "store")
		if s.State == "settled" {
			check.Equal(t, "resident when settled", s.Backend, "store")
			return true
		}
		check.True(t, s.Done >= last && s.Done <= s.Total && s.Progress >= 0 && s.Progress <= 100, "after %d bytes: %s", last, raw)
		last = s.Done
		return false
	})
	check.True(t, seen["copying"], "never seen copying: %v", seen)
	check.True(t, last > 0, "progress was never above 0")
}

// TestSparseStaysSparse moves a 4 GiB image that holds 3 MiB.
func TestSparseStaysSparse(t *testing.T) {
	harness.EachPair(t, func(t *testing.T, p harness.Pair) {
		d := p.Mount(t)
		src, dst := d.Path("scratch/image"), d.Path("store/image")
		f, err := os.Create(src)
		check.OK(t, err)
		check.OK(t, f.Truncate(4<<30))
		check.OK(t, f.Close())
		for i := range int64(3) {
			check.Random(t, src, i<<30+12345*4096, mib, uint64(i))
		}
		holes := extents(t, src)
		check.OK(t, os.Rename(src, dst))
		d.Settle("/store")
		st := check.Lstat(t, d.Backends.Store+"/store/image")
		check.Equal(t, "size", st.Size, 4<<30)
		check.True(t, st.Blocks*512 < 4*mib, "3 MiB of data occupy %d KiB on the store", st.Blocks/2)
		check.Equal(t, "data and holes", extents(t, dst), holes)
	})
}

// extents lists where a file holds data.
func extents(t *testing.T, path string) string {
	t.Helper()
	f := check.Open(t, path, os.O_RDONLY, 0)
	var list []string
	for off := int64(0); ; {
		data, err := unix.Seek(int(f.Fd()), off, unix.SEEK_DATA)
		if err == unix.ENXIO {
			return strings.Join(list, " ")
		}
		check.OK(t, err)
		off, err = unix.Seek(int(f.Fd()), data, unix.SEEK_HOLE)
		check.OK(t, err)
		list = append(list, fmt.Sprintf("%d-%d", data, off))
	}
}

// TestDirectoryTimesStay: a move changes no directory's mtime, neither where
// the file comes from nor where it goes.
func TestDirectoryTimesStay(t *testing.T) {
	d := harness.TmpfsExt4.Mount(t)
	check.OK(t, os.MkdirAll(d.Path("store/a/b"), 0o755))
	check.Write(t, d.Path("scratch/f"), "x")
	check.OK(t, os.Mkdir(d.Path("scratch/t"), 0o755))
	check.Write(t, d.Path("scratch/t/g"), "x")
	check.OK(t, os.Rename(d.Path("scratch/f"), d.Path("store/a/b/f")))
	check.OK(t, os.Rename(d.Path("scratch/t"), d.Path("store/a/t")))
	dirs := []string{"store", "store/a", "store/a/b", "store/a/t", "scratch"}
	for i, dir := range dirs {
		ts := []unix.Timespec{{Sec: 1000, Nsec: int64(i)}, {Sec: 2000, Nsec: int64(i)}}
		check.OK(t, unix.UtimesNanoAt(unix.AT_FDCWD, d.Path(dir), ts, 0))
	}
	d.Settle("/")
	for i, dir := range dirs {
		check.Equal(t, "mtime of "+dir, check.Lstat(t, d.Path(dir)).Mtim, unix.Timespec{Sec: 2000, Nsec: int64(i)})
	}
}
