package cases

import (
	"fmt"
	"os"
	"testing"

	"github.com/seamfs/seamfs/tests/check"
	"golang.org/x/sys/unix"
)

var listingCases = []Case{
	{"ListingTypes", listingTypes},
	{"ListingChanges", listingChanges},
	{"ListingTells", listingTells},
}

// listingTypes: d_type and d_ino of each kind, also after renames within the
// directory and on to it from another one.
func listingTypes(t *testing.T, mnt string) {
	check.OK(t, os.Mkdir(mnt+"/from", 0o755))
	check.OK(t, os.Mkdir(mnt+"/to", 0o755))
	kinds := []check.Kind{check.File, check.Dir, check.FullDir, check.Symlink, check.Fifo, check.Socket, check.Char}
	for _, k := range kinds {
		check.Make(t, k, mnt+"/from/"+string(k), "x")
		check.OK(t, os.Rename(mnt+"/from/"+string(k), mnt+"/to/"+string(k)))
	}
	d := check.Open(t, mnt+"/to", os.O_RDONLY, 0)
	es := dirents(t, int(d.Fd()))
	check.Equal(t, "entries", len(es), len(kinds)+2)
	for _, e := range es {
		st := check.Lstat(t, mnt+"/to/"+e.name)
		check.Equal(t, "type of "+e.name, uint32(e.typ)<<12, st.Mode&unix.S_IFMT)
		check.Equal(t, "inode of "+e.name, e.ino, st.Ino)
	}
}

// listingChanges reads a directory in small pieces while half of the names are
// removed, others made and some renamed: names that stay come once.
func listingChanges(t *testing.T, mnt string) {
	const n = 200
	for i := range n {
		check.OK(t, unix.Mknod(fmt.Sprintf("%s/stay%03d", mnt, i), unix.S_IFREG|0o644, 0))
		check.OK(t, unix.Mknod(fmt.Sprintf("%s/gone%03d", mnt, i), unix.S_IFREG|0o644, 0))
	}
	d := check.Open(t, mnt, os.O_RDONLY, 0)
	seen := map[string]int{}
	buf := make([]byte, 1024)
	for i := 0; ; i++ {
		part := direntsOnce(t, int(d.Fd()), buf)
		if len(part) == 0 {
			break
		}
		for _, e := range part {
			seen[e.name]++
		}
		for j := i * 20; j < min((i+1)*20, n); j++ {
			check.OK(t, unix.Unlink(fmt.Sprintf("%s/gone%03d", mnt, n-1-j)))
			check.OK(t, unix.Mknod(fmt.Sprintf("%s/new%03d", mnt, j), unix.S_IFREG|0o644, 0))
		}
	}
	for i := range n {
		check.Equal(t, fmt.Sprintf("times that stay%03d was listed", i), seen[fmt.Sprintf("stay%03d", i)], 1)
	}
	for name, times := range seen {
		check.True(t, times == 1, "%s was listed %d times", name, times)
	}
}

// listingTells: a position told before others were removed leads on to the
// same next name that is still there.
func listingTells(t *testing.T, mnt string) {
	for i := range 100 {
		check.OK(t, unix.Mknod(fmt.Sprintf("%s/n%02d", mnt, i), unix.S_IFREG|0o644, 0))
	}
	d := check.Open(t, mnt, os.O_RDONLY, 0)
	all := dirents(t, int(d.Fd()))
	check.Equal(t, "entries", len(all), 102)
	isDot := func(e dirent) bool { return e.name == "." || e.name == ".." }
	for i, e := range all {
		if i%3 == 0 && !isDot(e) {
			check.OK(t, unix.Unlink(mnt+"/"+e.name))
		}
	}
	for at := 0; at < len(all); at += 7 {
		_, err := d.Seek(all[at].off, 0)
		check.OK(t, err)
		var want []string
		for i := at + 1; i < len(all); i++ {
			if i%3 != 0 || isDot(all[i]) {
				want = append(want, all[i].name)
			}
		}
		var got []string
		for _, e := range dirents(t, int(d.Fd())) {
			got = append(got, e.name)
		}
		check.Equal(t, fmt.Sprintf("names behind entry %d", at), fmt.Sprint(got), fmt.Sprint(want))
	}
}
