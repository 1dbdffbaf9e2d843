package harness

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/seamfs/seamfs/backend/backendtest/disk"
)

// Disk makes a filesystem of the type and size in bytes, mounts it and returns
// the mount point, which other users get to. It is gone at the end of the
// test.
func Disk(t testing.TB, fstype string, size int64, mkfsArgs ...string) string {
	t.Helper()
	Root(t)
	if fstype != "tmpfs" {
		Tool(t, "mkfs."+fstype)
	}
	point := disk.New(t, fstype, size, mkfsArgs...)
	for dir := filepath.Dir(point); dir != root && dir != "/"; dir = filepath.Dir(dir) {
		must(t, os.Chmod(dir, 0o755))
	}
	return point
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
