package backendtest

import (
	"syscall"
	"testing"

	"github.com/seamfs/seamfs/backend"
	"golang.org/x/sys/unix"
)

func testLink(t *testing.T, b backend.Backend) {
	r := b.Root()
	dir := mkdir(t, r, "dir")
	write(t, r, "file", "x")
	ok(t, r.Link("file", dir, "other"))
	equal(t, "inode", stat(t, dir, "other").Ino, stat(t, r, "file").Ino)
	equal(t, "links", stat(t, r, "file").Nlink, 2)
	fails(t, r.Link("file", dir, "other"), syscall.EEXIST)
	fails(t, r.Link("missing", dir, "new"), syscall.ENOENT)
	fails(t, r.Link("dir", r, "new"), syscall.EPERM)
	ok(t, r.Symlink("file", "link", self()))
	ok(t, r.Link("link", r, "link2")) // the link, not what it leads to
	equal(t, "inode", stat(t, r, "link2").Ino, stat(t, r, "link").Ino)
}

func testLinkSelf(t *testing.T, b backend.Backend) {
	r := b.Root()
	write(t, r, "file", "x")
	ref := openRef(t, r, "file")
	ok(t, ref.Link("", r, "other"))
	equal(t, "inode", stat(t, r, "other").Ino, stat(t, ref, "").Ino)
	ok(t, r.Unlink("file"))
	ok(t, r.Unlink("other"))
	fails(t, ref.Link("", r, "again"), syscall.ENOENT)
}

func testUnlink(t *testing.T, b backend.Backend) {
	r := b.Root()
	write(t, r, "file", "x")
	ok(t, r.Mkdir("dir", 0755, self()))
	ok(t, r.Unlink("file"))
	fails(t, r.Unlink("file"), syscall.ENOENT)
	fails(t, r.Unlink("dir"), syscall.EISDIR)
}

func testRmdir(t *testing.T, b backend.Backend) {
	r := b.Root()
	dir := mkdir(t, r, "dir")
	write(t, dir, "file", "x")
	fails(t, r.Rmdir("dir"), syscall.ENOTEMPTY)
	ok(t, dir.Unlink("file"))
	ok(t, r.Rmdir("dir"))
	fails(t, r.Rmdir("dir"), syscall.ENOENT)
	write(t, r, "file", "x")
	fails(t, r.Rmdir("file"), syscall.ENOTDIR)
}

func testRename(t *testing.T, b backend.Backend) {
	r := b.Root()
	dir := mkdir(t, r, "dir")
	write(t, r, "a", "a")
	write(t, dir, "b", "b")
	ok(t, r.Rename("a", dir, "b", 0))
	equal(t, "content", read(t, dir, "b"), "a")
	var a backend.Attr
	fails(t, r.Stat("a", &a), syscall.ENOENT)
	fails(t, r.Rename("a", dir, "b", 0), syscall.ENOENT)
	fails(t, r.Rename("dir", dir, "below", 0), syscall.EINVAL)
	write(t, r, "file", "")
	fails(t, r.Rename("file", r, "dir", 0), syscall.EISDIR)
	fails(t, r.Rename("dir", r, "file", 0), syscall.ENOTDIR)
	mkdir(t, r, "empty")
	ok(t, r.Rename("dir", r, "empty", 0))
	equal(t, "content", read(t, openRef(t, r, "empty"), "b"), "a")
	mkdir(t, r, "empty2")
	fails(t, r.Rename("empty2", r, "empty", 0), syscall.ENOTEMPTY)
}

func testRenameFlags(t *testing.T, b backend.Backend) {
	r := b.Root()
	write(t, r, "a", "a")
	write(t, r, "b", "b")
	fails(t, r.Rename("a", r, "b", unix.RENAME_NOREPLACE), syscall.EEXIST)
	ok(t, r.Rename("a", r, "b", unix.RENAME_EXCHANGE))
	equal(t, "a", read(t, r, "a"), "b")
	equal(t, "b", read(t, r, "b"), "a")
	fails(t, r.Rename("a", r, "missing", unix.RENAME_EXCHANGE), syscall.ENOENT)
	for _, flags := range []uint{8, 1 << 31, unix.RENAME_NOREPLACE | unix.RENAME_EXCHANGE} {
		fails(t, r.Rename("a", r, "b", flags), syscall.EINVAL)
	}
	equal(t, "a", read(t, r, "a"), "b")
	ok(t, r.Rename("a", r, "c", unix.RENAME_NOREPLACE))
}

func testWhiteout(t *testing.T, b backend.Backend) {
	if !b.Props().Whiteout {
		t.Skip("no RENAME_WHITEOUT")
	}
	r := b.Root()
	write(t, r, "a", "a")
	ok(t, r.Rename("a", r, "b", unix.RENAME_WHITEOUT))
	equal(t, "b", read(t, r, "b"), "a")
	a := stat(t, r, "a")
	equal(t, "type", a.Mode&syscall.S_IFMT, syscall.S_IFCHR)
	equal(t, "device", a.Rdev, 0)
}

func testReadDir(t *testing.T, b backend.Backend) {
	dir := mkdir(t, b.Root(), "dir")
	want := make(map[string]uint8)
	for _, prefix := range []string{"short-", "a-name-that-is-so-long-that-a-thousand-of-them-need-several-buffers-"} {
		for i := range 500 {
			name := prefix + string(rune('a'+i%26)) + string(rune('a'+i/26%26)) + string(rune('a'+i/676))
			ok(t, dir.Mknod(name, syscall.S_IFREG|0644, 0, self()))
			want[name] = syscall.DT_REG
		}
	}
	ok(t, dir.Mkdir("d", 0755, self()))
	ok(t, dir.Symlink("x", "l", self()))
	want["d"], want["l"] = syscall.DT_DIR, syscall.DT_LNK
	for range 2 { // always from the beginning
		got := make(map[string]uint8)
		ok(t, dir.ReadDir(func(name string, typ uint8, ino uint64) error {
			if _, twice := got[name]; twice {
				t.Errorf("%q came twice", name)
			}
			got[name] = typ
			if a := stat(t, dir, name); a.Ino != ino {
				t.Errorf("inode of %q: got %d, want %d", name, ino, a.Ino)
			}
			return nil
		}))
		equal(t, "number of entries", len(got), len(want))
		for name, typ := range want {
			equal(t, "type of "+name, got[name], typ)
		}
	}
}

func testReadDirError(t *testing.T, b backend.Backend) {
	r := b.Root()
	write(t, r, "file", "")
	calls := 0
	fails(t, r.ReadDir(func(string, uint8, uint64) error { calls++; return syscall.ECANCELED }), syscall.ECANCELED)
	equal(t, "calls", calls, 1)
	nothing := func(string, uint8, uint64) error { return nil }
	fails(t, openRef(t, r, "file").ReadDir(nothing), syscall.ENOTDIR)
}

func testSyncDir(t *testing.T, b backend.Backend) {
	r := b.Root()
	write(t, r, "file", "")
	ok(t, r.Sync())
	ok(t, mkdir(t, r, "dir").Sync())
	fails(t, openRef(t, r, "file").Sync(), syscall.ENOTDIR)
}
