package cases

import (
	"os"
	"testing"

	"github.com/seamfs/seamfs/tests/check"
	"golang.org/x/sys/unix"
)

var killprivCases = []Case{
	{"SuidStrippedOnChange", suidStrippedOnChange},
	{"SuidStrippedOnOpenTruncate", suidStrippedOnOpenTruncate},
	{"SuidKeptForRoot", suidKeptForRoot},
}

// suidStrippedOnChange: each way in which a user changes a file's content
// drops suid and sgid.
func suidStrippedOnChange(t *testing.T, mnt string) {
	changes := map[string]func(f *os.File) error{
		"write":    func(f *os.File) error { _, err := f.WriteString("x"); return err },
		"pwrite":   func(f *os.File) error { _, err := f.WriteAt([]byte("x"), 3); return err },
		"truncate": func(f *os.File) error { return f.Truncate(100) },
		"allocate": func(f *os.File) error { return unix.Fallocate(int(f.Fd()), 0, 0, 8192) },
		"punch": func(f *os.File) error {
			return unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, 0, 4096)
		},
	}
	for name, change := range changes {
		p := mnt + "/" + name
		check.Write(t, p, "content")
		check.OK(t, unix.Chmod(p, 0o6777))
		check.AsUser(t, 1000, 1000, nil, func() {
			f, err := os.OpenFile(p, os.O_RDWR, 0)
			check.OK(t, err)
			defer f.Close()
			check.OK(t, change(f))
		})
		check.Equal(t, "mode after "+name, check.Lstat(t, p).Mode&0o7777, 0o777)
	}
}

func suidStrippedOnOpenTruncate(t *testing.T, mnt string) {
	check.Write(t, mnt+"/f", "content")
	check.OK(t, unix.Chmod(mnt+"/f", 0o6777))
	check.AsUser(t, 1000, 1000, nil, func() {
		f, err := os.OpenFile(mnt+"/f", os.O_WRONLY|os.O_TRUNC, 0)
		check.OK(t, err)
		check.OK(t, f.Close())
	})
	check.Equal(t, "mode after O_TRUNC", check.Lstat(t, mnt+"/f").Mode&0o7777, 0o777)
}

func suidKeptForRoot(t *testing.T, mnt string) {
	check.Write(t, mnt+"/f", "content")
	check.OK(t, unix.Chmod(mnt+"/f", 0o4755))
	f := check.Open(t, mnt+"/f", os.O_RDONLY, 0)
	_, err := f.Read(make([]byte, 4))
	check.OK(t, err)
	check.Equal(t, "mode after a read", check.Lstat(t, mnt+"/f").Mode&0o7777, 0o4755)
	// A sgid bit without group execution means mandatory locking, not
	// privilege: it stays.
	check.Write(t, mnt+"/g", "content")
	check.OK(t, unix.Chmod(mnt+"/g", 0o2644))
	check.OK(t, os.Chown(mnt+"/g", 1000, 1000))
	check.Equal(t, "mode of sgid without x after chown", check.Lstat(t, mnt+"/g").Mode&0o7777, 0o2644)
}
