package backendtest

import (
	"errors"
	"syscall"
	"testing"

	"github.com/seamfs/seamfs/backend"
	"golang.org/x/sys/unix"
)

const nodump, unknownFlag = 0x40, 0x4000000

// flagged makes a file and a directory, and skips the test on a filesystem
// without file flags.
func flagged(t *testing.T, b backend.Backend) backend.Ref {
	t.Helper()
	r := b.Root()
	write(t, r, "file", "12345")
	ok(t, r.Mkdir("dir", 0755, self()))
	if _, err := r.Flags("file"); errors.Is(err, syscall.EOPNOTSUPP) {
		t.Skip("no file flags here")
	}
	return r
}

func testFlags(t *testing.T, b backend.Backend) {
	r := flagged(t, b)
	file, dir, f := openRef(t, r, "file"), openRef(t, r, "dir"), open(t, r, "file", syscall.O_RDONLY)
	objects := map[string]struct{ set, other backend.Flagged }{
		"entry":     {backend.FlagsAt(r, "file"), f},
		"self":      {backend.FlagsAt(file, ""), f},
		"open":      {f, backend.FlagsAt(r, "file")},
		"dir entry": {backend.FlagsAt(r, "dir"), backend.FlagsAt(dir, "")},
		"dir self":  {backend.FlagsAt(dir, ""), backend.FlagsAt(r, "dir")},
	}
	for name, o := range objects {
		before, err := o.other.Flags()
		ok(t, err)
		ok(t, o.set.SetFlags(before|nodump))
		after, err := o.other.Flags()
		ok(t, err)
		equal(t, "flags of "+name, after, before|nodump)
		ok(t, o.set.SetFlags(before))
		after, err = o.other.Flags()
		ok(t, err)
		equal(t, "flags of "+name+", reset", after, before)
		fails(t, o.set.SetFlags(before|unknownFlag), syscall.EOPNOTSUPP)
	}
}

func testFlagsErrors(t *testing.T, b backend.Backend) {
	needRoot(t)
	r := flagged(t, b)
	ok(t, r.Symlink("file", "link", self()))
	ok(t, r.Mknod("fifo", unix.S_IFIFO|0600, 0, self()))
	for _, name := range []string{"link", "fifo"} {
		_, err := r.Flags(name)
		fails(t, err, syscall.EOPNOTSUPP)
		fails(t, r.SetFlags(name, nodump), syscall.EOPNOTSUPP)
		_, err = openRef(t, r, name).Flags("")
		fails(t, err, syscall.EOPNOTSUPP)
	}
	_, err := r.Flags("missing")
	fails(t, err, syscall.ENOENT)
}

// testAppendOnly: an append-only file is opened for writing with O_APPEND
// alone, and takes data at its end only.
func testAppendOnly(t *testing.T, b backend.Backend) {
	needRoot(t)
	r := flagged(t, b)
	plain, err := r.Flags("file")
	ok(t, err)
	ok(t, r.SetFlags("file", plain|backend.FlagAppend))
	t.Cleanup(func() { ok(t, r.SetFlags("file", plain)) })
	if stat(t, r, "file").Flags&unix.STATX_ATTR_APPEND == 0 {
		t.Fatal("stat doesn't tell that the file is append-only")
	}
	_, err = r.OpenFile("file", syscall.O_WRONLY)
	fails(t, err, syscall.EPERM)
	f := open(t, r, "file", syscall.O_RDWR|syscall.O_APPEND)
	_, err = f.WriteAt([]byte("x"), 0)
	fails(t, err, syscall.EPERM)
	_, err = f.WriteAt([]byte("67"), 5)
	ok(t, err)
	equal(t, "content", readAll(t, f), "1234567")
	ok(t, r.SetFlags("file", plain))
	_, err = f.WriteAt([]byte("x"), 0)
	ok(t, err)
	equal(t, "content when not append-only any more", readAll(t, f), "x234567")
}

func testImmutable(t *testing.T, b backend.Backend) {
	needRoot(t)
	r := flagged(t, b)
	plain, err := r.Flags("file")
	ok(t, err)
	ok(t, r.SetFlags("file", plain|backend.FlagImmutable))
	t.Cleanup(func() { ok(t, r.SetFlags("file", plain)) })
	if stat(t, r, "file").Flags&unix.STATX_ATTR_IMMUTABLE == 0 {
		t.Fatal("stat doesn't tell that the file is immutable")
	}
	_, err = r.OpenFile("file", syscall.O_WRONLY)
	fails(t, err, syscall.EPERM)
	fails(t, r.Unlink("file"), syscall.EPERM)
	fails(t, r.SetAttr("file", &backend.SetAttr{Mode: ptr(uint32(0600))}), syscall.EPERM)
}
