package cases

import (
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/seamfs/seamfs/tests/check"
	"golang.org/x/sys/unix"
)

var readdirCases = []Case{
	{"ReaddirTypesAndInodes", readdirTypesAndInodes},
	{"ReaddirLargeWhileNamesMove", readdirLargeWhileNamesMove},
	{"ReaddirSeek", readdirSeek},
	{"ReaddirRewindSeesNew", readdirRewindSeesNew},
}

type dirent struct {
	name string
	ino  uint64
	typ  uint8
	off  int64
}

// direntsOnce reads one buffer of a directory with getdents64.
func direntsOnce(t *testing.T, fd int, buf []byte) []dirent {
	t.Helper()
	n, err := unix.Getdents(fd, buf)
	check.OK(t, err)
	var out []dirent
	for b := buf[:n]; len(b) > 0; {
		length := int(b[16]) | int(b[17])<<8
		name := b[19:length]
		if i := slices.Index(name, 0); i >= 0 {
			name = name[:i]
		}
		out = append(out, dirent{string(name), le64(b), b[18], int64(le64(b[8:]))})
		b = b[length:]
	}
	return out
}

func le64(b []byte) uint64 {
	var v uint64
	for i := range 8 {
		v |= uint64(b[i]) << (8 * i)
	}
	return v
}

func dirents(t *testing.T, fd int) []dirent {
	t.Helper()
	var all []dirent
	buf := make([]byte, 4096)
	for {
		part := direntsOnce(t, fd, buf)
		if len(part) == 0 {
			return all
		}
		all = append(all, part...)
	}
}

func readdirTypesAndInodes(t *testing.T, mnt string) {
	for _, k := range []check.Kind{check.File, check.Dir, check.Symlink, check.Fifo, check.Socket, check.Char} {
		check.Make(t, k, mnt+"/"+string(k), "x")
	}
	d := check.Open(t, mnt, os.O_RDONLY, 0)
	seen := map[string]bool{}
	for _, e := range dirents(t, int(d.Fd())) {
		seen[e.name] = true
		if e.name == ".." {
			continue
		}
		st := check.Lstat(t, mnt+"/"+e.name)
		check.Equal(t, "inode listed for "+e.name, e.ino, st.Ino)
		check.Equal(t, "type listed for "+e.name, uint32(e.typ)<<12, st.Mode&unix.S_IFMT)
	}
	check.True(t, seen["."] && seen[".."] && len(seen) == 8, "listed: %v", seen)
}

// readdirLargeWhileNamesMove lists a directory of 10,000 names, of which some
// are renamed while the listing goes on: each name that stays is listed
// exactly once, none twice.
func readdirLargeWhileNamesMove(t *testing.T, mnt string) {
	const n = 10_000
	for i := range n {
		fd, err := unix.Open(fmt.Sprintf("%s/stays-%05d", mnt, i), unix.O_CREAT|unix.O_WRONLY, 0o644)
		check.OK(t, err)
		check.OK(t, unix.Close(fd))
	}
	for i := range 100 {
		check.Write(t, fmt.Sprintf("%s/moves-%d", mnt, i), "")
	}
	d := check.Open(t, mnt, os.O_RDONLY, 0)
	seen := map[string]int{}
	buf := make([]byte, 16<<10)
	for i := 0; ; i++ {
		part := direntsOnce(t, int(d.Fd()), buf)
		if len(part) == 0 {
			break
		}
		for _, e := range part {
			seen[e.name]++
		}
		if i < 100 {
			check.OK(t, os.Rename(fmt.Sprintf("%s/moves-%d", mnt, i), fmt.Sprintf("%s/moved-%d", mnt, i)))
		}
	}
	for i := range n {
		name := fmt.Sprintf("stays-%05d", i)
		check.Equal(t, "times that "+name+" was listed", seen[name], 1)
	}
}

func readdirSeek(t *testing.T, mnt string) {
	for i := range 300 {
		check.Write(t, fmt.Sprintf("%s/f%03d", mnt, i), "")
	}
	d := check.Open(t, mnt, os.O_RDONLY, 0)
	all := dirents(t, int(d.Fd()))
	check.Equal(t, "number of entries", len(all), 302)
	for _, i := range []int{0, 7, 150, 299} {
		_, err := d.Seek(all[i].off, 0)
		check.OK(t, err)
		rest := dirents(t, int(d.Fd()))
		check.Equal(t, fmt.Sprintf("entries after seeking behind entry %d", i), len(rest), len(all)-i-1)
		if len(rest) > 0 {
			check.Equal(t, "next entry", rest[0].name, all[i+1].name)
		}
	}
}

func readdirRewindSeesNew(t *testing.T, mnt string) {
	d := check.Open(t, mnt, os.O_RDONLY, 0)
	check.Equal(t, "entries of an empty directory", len(dirents(t, int(d.Fd()))), 2)
	check.Write(t, mnt+"/new", "")
	_, err := d.Seek(0, 0)
	check.OK(t, err)
	check.Equal(t, "entries after rewinding", len(dirents(t, int(d.Fd()))), 3)
	check.OK(t, os.Remove(mnt+"/new"))
	_, err = d.Seek(0, 0)
	check.OK(t, err)
	check.Equal(t, "entries after unlink and rewinding", len(dirents(t, int(d.Fd()))), 2)
}
