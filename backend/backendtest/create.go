package backendtest

import (
	"syscall"
	"testing"

	"github.com/seamfs/seamfs/backend"
)

var someone = backend.Cred{UID: 12345, GID: 23456}

func testCreate(t *testing.T, b backend.Backend) {
	r := b.Root()
	f, err := r.Create("file", syscall.O_RDWR, 0666, self())
	ok(t, err)
	ok(t, f.Close())
	equal(t, "mode: no umask", stat(t, r, "file").Mode, syscall.S_IFREG|0666)
	for _, name := range []string{"file", "dir", "link"} {
		switch name {
		case "dir":
			ok(t, r.Mkdir(name, 0755, self()))
		case "link":
			ok(t, r.Symlink("target", name, self()))
		}
		_, err := r.Create(name, syscall.O_RDWR, 0644, self())
		fails(t, err, syscall.EEXIST)
	}
	f, err = r.Create("suid", syscall.O_RDONLY, 06755, self())
	ok(t, err)
	ok(t, f.Close())
	equal(t, "mode", stat(t, r, "suid").Mode, syscall.S_IFREG|06755)
}

// makers make each type of object as someone.
var makers = map[string]func(r backend.Ref, name string, c backend.Cred) error{
	"file": func(r backend.Ref, name string, c backend.Cred) error {
		f, err := r.Create(name, syscall.O_RDWR, 0666, c)
		if err != nil {
			return err
		}
		return f.Close()
	},
	"dir": func(r backend.Ref, name string, c backend.Cred) error { return r.Mkdir(name, 0777, c) },
	"fifo": func(r backend.Ref, name string, c backend.Cred) error {
		return r.Mknod(name, syscall.S_IFIFO|0666, 0, c)
	},
	"char": func(r backend.Ref, name string, c backend.Cred) error {
		return r.Mknod(name, syscall.S_IFCHR|0666, 0x103, c)
	},
	"symlink": func(r backend.Ref, name string, c backend.Cred) error { return r.Symlink("target", name, c) },
}

// testCreateAs: capabilities survive the change of identity, so that a
// directory of root's takes the object; owner and mode come out as the
// caller's; and the daemon is itself again afterwards.
func testCreateAs(t *testing.T, b backend.Backend) {
	needRoot(t)
	dir := mkdir(t, b.Root(), "dir")
	for name, mk := range makers {
		ok(t, mk(dir, name, someone))
		a := stat(t, dir, name)
		equal(t, "owner of "+name, backend.Cred{UID: a.UID, GID: a.GID}, someone)
		if name != "symlink" {
			equal(t, "permissions of "+name, a.Mode&0666, 0666)
		}
		ok(t, mk(dir, name+"2", self()))
		a = stat(t, dir, name+"2")
		equal(t, "owner of the next "+name, backend.Cred{UID: a.UID, GID: a.GID}, self())
		fails(t, mk(dir, name, someone), syscall.EEXIST)
	}
}

func testCreateSetgid(t *testing.T, b backend.Backend) {
	needRoot(t)
	dir := mkdir(t, b.Root(), "dir")
	ok(t, dir.SetAttr("", &backend.SetAttr{GID: ptr(uint32(777)), Mode: ptr(uint32(02755))}))
	for name, mk := range makers {
		ok(t, mk(dir, name, someone))
		a := stat(t, dir, name)
		equal(t, "owner of "+name, backend.Cred{UID: a.UID, GID: a.GID}, backend.Cred{UID: someone.UID, GID: 777})
		equal(t, "setgid of "+name, a.Mode&syscall.S_ISGID != 0, name == "dir")
	}
}

// defaultACL is u::rwx,u:1:rwx,g::r-x,m::rwx,o::--- in the kernel's format.
var defaultACL = []byte{
	2, 0, 0, 0,
	0x01, 0, 7, 0, 0xff, 0xff, 0xff, 0xff,
	0x02, 0, 7, 0, 1, 0, 0, 0,
	0x04, 0, 5, 0, 0xff, 0xff, 0xff, 0xff,
	0x10, 0, 7, 0, 0xff, 0xff, 0xff, 0xff,
	0x20, 0, 0, 0, 0xff, 0xff, 0xff, 0xff,
}

func testCreateDefaultACL(t *testing.T, b backend.Backend) {
	needRoot(t)
	if !b.Props().ACL {
		t.Skip("no ACLs")
	}
	dir := mkdir(t, b.Root(), "dir")
	ok(t, dir.SetXattr("", "system.posix_acl_default", defaultACL, 0))
	for _, name := range []string{"file", "dir", "fifo"} {
		ok(t, makers[name](dir, name, someone))
		_, err := dir.GetXattr(name, "system.posix_acl_access", nil)
		ok(t, err)
		equal(t, "permissions of others on "+name, stat(t, dir, name).Mode&07, 0)
	}
	n, err := dir.GetXattr("dir", "system.posix_acl_default", nil)
	ok(t, err)
	equal(t, "size of the inherited ACL", n, len(defaultACL))
}

func testMkdir(t *testing.T, b backend.Backend) {
	r := b.Root()
	ok(t, r.Mkdir("dir", 01777, self()))
	equal(t, "mode", stat(t, r, "dir").Mode, syscall.S_IFDIR|01777)
	fails(t, r.Mkdir("dir", 0755, self()), syscall.EEXIST)
	dir := openRef(t, r, "dir")
	ok(t, r.Rmdir("dir"))
	fails(t, dir.Mkdir("below", 0755, self()), syscall.ENOENT)
}

func testMknod(t *testing.T, b backend.Backend) {
	r := b.Root()
	for name, mode := range map[string]uint32{"fifo": syscall.S_IFIFO, "sock": syscall.S_IFSOCK, "file": syscall.S_IFREG} {
		ok(t, r.Mknod(name, mode|0640, 0, self()))
		equal(t, "mode of "+name, stat(t, r, name).Mode, mode|0640)
		fails(t, r.Mknod(name, mode|0640, 0, self()), syscall.EEXIST)
	}
	needRoot(t)
	const rdev = 259<<8 | 0x12345&^0xff<<12 | 0x45 // major 259, minor 0x12345
	ok(t, r.Mknod("block", syscall.S_IFBLK|0600, rdev, self()))
	a := stat(t, r, "block")
	equal(t, "mode", a.Mode, syscall.S_IFBLK|0600)
	equal(t, "device", a.Rdev, rdev)
}

func testSymlink(t *testing.T, b backend.Backend) {
	r := b.Root()
	ok(t, r.Symlink("../some/where", "link", self()))
	target, err := r.Readlink("link")
	ok(t, err)
	equal(t, "target", target, "../some/where")
	equal(t, "size", stat(t, r, "link").Size, int64(len(target)))
	target, err = openRef(t, r, "link").Readlink("")
	ok(t, err)
	equal(t, "target by reference", target, "../some/where")
	fails(t, r.Symlink("x", "link", self()), syscall.EEXIST)
	write(t, r, "file", "")
	_, err = r.Readlink("file")
	fails(t, err, syscall.EINVAL)
	_, err = openRef(t, r, "file").Readlink("")
	fails(t, err, syscall.EINVAL)
	long := make([]byte, 1000)
	for i := range long {
		long[i] = 'l'
	}
	ok(t, r.Symlink(string(long), "long", self()))
	target, err = r.Readlink("long")
	ok(t, err)
	equal(t, "long target", target, string(long))
}
