package backend_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/seamfs/seamfs/backend"
	"github.com/seamfs/seamfs/backend/backendtest"
	"github.com/seamfs/seamfs/backend/backendtest/disk"
	"golang.org/x/sys/unix"
)

func TestCanRename(t *testing.T) {
	everyPair(t, func(t *testing.T, src, dst backend.Backend) {
		p := backend.NewPair(src, dst)
		sameDisk := filepath.Dir(src.Props().Path) == filepath.Dir(dst.Props().Path)
		if p.SameFilesystem() != sameDisk {
			t.Errorf("same filesystem: got %v, want %v", p.SameFilesystem(), sameDisk)
		}
		subvolumes := src.Props().FSType == "btrfs" && src != dst
		for range 2 {
			can, err := p.CanRename()
			if err != nil || can != (sameDisk && !subvolumes) {
				t.Errorf("rename: got %v, %v", can, err)
			}
		}
		for _, b := range []backend.Backend{src, dst} {
			ok(t, b.Private(backend.StageDir).ReadDir(func(name string, _ uint8, _ uint64) error {
				t.Errorf("left in stage: %s", name)
				return nil
			}))
		}
	})
}

// TestCanRenameBind: the kernel refuses a rename between two mounts of one
// filesystem, and they share its space.
func TestCanRenameBind(t *testing.T) {
	mnt := disk.New(t, "ext4", 0)
	bound := filepath.Join(t.TempDir(), "bound")
	for _, dir := range []string{filepath.Join(mnt, "b"), bound} {
		ok(t, os.Mkdir(dir, 0755))
	}
	ok(t, unix.Mount(filepath.Join(mnt, "b"), bound, "", unix.MS_BIND, ""))
	t.Cleanup(func() { ok(t, unix.Unmount(bound, unix.UMOUNT_NOFOLLOW)) })
	p := backend.NewPair(openAt(t, filepath.Join(mnt, "a")), openAt(t, bound))
	can, err := p.CanRename()
	if err != nil || can || !p.SameFilesystem() {
		t.Fatalf("rename %v, %v; same filesystem %v", can, err, p.SameFilesystem())
	}
}

// TestCanRenameFails: what could not be found out is tried again.
func TestCanRenameFails(t *testing.T) {
	dir := t.TempDir()
	failing := true
	src := backendtest.NewFaulty(openAt(t, filepath.Join(dir, "a")), func(op, _ string) error {
		if failing && op == "Ref.Create" {
			return syscall.ENOSPC
		}
		return nil
	})
	inner := openAt(t, filepath.Join(dir, "b"))
	p := backend.NewPair(src, backendtest.NewFaulty(inner, func(string, string) error { return nil }))
	if can, err := p.CanRename(); can || !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("got %v, %v", can, err)
	}
	failing = false
	if can, err := p.CanRename(); !can || err != nil {
		t.Fatalf("got %v, %v", can, err)
	}
}

// TestNoReflinkOnce: a pair that can't is asked once.
func TestNoReflinkOnce(t *testing.T) {
	var clones int
	inner := openAt(t, filepath.Join(disk.New(t, "btrfs", 0), "b"))
	b := backendtest.NewFaulty(inner, func(op, _ string) error {
		if op == "File.Clone" {
			clones++
			return backend.ErrNoReflink
		}
		return nil
	})
	from, to := create(t, b.Root(), "from"), create(t, b.Root(), "to")
	sparse(t, from)
	p := backend.NewPair(b, b)
	for range 3 {
		ok(t, p.CopyData(t.Context(), to, from, sparseSize, nil))
	}
	if clones != 1 || p.CanReflink() {
		t.Fatalf("%d clones, can reflink %v", clones, p.CanReflink())
	}
	same(t, to, from)
}

// TestHandleBirth: what is foretold for a rename to another backend comes true.
func TestHandleBirth(t *testing.T) {
	everyPair(t, func(t *testing.T, src, dst backend.Backend) {
		if can, err := backend.NewPair(src, dst).CanRename(); err != nil || !can {
			t.Skip("no rename between these")
		}
		ok(t, src.Root().Mkdir("object", 0755, backend.Cred{}))
		want, err := src.Root().(backend.HandleBirther).HandleBirth("object", dst.Props().UUID)
		ok(t, err)
		ok(t, src.Root().Rename("object", dst.Root(), "renamed", 0))
		got, err := dst.Root().Birth("renamed")
		ok(t, err)
		ok(t, dst.Root().Rmdir("renamed"))
		if got != want {
			t.Fatalf("foretold %x, got %x", want, got)
		}
	})
}
