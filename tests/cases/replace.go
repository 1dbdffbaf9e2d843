package cases

import (
	"os"
	"testing"

	"github.com/seamfs/seamfs/tests/check"
	"golang.org/x/sys/unix"
)

var replaceCases = []Across{
	{"ReplaceRepeatedly", replaceRepeatedly},
	{"ReplaceHardLink", replaceHardLink},
	{"RemoveAfterReplace", removeAfterReplace},
	{"MakeAtOldName", makeAtOldName},
	{"VacatedNameTakesAnything", vacatedNameTakesAnything},
	{"StagingOverNothing", stagingOverNothing},
}

// replaceRepeatedly publishes versions of a file as programs do: write beside,
// rename over.
func replaceRepeatedly(t *testing.T, a, b string) {
	for _, v := range []string{"one", "two", "three", "four"} {
		check.Write(t, a+"/new", v)
		check.OK(t, os.Rename(a+"/new", b+"/f"))
		check.Content(t, b+"/f", v)
		check.Absent(t, a+"/new")
	}
	check.OK(t, os.Remove(b+"/f"))
	check.Absent(t, b+"/f")
}

func replaceHardLink(t *testing.T, a, b string) {
	check.Write(t, b+"/f", "old")
	check.OK(t, os.Link(b+"/f", b+"/g"))
	check.Write(t, a+"/new", "new")
	check.OK(t, os.Rename(a+"/new", b+"/f"))
	check.Content(t, b+"/f", "new")
	check.Content(t, b+"/g", "old")
	check.Equal(t, "nlink of the name left", check.Lstat(t, b+"/g").Nlink, 1)
	check.Equal(t, "nlink of the new file", check.Lstat(t, b+"/f").Nlink, 1)
}

// removeAfterReplace takes the winner away by each way there is: the loser
// must never show.
func removeAfterReplace(t *testing.T, a, b string) {
	replace := func() {
		check.Write(t, b+"/f", "old")
		check.Write(t, a+"/new", "new")
		check.OK(t, os.Rename(a+"/new", b+"/f"))
	}
	replace()
	check.OK(t, os.Remove(b+"/f"))
	check.Absent(t, b+"/f")
	replace()
	check.OK(t, os.Rename(b+"/f", b+"/g"))
	check.Absent(t, b+"/f")
	check.Content(t, b+"/g", "new")
	replace()
	check.OK(t, os.Rename(b+"/f", a+"/g"))
	check.Absent(t, b+"/f")
	check.Content(t, a+"/g", "new")
	es, err := os.ReadDir(b)
	check.OK(t, err)
	check.Equal(t, "number of names left", len(es), 1)
}

func makeAtOldName(t *testing.T, a, b string) {
	check.Write(t, a+"/f", "first")
	ino := check.Lstat(t, a+"/f").Ino
	check.OK(t, os.Rename(a+"/f", b+"/f"))
	check.Write(t, a+"/f", "second")
	check.True(t, check.Lstat(t, a+"/f").Ino != ino, "two live files have inode %d", ino)
	check.Content(t, b+"/f", "first")
	check.OK(t, os.Rename(a+"/f", b+"/f"))
	check.Content(t, b+"/f", "second")
	check.OK(t, os.Mkdir(a+"/f", 0o755))
	check.OK(t, os.Remove(b+"/f"))
	check.OK(t, os.Rename(a+"/f", b+"/f"))
	check.Is(t, check.Dir, b+"/f", "")
}

// vacatedNameTakesAnything: a name that was replaced and then renamed away is
// free for an object of each kind, made there or renamed there.
func vacatedNameTakesAnything(t *testing.T, a, b string) {
	for _, k := range sources {
		vacate := func() {
			check.Write(t, b+"/t", "old")
			check.Write(t, a+"/s", "new")
			check.OK(t, os.Rename(a+"/s", b+"/t"))
			check.OK(t, os.Rename(b+"/t", b+"/u"))
			check.Absent(t, b+"/t")
		}
		for _, from := range []string{a, b} {
			vacate()
			check.Make(t, k, from+"/x", "text")
			check.OK(t, os.Rename(from+"/x", b+"/t"))
			check.Is(t, k, b+"/t", "text")
			check.OK(t, os.RemoveAll(b+"/t"))
		}
		vacate()
		check.Make(t, k, b+"/t", "text")
		check.Is(t, k, b+"/t", "text")
		check.OK(t, os.RemoveAll(b+"/t"))
		check.Content(t, b+"/u", "new")
	}
}

func stagingOverNothing(t *testing.T, a, b string) {
	check.OK(t, os.MkdirAll(a+"/.box.staging/bin", 0o755))
	check.Write(t, a+"/.box.staging/bin/tool", "#!")
	err := unix.Renameat2(unix.AT_FDCWD, a+"/.box.staging", unix.AT_FDCWD, b+"/box", unix.RENAME_NOREPLACE)
	check.OK(t, err)
	check.Content(t, b+"/box/bin/tool", "#!")
	check.OK(t, os.Mkdir(a+"/.box.staging", 0o755))
	err = unix.Renameat2(unix.AT_FDCWD, a+"/.box.staging", unix.AT_FDCWD, b+"/box", unix.RENAME_NOREPLACE)
	check.Errno(t, "second rename NOREPLACE", err, unix.EEXIST)
	check.NotEmpty(t, "rename over a full directory", unix.Rename(a+"/.box.staging", b+"/box"))
	check.Content(t, b+"/box/bin/tool", "#!")
}
