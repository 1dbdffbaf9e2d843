package backendtest

import (
	"syscall"
	"testing"

	"github.com/seamfs/seamfs/backend"
)

func testStat(t *testing.T, b backend.Backend) {
	r := b.Root()
	write(t, r, "file", "12345")
	a := stat(t, r, "file")
	equal(t, "size", a.Size, 5)
	equal(t, "mode", a.Mode, syscall.S_IFREG|0644)
	equal(t, "links", a.Nlink, 1)
	equal(t, "owner", backend.Cred{UID: a.UID, GID: a.GID}, self())
	if a.Ino == 0 || a.Mtime.Sec == 0 || a.Ctime.Sec == 0 || a.Blksize == 0 {
		t.Fatalf("incomplete: %+v", a)
	}
	ok(t, r.Symlink("file", "link", self()))
	equal(t, "type of a link", stat(t, r, "link").Mode&syscall.S_IFMT, syscall.S_IFLNK)
	fails(t, r.Stat("missing", &a), syscall.ENOENT)
	fails(t, openRef(t, r, "file").Stat("below", &a), syscall.ENOTDIR)
}

// testStatSelf: the object stays reachable when its name goes.
func testStatSelf(t *testing.T, b backend.Backend) {
	r := b.Root()
	write(t, r, "file", "12345")
	ok(t, r.Symlink("file", "link", self()))
	for _, name := range []string{"file", "link"} {
		want := stat(t, r, name)
		ref := openRef(t, r, name)
		equal(t, "attributes of "+name, stat(t, ref, ""), want)
		ok(t, r.Unlink(name))
		got := stat(t, ref, "")
		equal(t, "inode of "+name, got.Ino, want.Ino)
		equal(t, "links of "+name, got.Nlink, 0)
		equal(t, "inode of another reference to "+name, stat(t, openRef(t, ref, ""), "").Ino, want.Ino)
	}
}

func testBirth(t *testing.T, b backend.Backend) {
	r := b.Root()
	seen := make(map[backend.Birth]bool)
	for range 50 { // ext4 takes the same inode number each time
		write(t, r, "file", "")
		birth, err := r.Birth("file")
		ok(t, err)
		if seen[birth] {
			t.Fatal("a birth was used again")
		}
		seen[birth] = true
		ok(t, r.Link("file", r, "other"))
		ok(t, r.Rename("file", r, "renamed", 0))
		for _, name := range []string{"renamed", "other"} {
			again, err := r.Birth(name)
			ok(t, err)
			equal(t, "birth of "+name, again, birth)
			viaRef, err := openRef(t, r, name).Birth("")
			ok(t, err)
			equal(t, "birth by reference", viaRef, birth)
			ok(t, r.Unlink(name))
		}
	}
	_, err := r.Birth("missing")
	fails(t, err, syscall.ENOENT)
	ok(t, r.Symlink("missing", "link", self()))
	_, err = r.Birth("link") // not followed
	ok(t, err)
}

func testOpenFile(t *testing.T, b backend.Backend) {
	r := b.Root()
	write(t, r, "file", "12345")
	f := open(t, r, "file", syscall.O_RDONLY)
	_, err := f.WriteAt([]byte("x"), 0)
	fails(t, err, syscall.EBADF)
	f = open(t, r, "file", syscall.O_WRONLY)
	_, err = f.ReadAt(make([]byte, 1), 0)
	fails(t, err, syscall.EBADF)
	// O_APPEND would make the write go to the end.
	f = open(t, r, "file", syscall.O_RDWR|syscall.O_APPEND|syscall.O_CREAT|syscall.O_EXCL)
	_, err = f.WriteAt([]byte("x"), 0)
	ok(t, err)
	equal(t, "content", readAll(t, f), "x2345")
	open(t, r, "file", syscall.O_WRONLY|syscall.O_TRUNC)
	equal(t, "size after O_TRUNC", stat(t, r, "file").Size, 0)
	_, err = r.OpenFile("missing", syscall.O_RDWR|syscall.O_CREAT)
	fails(t, err, syscall.ENOENT)
}

// testOpenFileTypes: anything but a file is refused, without waiting for the
// other end of a fifo.
func testOpenFileTypes(t *testing.T, b backend.Backend) {
	r := b.Root()
	write(t, r, "file", "12345")
	ok(t, r.Mkdir("dir", 0755, self()))
	ok(t, r.Symlink("file", "link", self()))
	ok(t, r.Mknod("fifo", syscall.S_IFIFO|0644, 0, self()))
	ok(t, r.Mknod("sock", syscall.S_IFSOCK|0644, 0, self()))
	for name, want := range map[string]syscall.Errno{
		"dir": syscall.EISDIR, "link": syscall.ELOOP, "fifo": syscall.ENXIO, "sock": syscall.ENXIO,
	} {
		ref := openRef(t, r, name)
		for _, flags := range []int{syscall.O_RDONLY, syscall.O_WRONLY, syscall.O_RDWR} {
			_, err := r.OpenFile(name, flags)
			fails(t, err, want)
			_, err = ref.OpenFile("", flags)
			fails(t, err, want)
		}
	}
}

func testOpenUnlinked(t *testing.T, b backend.Backend) {
	r := b.Root()
	write(t, r, "file", "12345")
	ref := openRef(t, r, "file")
	ok(t, r.Unlink("file"))
	f := open(t, ref, "", syscall.O_RDWR)
	equal(t, "content", readAll(t, f), "12345")
	_, err := f.WriteAt([]byte("x"), 0)
	ok(t, err)
	equal(t, "content by another descriptor", readAll(t, open(t, ref, "", syscall.O_RDONLY)), "x2345")
}
