package posix

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/seamfs/seamfs/backend"
	"github.com/seamfs/seamfs/backend/backendtest/disk"
	"golang.org/x/sys/unix"
)

// TestMountPoints: what is mounted below a backend isn't part of it, nor is a
// subvolume.
func TestMountPoints(t *testing.T) {
	mnt := disk.New(t, "btrfs", 0)
	b := openAt(t, mnt)
	mustRun(t, "btrfs", "-q", "subvolume", "create", filepath.Join(mnt, "subvolume"))
	for _, name := range []string{"dir", "tmpfs"} {
		if err := os.Mkdir(filepath.Join(mnt, name), 0755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"file", "bound"} {
		if err := os.WriteFile(filepath.Join(mnt, name), nil, 0644); err != nil {
			t.Fatal(err)
		}
	}
	mountOn(t, "tmpfs", filepath.Join(mnt, "tmpfs"), "tmpfs", 0)
	mountOn(t, filepath.Join(mnt, "file"), filepath.Join(mnt, "bound"), "", unix.MS_BIND)
	mountOn(t, filepath.Join(mnt, "dir"), filepath.Join(mnt, "dir"), "", unix.MS_BIND)
	var a backend.Attr
	for _, name := range []string{"tmpfs", "bound", "dir", "subvolume"} {
		if err := b.Root().Stat(name, &a); err != unix.EXDEV {
			t.Errorf("stat %s: got error %v, want EXDEV", name, err)
		}
		if name == "subvolume" {
			continue // not a mount
		}
		if _, err := b.Root().OpenRef(name); err != unix.EXDEV {
			t.Errorf("open reference to %s: got error %v, want EXDEV", name, err)
		}
		if _, err := b.Root().OpenFile(name, unix.O_RDONLY); err != unix.EXDEV {
			t.Errorf("open %s: got error %v, want EXDEV", name, err)
		}
	}
	if err := b.Root().Stat("file", &a); err != nil {
		t.Error(err)
	}
}

func mountOn(t *testing.T, source, target, fstype string, flags uintptr) {
	t.Helper()
	if err := unix.Mount(source, target, fstype, flags, ""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(target, unix.UMOUNT_NOFOLLOW); err != nil {
			t.Error(err)
		}
	})
}

// TestLease: an open waits until a lease is broken, as open(2) does.
func TestLease(t *testing.T) {
	dir := t.TempDir()
	b := openAt(t, dir)
	path := filepath.Join(dir, "file")
	if err := os.WriteFile(path, []byte("x"), 0644); err != nil {
		t.Fatal(err)
	}
	holder, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Close()
	fd := int(holder.Fd())
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_SETLEASE, unix.F_WRLCK); err != nil {
		t.Skip("no leases: ", err)
	}
	opened := make(chan error)
	go func() {
		f, err := b.Root().OpenFile("file", unix.O_RDWR)
		if err == nil {
			err = f.Close()
		}
		opened <- err
	}()
	for { // a lease that is being broken is told as what it becomes
		kind, err := unix.FcntlInt(uintptr(fd), unix.F_GETLEASE, 0)
		if err != nil {
			t.Fatal(err)
		}
		if kind != unix.F_WRLCK {
			break
		}
		select {
		case err := <-opened:
			t.Fatalf("opened in spite of the lease: %v", err)
		default:
		}
	}
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_SETLEASE, unix.F_UNLCK); err != nil {
		t.Fatal(err)
	}
	if err := <-opened; err != nil {
		t.Fatal(err)
	}
}

// TestAllocations: a lookup leaves nothing to collect.
func TestAllocations(t *testing.T) {
	dir := t.TempDir()
	b := openAt(t, dir)
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0644); err != nil {
		t.Fatal(err)
	}
	r := b.Root()
	var a backend.Attr
	buf := make([]byte, 64)
	for name, f := range map[string]func() error{
		"Stat":          func() error { return r.Stat("file", &a) },
		"Stat self":     func() error { return r.Stat("", &a) },
		"Stat, missing": func() error { _ = r.Stat("missing", &a); return nil },
		"Birth":         func() error { _, err := r.Birth("file"); return err },
		"GetXattr":      func() error { _, _ = r.GetXattr("file", "trusted.seamfs", buf); return nil },
		"Rename":        func() error { return r.Rename("file", r, "file", 0) },
	} {
		if got := testing.AllocsPerRun(100, func() {
			if err := f(); err != nil {
				t.Fatal(err)
			}
		}); got != 0 {
			t.Errorf("%s allocates %v times", name, got)
		}
	}
}

// TestInodeBirth is for filesystems without handles.
func TestInodeBirth(t *testing.T) {
	dir := t.TempDir()
	b := openAt(t, dir)
	b.(*posix).props.Handles = false
	seen := make(map[backend.Birth]bool)
	for _, name := range []string{"a", "b", "c"} {
		if err := b.Root().Mkdir(name, 0755, backend.Cred{}); err != nil {
			t.Fatal(err)
		}
		birth, err := b.Root().Birth(name)
		if err != nil || seen[birth] {
			t.Fatalf("%s: %v, seen before: %v", name, err, seen[birth])
		}
		seen[birth] = true
	}
	if again, err := b.Root().Birth("a"); err != nil || !seen[again] {
		t.Fatalf("the birth changed: %v", err)
	}
}

func BenchmarkStat(b *testing.B) {
	r := openAt(b, b.TempDir()).Root()
	var a backend.Attr
	for b.Loop() {
		_ = r.Stat(backend.PrivateDir, &a)
	}
}

func BenchmarkBirth(b *testing.B) {
	r := openAt(b, b.TempDir()).Root()
	for b.Loop() {
		_, _ = r.Birth(backend.PrivateDir)
	}
}

func BenchmarkMkdirAs(b *testing.B) {
	r := openAt(b, b.TempDir()).Root()
	for b.Loop() {
		_ = r.Mkdir(backend.PrivateDir, 0755, backend.Cred{UID: 1, GID: 1}) // EEXIST
	}
}
