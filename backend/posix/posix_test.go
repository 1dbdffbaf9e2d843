package posix

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/seamfs/seamfs/backend"
	"github.com/seamfs/seamfs/backend/backendtest"
	"github.com/seamfs/seamfs/backend/backendtest/disk"
)

func TestMain(m *testing.M) {
	if err := PrepareProcess(); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// openAt makes dir, if it is missing, and opens it as a backend until the test
// ends.
func openAt(t testing.TB, dir string) backend.Backend {
	t.Helper()
	if err := os.MkdirAll(dir, 0755); err != nil {
		t.Fatal(err)
	}
	b, err := Open(Config{Name: "test", Path: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// TestSuite runs on every filesystem, in the way of this kernel and in that of
// old ones.
func TestSuite(t *testing.T) {
	for _, fstype := range disk.Types() {
		t.Run(fstype, func(t *testing.T) {
			mnt := disk.New(t, fstype, 0)
			t.Run("new", func(t *testing.T) { suite(t, mnt, func(*posix) {}) })
			t.Run("old", func(t *testing.T) {
				suite(t, mnt, func(b *posix) { b.xattrat, b.fchmodat2 = false, false })
			})
		})
	}
}

// TestSuiteHere runs on the directory for temporary files, where no mount is
// needed.
func TestSuiteHere(t *testing.T) {
	suite(t, t.TempDir(), func(*posix) {})
}

func suite(t *testing.T, mnt string, change func(b *posix)) {
	backendtest.Run(t, func(t *testing.T) backend.Backend {
		dir, err := os.MkdirTemp(mnt, "case")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := os.RemoveAll(dir); err != nil {
				t.Error(err)
			}
		})
		b := openAt(t, filepath.Join(dir, "backend"))
		change(b.(*posix))
		return b
	})
}
