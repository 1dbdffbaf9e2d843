package cases

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/seamfs/seamfs/tests/check"
	"golang.org/x/sys/unix"
)

var changesCases = []Across{
	{"TimesAndCounts", timesAndCounts},
}

// A change is an operation and which times it changes: for each object its
// name and the letters m (mtime) and c (ctime), with the change of its link
// count where there is one.
type change struct {
	name string
	do   func(a, b string) error
	want string
}

func changes() []change {
	flags := func(from, to string, flags uint) func(a, b string) error {
		return func(a, b string) error {
			return unix.Renameat2(unix.AT_FDCWD, a+from, unix.AT_FDCWD, b+to, flags)
		}
	}
	rename := func(from, to string) func(a, b string) error { return flags(from, to, 0) }
	within := func(from, to string) func(a, b string) error {
		return func(a, _ string) error { return unix.Rename(a+from, a+to) }
	}
	return []change{
		{"create", func(a, _ string) error { return unix.Mknod(a+"/n", unix.S_IFREG|0o644, 0) }, "a:mc"},
		{"mkdir", func(a, _ string) error { return unix.Mkdir(a+"/n", 0o755) }, "a:mc+1"},
		{"symlink", func(a, _ string) error { return unix.Symlink("x", a+"/n") }, "a:mc"},
		{"fifo", func(a, _ string) error { return unix.Mkfifo(a+"/n", 0o644) }, "a:mc"},
		{"link", func(a, b string) error { return unix.Link(a+"/f", b+"/n") }, "b:mc f:c+1"},
		{"unlink", func(a, _ string) error { return unix.Unlink(a + "/f") }, "a:mc f:c-1"},
		{"rmdir", func(a, _ string) error { return unix.Rmdir(a + "/d") }, "a:mc-1 d:c-2"},
		{"rename", rename("/f", "/n"), "a:mc b:mc f:c"},
		{"rename-within", within("/f", "/n"), "a:mc f:c"},
		{"rename-over", rename("/f", "/v"), "a:mc b:mc f:c v:c-1"},
		{"rename-over-within", within("/f", "/g"), "a:mc f:c g:c-1"},
		{"rename-dir", rename("/d", "/n"), "a:mc-1 b:mc+1 d:c"},
		{"rename-dir-within", within("/d", "/n"), "a:mc d:c"},
		{"rename-dir-over", rename("/d", "/e"), "a:mc-1 b:mc d:c e:c-2"},
		{"exchange-files", flags("/f", "/v", unix.RENAME_EXCHANGE), "a:mc b:mc f:c v:c"},
		{"exchange-dirs", flags("/d", "/e", unix.RENAME_EXCHANGE), "a:mc b:mc d:c e:c"},
		{"exchange-file-and-dir", flags("/f", "/e", unix.RENAME_EXCHANGE), "a:mc+1 b:mc-1 e:c f:c"},
		{"rename-to-itself", within("/f", "/f"), ""},
		{"failing-rename", func(a, b string) error { ignore(unix.Rename(a+"/f", b+"/e")); return nil }, ""},
		{"failing-rmdir", func(a, _ string) error { ignore(unix.Rmdir(a + "/f")); return nil }, ""},
		{"failing-link", func(a, b string) error { ignore(unix.Link(a+"/f", b+"/v")); return nil }, ""},
		{"failing-mkdir", func(a, _ string) error { ignore(unix.Mkdir(a+"/f", 0o755)); return nil }, ""},
		{"chmod", func(a, _ string) error { return unix.Chmod(a+"/f", 0o600) }, "f:c"},
		{"chmod-same", func(a, _ string) error { return unix.Chmod(a+"/f", 0o644) }, "f:c"},
		{"chmod-dir", func(a, _ string) error { return unix.Chmod(a+"/d", 0o700) }, "d:c"},
		{"chown", func(a, _ string) error { return unix.Chown(a+"/f", 5, 5) }, "f:c"},
		{"setxattr", func(a, _ string) error { return unix.Setxattr(a+"/f", "user.a", []byte("1"), 0) }, "f:c"},
		{"setxattr-dir", func(a, _ string) error { return unix.Setxattr(a+"/d", "user.a", []byte("1"), 0) }, "d:c"},
		{"utimens-mtime", func(a, _ string) error {
			return unix.UtimesNanoAt(unix.AT_FDCWD, a+"/f", []unix.Timespec{{Nsec: unix.UTIME_OMIT}, {Sec: 5}}, 0)
		}, "f:mc"},
		{"utimens-atime", func(a, _ string) error {
			return unix.UtimesNanoAt(unix.AT_FDCWD, a+"/f", []unix.Timespec{{Sec: 5}, {Nsec: unix.UTIME_OMIT}}, 0)
		}, "f:c"},
		{"truncate", func(a, _ string) error { return unix.Truncate(a+"/f", 1) }, "f:mc"},
		{"truncate-same", func(a, _ string) error { return unix.Truncate(a+"/f", 4) }, "f:mc"},
		{"open-trunc", func(a, _ string) error { return opening(a+"/f", unix.O_WRONLY|unix.O_TRUNC, nil) }, "f:mc"},
		{"open-rw", func(a, _ string) error { return opening(a+"/f", unix.O_RDWR, nil) }, ""},
		{"open-create-existing", func(a, _ string) error { return opening(a+"/f", unix.O_RDWR|unix.O_CREAT, nil) }, ""},
		{"write", func(a, _ string) error {
			return opening(a+"/f", unix.O_WRONLY, func(fd int) error { _, err := unix.Write(fd, []byte("w")); return err })
		}, "f:mc"},
		{"write-nothing", func(a, _ string) error {
			return opening(a+"/f", unix.O_WRONLY, func(fd int) error { _, err := unix.Write(fd, nil); return err })
		}, ""},
		{"ftruncate-same", func(a, _ string) error {
			return opening(a+"/f", unix.O_WRONLY, func(fd int) error { return unix.Ftruncate(fd, 4) })
		}, "f:mc"},
		{"fallocate", func(a, _ string) error {
			return opening(a+"/f", unix.O_WRONLY, func(fd int) error { return unix.Fallocate(fd, 0, 0, 8192) })
		}, "f:mc"},
		{"tmpfile", func(a, _ string) error { return opening(a, unix.O_RDWR|unix.O_TMPFILE, nil) }, ""},
		{"tmpfile-linked", func(a, _ string) error {
			return opening(a, unix.O_RDWR|unix.O_TMPFILE, func(fd int) error {
				return unix.Linkat(unix.AT_FDCWD, fmt.Sprintf("/proc/self/fd/%d", fd), unix.AT_FDCWD, a+"/n", unix.AT_SYMLINK_FOLLOW)
			})
		}, "a:mc"},
		{"bind", func(a, _ string) error { return bind(a, "n") }, "a:mc"},
	}
}

func ignore(error) {}

// opening opens a file, does something with the descriptor and closes it.
func opening(path string, flags int, do func(fd int) error) error {
	fd, err := unix.Open(path, flags|unix.O_CLOEXEC, 0o644)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if do == nil {
		return nil
	}
	return do(fd)
}

// timesAndCounts: each operation changes mtime, ctime and link count of
// parents, victims and the moved where it must, and nothing else's.
func timesAndCounts(t *testing.T, a, b string) {
	for i, c := range changes() {
		t.Run(c.name, func(t *testing.T) {
			a, b := fmt.Sprintf("%s/a%d", a, i), fmt.Sprintf("%s/b%d", b, i)
			objects := changeObjects(t, a, b)
			before := map[string]*unix.Stat_t{}
			for _, o := range objects {
				before[o.name] = check.Fstat(t, o.f)
				clockPasses(before[o.name].Ctim)
			}
			check.OK(t, c.do(a, b))
			var got []string
			for _, o := range objects {
				if s := changed(before[o.name], check.Fstat(t, o.f)); s != "" {
					got = append(got, o.name+":"+s)
				}
			}
			want := c.want
			if before["d"].Nlink < 2 || before["e"].Nlink < 2 {
				got, want = withoutDirCounts(got), strings.Join(withoutDirCounts(strings.Fields(want)), " ")
			}
			check.Equal(t, "changed", strings.Join(got, " "), want)
		})
	}
}

// withoutDirCounts cuts off what says how the link counts of the directories
// a, b, d and e changed: btrfs doesn't count them.
func withoutDirCounts(changes []string) []string {
	var out []string
	for _, c := range changes {
		if i := strings.IndexAny(c, "+-"); i > 0 && c[0] <= 'e' {
			c = c[:i]
		}
		out = append(out, c)
	}
	return out
}

type changeObject struct {
	name string
	f    *os.File
}

// changeObjects makes a with the files f and g and the directory d, and b with
// the file v and the directory e, all of them old and open.
func changeObjects(t *testing.T, a, b string) []changeObject {
	t.Helper()
	check.OK(t, os.Mkdir(a, 0o755))
	check.OK(t, os.Mkdir(b, 0o755))
	check.Write(t, a+"/f", "text")
	check.Write(t, a+"/g", "text")
	check.OK(t, os.Mkdir(a+"/d", 0o755))
	check.OK(t, os.Mkdir(b+"/e", 0o755))
	check.Write(t, b+"/v", "text")
	var objects []changeObject
	for _, o := range []string{"a", "b", "d", "e", "f", "g", "v"} {
		path := map[string]string{"a": a, "b": b, "d": a + "/d", "e": b + "/e", "f": a + "/f", "g": a + "/g", "v": b + "/v"}[o]
		old := []unix.Timespec{{Sec: 1000}, {Sec: 1000}}
		check.OK(t, unix.UtimesNanoAt(unix.AT_FDCWD, path, old, 0))
		objects = append(objects, changeObject{o, check.Open(t, path, os.O_RDONLY, 0)})
	}
	return objects
}

func changed(before, after *unix.Stat_t) string {
	s := ""
	if after.Mtim != before.Mtim {
		s += "m"
	}
	if after.Ctim != before.Ctim {
		s += "c"
	}
	if after.Nlink != before.Nlink {
		s += fmt.Sprintf("%+d", int64(after.Nlink)-int64(before.Nlink))
	}
	return s
}

// clockPasses returns when filesystems that look at the clock find it later
// than the time.
func clockPasses(ts unix.Timespec) {
	var now unix.Timespec
	for unix.ClockGettime(unix.CLOCK_REALTIME_COARSE, &now) == nil && now.Nano() <= ts.Nano() {
	}
}
