// Package backendtest holds what tests of and with backends share: a suite
// that every backend passes ([Run]), and a double that fails or blocks on
// demand ([Faulty]). Package disk below it makes real filesystems.
package backendtest

import (
	"errors"
	"os"
	"syscall"
	"testing"

	"github.com/seamfs/seamfs/backend"
)

// Run runs the suite. open gives each case an empty backend of its own, and
// closes it with t.Cleanup.
func Run(t *testing.T, open func(t *testing.T) backend.Backend) {
	cases := []struct {
		name string
		run  func(t *testing.T, b backend.Backend)
	}{
		{"Props", testProps},
		{"Private", testPrivate},
		{"Statfs", testStatfs},
		{"Stamped", testStamped},
		{"Names", testNames},
		{"Stat", testStat},
		{"StatSelf", testStatSelf},
		{"Birth", testBirth},
		{"OpenFile", testOpenFile},
		{"OpenFileTypes", testOpenFileTypes},
		{"OpenUnlinked", testOpenUnlinked},
		{"Create", testCreate},
		{"CreateAs", testCreateAs},
		{"CreateSetgid", testCreateSetgid},
		{"CreateDefaultACL", testCreateDefaultACL},
		{"Mkdir", testMkdir},
		{"Mknod", testMknod},
		{"Symlink", testSymlink},
		{"Link", testLink},
		{"LinkSelf", testLinkSelf},
		{"Unlink", testUnlink},
		{"Rmdir", testRmdir},
		{"Rename", testRename},
		{"RenameFlags", testRenameFlags},
		{"Whiteout", testWhiteout},
		{"SetAttr", testSetAttr},
		{"SetAttrOrder", testSetAttrOrder},
		{"SetAttrSymlink", testSetAttrSymlink},
		{"Xattr", testXattr},
		{"XattrSelf", testXattrSelf},
		{"XattrSymlink", testXattrSymlink},
		{"Flags", testFlags},
		{"FlagsErrors", testFlagsErrors},
		{"AppendOnly", testAppendOnly},
		{"Immutable", testImmutable},
		{"ReadDir", testReadDir},
		{"ReadDirError", testReadDirError},
		{"SyncDir", testSyncDir},
		{"ReadWrite", testReadWrite},
		{"FileAttr", testFileAttr},
		{"FileXattr", testFileXattr},
		{"FileRef", testFileRef},
		{"Fallocate", testFallocate},
		{"Seek", testSeek},
		{"Sync", testSync},
		{"Clone", testClone},
		{"CloneRange", testCloneRange},
		{"CopyRange", testCopyRange},
		{"CopyRangeOverlap", testCopyRangeOverlap},
		{"Parallel", testParallel},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.run(t, open(t)) })
	}
}

// ok ends the test on an error.
func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// fails checks that an error is, or wraps, want.
func fails(t *testing.T, err error, want syscall.Errno) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got error %v, want %v", err, want)
	}
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Fatalf("%s: got %v, want %v", what, got, want)
	}
}

func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("not root")
	}
}

func self() backend.Cred {
	return backend.Cred{UID: uint32(os.Geteuid()), GID: uint32(os.Getegid())}
}

// write makes a file with this content.
func write(t *testing.T, dir backend.Ref, name, content string) {
	t.Helper()
	f := create(t, dir, name)
	_, err := f.WriteAt([]byte(content), 0)
	ok(t, err)
}

// create makes a file that is open until the test ends.
func create(t *testing.T, dir backend.Ref, name string) backend.File {
	t.Helper()
	f, err := dir.Create(name, syscall.O_RDWR, 0644, self())
	ok(t, err)
	t.Cleanup(func() { ok(t, f.Close()) })
	return f
}

// read returns the content of a file.
func read(t *testing.T, dir backend.Ref, name string) string {
	t.Helper()
	f := open(t, dir, name, syscall.O_RDONLY)
	return readAll(t, f)
}

func readAll(t *testing.T, f backend.File) string {
	t.Helper()
	var a backend.Attr
	ok(t, f.Stat(&a))
	buf := make([]byte, a.Size+1)
	n, err := f.ReadAt(buf, 0)
	ok(t, err)
	return string(buf[:n])
}

func open(t *testing.T, dir backend.Ref, name string, flags int) backend.File {
	t.Helper()
	f, err := dir.OpenFile(name, flags)
	ok(t, err)
	t.Cleanup(func() { ok(t, f.Close()) })
	return f
}

func openRef(t *testing.T, dir backend.Ref, name string) backend.Ref {
	t.Helper()
	r, err := dir.OpenRef(name)
	ok(t, err)
	t.Cleanup(func() { ok(t, r.Close()) })
	return r
}

func mkdir(t *testing.T, dir backend.Ref, name string) backend.Ref {
	t.Helper()
	ok(t, dir.Mkdir(name, 0755, self()))
	return openRef(t, dir, name)
}

func stat(t *testing.T, dir backend.Ref, name string) backend.Attr {
	t.Helper()
	var a backend.Attr
	ok(t, dir.Stat(name, &a))
	return a
}

func ptr[T any](v T) *T { return &v }
