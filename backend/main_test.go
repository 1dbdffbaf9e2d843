package backend_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/seamfs/seamfs/backend"
	"github.com/seamfs/seamfs/backend/backendtest/disk"
	"github.com/seamfs/seamfs/backend/posix"
)

func TestMain(m *testing.M) {
	if err := posix.PrepareProcess(); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func ptr[T any](v T) *T { return &v }

// openAt makes a directory into a backend until the test ends.
func openAt(t *testing.T, dir string) backend.Backend {
	t.Helper()
	ok(t, os.MkdirAll(dir, 0755))
	b, err := posix.Open(posix.Config{Name: filepath.Base(dir), Path: dir})
	ok(t, err)
	t.Cleanup(func() { ok(t, b.Close()) })
	return b
}

// everyPair runs a test on ordered pairs of backends: each two of four
// filesystems, one with itself, two directories of one filesystem, and two
// subvolumes.
func everyPair(t *testing.T, test func(t *testing.T, src, dst backend.Backend)) {
	var disks []backend.Backend
	for _, fstype := range disk.Types() {
		disks = append(disks, openAt(t, filepath.Join(disk.New(t, fstype, 0), fstype)))
	}
	run := func(src, dst backend.Backend) {
		t.Run(src.Props().Name+" to "+dst.Props().Name, func(t *testing.T) { test(t, src, dst) })
	}
	for _, src := range disks {
		for _, dst := range disks {
			run(src, dst)
		}
		second := filepath.Join(filepath.Dir(src.Props().Path), src.Props().Name+"-2")
		if src.Props().FSType == "btrfs" {
			if out, err := exec.Command("btrfs", "-q", "subvolume", "create", second).CombinedOutput(); err != nil {
				t.Fatalf("make subvolume: %v\n%s", err, out)
			}
		}
		run(src, openAt(t, second))
	}
}

// create makes a file that is open, and has its name, until the test ends.
func create(t *testing.T, dir backend.Ref, name string) backend.File {
	t.Helper()
	f, err := dir.Create(name, syscall.O_RDWR, 0600, backend.Cred{})
	ok(t, err)
	t.Cleanup(func() {
		ok(t, f.Close())
		ok(t, dir.Unlink(name))
	})
	return f
}
