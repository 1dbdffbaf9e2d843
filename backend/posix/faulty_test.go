package posix

import (
	"errors"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/seamfs/seamfs/backend"
	"github.com/seamfs/seamfs/backend/backendtest"
)

// TestFaultyPasses: a double whose hook stays quiet is a backend.
func TestFaultyPasses(t *testing.T) {
	var calls atomic.Int64
	backendtest.Run(t, func(t *testing.T) backend.Backend {
		b := openAt(t, filepath.Join(t.TempDir(), "backend"))
		return backendtest.NewFaulty(b, func(string, string) error { calls.Add(1); return nil })
	})
	if calls.Load() == 0 {
		t.Fatal("the hook was never called")
	}
}

// TestFaultyFails: the hook's error comes in place of the operation.
func TestFaultyFails(t *testing.T) {
	var failing string
	b := backendtest.NewFaulty(openAt(t, t.TempDir()), func(op, name string) error {
		if op+" "+name == failing {
			return syscall.EIO
		}
		return nil
	})
	f, err := b.Root().Create("file", syscall.O_RDWR, 0644, backend.Cred{})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for op, call := range map[string]func() error{
		"Ref.Rename file":   func() error { return b.Root().Rename("file", b.Root(), "new", 0) },
		"File.WriteAt file": func() error { _, err := f.WriteAt([]byte("x"), 0); return err },
		"Backend.SyncFS ":   b.SyncFS,
	} {
		failing = op
		if err := call(); !errors.Is(err, syscall.EIO) {
			t.Errorf("%s: got error %v, want EIO", op, err)
		}
	}
	var a backend.Attr
	if err := b.Root().Stat("file", &a); err != nil || a.Size != 0 {
		t.Errorf("a failed operation changed something: %+v, %v", a, err)
	}
}
