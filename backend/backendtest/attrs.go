package backendtest

import (
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/seamfs/seamfs/backend"
	"golang.org/x/sys/unix"
)

func testSetAttr(t *testing.T, b backend.Backend) {
	r := b.Root()
	write(t, r, "file", "12345")
	ref := openRef(t, r, "file")
	for i, set := range []func(s *backend.SetAttr) error{
		func(s *backend.SetAttr) error { return r.SetAttr("file", s) },
		func(s *backend.SetAttr) error { return ref.SetAttr("", s) },
	} {
		mtime := backend.Time{Sec: 1e9 + int64(i), Nsec: 123456789}
		before := stat(t, r, "file")
		ok(t, set(&backend.SetAttr{Mtime: &mtime}))
		equal(t, "mtime", stat(t, r, "file").Mtime, mtime)
		equal(t, "atime", stat(t, r, "file").Atime, before.Atime)
		ok(t, set(&backend.SetAttr{Atime: &backend.Time{Sec: 5, Nsec: 6}}))
		equal(t, "atime", stat(t, r, "file").Atime, backend.Time{Sec: 5, Nsec: 6})
		equal(t, "mtime", stat(t, r, "file").Mtime, mtime)
		ok(t, set(&backend.SetAttr{Mtime: &backend.Time{Nsec: backend.NsecNow}}))
		if stat(t, r, "file").Mtime.Sec < before.Ctime.Sec {
			t.Fatal("mtime isn't now")
		}
		ok(t, set(&backend.SetAttr{Mode: ptr(uint32(0604))}))
		equal(t, "mode", stat(t, r, "file").Mode, syscall.S_IFREG|0604)
		ok(t, set(&backend.SetAttr{Size: ptr(int64(3 + i))}))
		equal(t, "size", stat(t, r, "file").Size, int64(3+i))
		ok(t, set(&backend.SetAttr{}))
	}
	equal(t, "content", read(t, r, "file"), "123\x00")
	fails(t, r.SetAttr("file", &backend.SetAttr{Size: ptr(int64(-1))}), syscall.EINVAL)
	ok(t, r.Mkdir("dir", 0755, self()))
	fails(t, r.SetAttr("dir", &backend.SetAttr{Size: ptr(int64(0))}), syscall.EISDIR)
	fails(t, r.SetAttr("missing", &backend.SetAttr{Mode: ptr(uint32(0))}), syscall.ENOENT)
	ok(t, openRef(t, r, "dir").SetAttr("", &backend.SetAttr{Mode: ptr(uint32(03711))}))
	equal(t, "mode", stat(t, r, "dir").Mode, syscall.S_IFDIR|03711)
}

// testSetAttrOrder: all at once gives what was asked, though a change of size
// or owner takes setuid away and one of the size changes the mtime.
func testSetAttrOrder(t *testing.T, b backend.Backend) {
	needRoot(t)
	r := b.Root()
	write(t, r, "file", "12345")
	f := open(t, r, "file", syscall.O_RDWR)
	for i, set := range []func(s *backend.SetAttr) error{
		func(s *backend.SetAttr) error { return r.SetAttr("file", s) }, f.SetAttr,
	} {
		mtime := backend.Time{Sec: 1000, Nsec: uint32(i)}
		ok(t, set(&backend.SetAttr{
			Size: ptr(int64(2 - i)), UID: ptr(uint32(11)), GID: ptr(uint32(22)), Mode: ptr(uint32(06755)), Mtime: &mtime,
		}))
		a := stat(t, r, "file")
		equal(t, "size", a.Size, int64(2-i))
		equal(t, "owner", backend.Cred{UID: a.UID, GID: a.GID}, backend.Cred{UID: 11, GID: 22})
		equal(t, "mode", a.Mode, syscall.S_IFREG|06755)
		equal(t, "mtime", a.Mtime, mtime)
		ok(t, set(&backend.SetAttr{GID: ptr(uint32(33))}))
		a = stat(t, r, "file")
		equal(t, "owner", backend.Cred{UID: a.UID, GID: a.GID}, backend.Cred{UID: 11, GID: 33})
	}
}

func testSetAttrSymlink(t *testing.T, b backend.Backend) {
	r := b.Root()
	write(t, r, "file", "12345")
	ok(t, r.Symlink("file", "link", self()))
	ref := openRef(t, r, "link")
	before := stat(t, r, "file")
	ok(t, r.SetAttr("link", &backend.SetAttr{Mtime: &backend.Time{Sec: 1}}))
	equal(t, "mtime", stat(t, r, "link").Mtime, backend.Time{Sec: 1})
	ok(t, ref.SetAttr("", &backend.SetAttr{Mtime: &backend.Time{Sec: 2}}))
	equal(t, "mtime", stat(t, r, "link").Mtime, backend.Time{Sec: 2})
	fails(t, r.SetAttr("link", &backend.SetAttr{Mode: ptr(uint32(0600))}), syscall.EOPNOTSUPP)
	fails(t, ref.SetAttr("", &backend.SetAttr{Mode: ptr(uint32(0600))}), syscall.EOPNOTSUPP)
	fails(t, r.SetAttr("link", &backend.SetAttr{Size: ptr(int64(0))}), syscall.ELOOP)
	equal(t, "the file", stat(t, r, "file"), before)
}

// xattrs are the same calls on an object named in different ways.
type xattrs struct {
	get    func(attr string, dst []byte) (int, error)
	set    func(attr string, value []byte, flags int) error
	list   func(dst []byte) (int, error)
	remove func(attr string) error
}

func refXattrs(r backend.Ref, name string) xattrs {
	return xattrs{
		get:    func(attr string, dst []byte) (int, error) { return r.GetXattr(name, attr, dst) },
		set:    func(attr string, value []byte, flags int) error { return r.SetXattr(name, attr, value, flags) },
		list:   func(dst []byte) (int, error) { return r.ListXattr(name, dst) },
		remove: func(attr string) error { return r.RemoveXattr(name, attr) },
	}
}

func needXattr(t *testing.T, b backend.Backend) {
	needRoot(t)
	if !b.Props().Xattr {
		t.Skip("no extended attributes")
	}
}

func testXattr(t *testing.T, b backend.Backend) {
	needXattr(t, b)
	write(t, b.Root(), "file", "")
	checkXattrs(t, refXattrs(b.Root(), "file"), "user.", "trusted.")
	_, err := b.Root().GetXattr("missing", "user.a", nil)
	fails(t, err, syscall.ENOENT)
}

func testXattrSelf(t *testing.T, b backend.Backend) {
	needXattr(t, b)
	write(t, b.Root(), "file", "")
	ref := openRef(t, b.Root(), "file")
	checkXattrs(t, refXattrs(ref, ""), "user.", "trusted.")
	checkXattrs(t, refXattrs(mkdir(t, b.Root(), "dir"), ""), "user.", "trusted.")
	ok(t, b.Root().Unlink("file"))
	checkXattrs(t, refXattrs(ref, ""), "user.", "trusted.")
}

func testXattrSymlink(t *testing.T, b backend.Backend) {
	needXattr(t, b)
	r := b.Root()
	write(t, r, "file", "")
	ok(t, r.Symlink("file", "link", self()))
	ok(t, r.Symlink("nowhere", "broken", self()))
	checkXattrs(t, refXattrs(r, "link"), "trusted.")
	checkXattrs(t, refXattrs(r, "broken"), "trusted.")
	checkXattrs(t, refXattrs(openRef(t, r, "broken"), ""), "trusted.")
	ok(t, r.SetXattr("link", "trusted.a", []byte("1"), 0))
	_, err := r.GetXattr("file", "trusted.a", nil)
	fails(t, err, syscall.ENODATA)
	fails(t, r.SetXattr("link", "user.a", nil, 0), syscall.EPERM)
}

func testFileXattr(t *testing.T, b backend.Backend) {
	needXattr(t, b)
	f := create(t, b.Root(), "file")
	x := xattrs{get: f.GetXattr, set: f.SetXattr, list: f.ListXattr, remove: f.RemoveXattr}
	checkXattrs(t, x, "user.", "trusted.")
}

func checkXattrs(t *testing.T, x xattrs, kinds ...string) {
	t.Helper()
	for _, kind := range kinds {
		attr := kind + "a"
		_, err := x.get(attr, nil)
		fails(t, err, syscall.ENODATA)
		fails(t, x.set(attr, []byte("v"), unix.XATTR_REPLACE), syscall.ENODATA)
		ok(t, x.set(attr, []byte("value"), 0))
		n, err := x.get(attr, nil)
		ok(t, err)
		equal(t, "size of the value", n, 5)
		buf := make([]byte, 64)
		n, err = x.get(attr, buf)
		ok(t, err)
		equal(t, "value", string(buf[:n]), "value")
		_, err = x.get(attr, buf[:4])
		fails(t, err, syscall.ERANGE)
		fails(t, x.set(attr, nil, unix.XATTR_CREATE), syscall.EEXIST)
		ok(t, x.set(kind+"empty", nil, unix.XATTR_CREATE))
		n, err = x.get(kind+"empty", buf)
		ok(t, err)
		equal(t, "size of an empty value", n, 0)
		n, err = x.list(nil)
		ok(t, err)
		_, err = x.list(make([]byte, 1))
		fails(t, err, syscall.ERANGE)
		buf = make([]byte, n)
		n, err = x.list(buf)
		ok(t, err)
		names := strings.Split(strings.TrimSuffix(string(buf[:n]), "\x00"), "\x00")
		if !slices.Contains(names, attr) || !slices.Contains(names, kind+"empty") {
			t.Fatalf("the list %q lacks %q", names, attr)
		}
		ok(t, x.remove(kind+"empty"))
		ok(t, x.remove(attr))
		fails(t, x.remove(attr), syscall.ENODATA)
		fails(t, x.set("", nil, 0), syscall.ERANGE)
	}
	fails(t, x.set("strange.a", nil, 0), syscall.EOPNOTSUPP)
}
