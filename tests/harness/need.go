package harness

import (
	"os"
	"os/exec"
	"testing"
)

// Tool returns the path of a program the test needs; without it the test is
// skipped, or fails under SEAMFS_REQUIRE=1.
func Tool(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		missing(t, "needs the program "+name)
	}
	return path
}

// Root skips the test, or fails it under SEAMFS_REQUIRE=1, unless it may mount.
func Root(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		missing(t, "needs root: it mounts filesystems")
	}
	if _, err := os.Stat("/dev/fuse"); err != nil {
		missing(t, "needs /dev/fuse")
	}
}

func missing(t testing.TB, why string) {
	t.Helper()
	if os.Getenv("SEAMFS_REQUIRE") == "1" {
		t.Fatal(why)
	}
	t.Skip(why)
}
