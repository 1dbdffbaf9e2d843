package backendtest

import (
	"syscall"
	"testing"

	"github.com/seamfs/seamfs/backend"
)

func testProps(t *testing.T, b backend.Backend) {
	p := b.Props()
	if p.Name == "" || p.Path == "" || p.FSType == "" || p.NameMax < 100 {
		t.Fatalf("incomplete properties: %+v", *p)
	}
	if p.UUID == (backend.UUID{}) {
		t.Fatal("the UUID is zero")
	}
	if !p.Fresh || !p.Empty {
		t.Fatalf("a new backend is fresh and empty: %+v", *p)
	}
	root := stat(t, b.Root(), "")
	equal(t, "type of the root", root.Mode&syscall.S_IFMT, syscall.S_IFDIR)
}

func testPrivate(t *testing.T, b backend.Backend) {
	for _, dir := range []string{backend.StageDir, backend.JournalDir, backend.LostFoundDir} {
		write(t, b.Private(dir), "file", dir)
		equal(t, "content", read(t, b.Private(dir), "file"), dir)
		ok(t, b.Private(dir).Unlink("file"))
		ok(t, b.Private(dir).ReadDir(func(name string, _ uint8, _ uint64) error {
			t.Errorf("%s isn't empty: %q", dir, name)
			return nil
		}))
	}
	equal(t, "mode of the private directory", stat(t, b.Root(), backend.PrivateDir).Mode&07777, 0700)
	write(t, b.Private(backend.StageDir), "staged", "x")
	ok(t, b.Private(backend.StageDir).Rename("staged", b.Root(), "placed", 0))
	equal(t, "content", read(t, b.Root(), "placed"), "x")
}

func testStatfs(t *testing.T, b backend.Backend) {
	st, err := b.Statfs()
	ok(t, err)
	if st.Bsize == 0 || st.Blocks == 0 || st.Bfree > st.Blocks || st.NameLen < 100 {
		t.Fatalf("implausible: %+v", st)
	}
	ok(t, b.SyncFS())
}

func testStamped(t *testing.T, b backend.Backend) {
	equal(t, "stamped at first", b.Stamped(), false)
	ok(t, b.MarkStamped())
	equal(t, "stamped", b.Stamped(), true)
	ok(t, b.MarkStamped())
}

// testNames: nothing but one component is a name.
func testNames(t *testing.T, b backend.Backend) {
	r := b.Root()
	mkdir(t, r, "d")
	long := string(make([]byte, 0, 300))
	for len(long) < 256 {
		long += "n"
	}
	for _, name := range []string{".", "..", "a/b", "/", "d/", "d/..", "nul\x00", long} {
		want := syscall.EINVAL
		if name == long {
			want = syscall.ENAMETOOLONG
		}
		var a backend.Attr
		fails(t, r.Stat(name, &a), want)
		_, err := r.Birth(name)
		fails(t, err, want)
		_, err = r.OpenRef(name)
		fails(t, err, want)
		_, err = r.OpenFile(name, syscall.O_RDONLY)
		fails(t, err, want)
		_, err = r.Readlink(name)
		fails(t, err, want)
		_, err = r.GetXattr(name, "user.a", nil)
		fails(t, err, want)
		fails(t, r.SetXattr(name, "user.a", nil, 0), want)
		_, err = r.ListXattr(name, nil)
		fails(t, err, want)
		fails(t, r.RemoveXattr(name, "user.a"), want)
		fails(t, r.SetAttr(name, &backend.SetAttr{Mode: ptr(uint32(0700))}), want)
		fails(t, r.Link("d", r, name), want)
		badEntry(t, r, name, want)
	}
	badEntry(t, r, "", syscall.EINVAL)
	ok(t, r.Mkdir(long[:b.Props().NameMax], 0755, self()))
}

// badEntry tries the calls that need the name of an entry.
func badEntry(t *testing.T, r backend.Ref, name string, want syscall.Errno) {
	t.Helper()
	_, err := r.Create(name, syscall.O_RDWR, 0644, self())
	fails(t, err, want)
	fails(t, r.Mkdir(name, 0755, self()), want)
	fails(t, r.Mknod(name, syscall.S_IFIFO|0644, 0, self()), want)
	fails(t, r.Symlink("target", name, self()), want)
	fails(t, r.Unlink(name), want)
	fails(t, r.Rmdir(name), want)
	fails(t, r.Rename(name, r, "new", 0), want)
	fails(t, r.Rename("d", r, name, 0), want)
}
