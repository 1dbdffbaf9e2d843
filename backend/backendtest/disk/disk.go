// Package disk makes real filesystems for tests: in files, on loop devices,
// unmounted when the test ends, also when it fails.
package disk

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"
)

// Sizes that the filesystems' mkfs accept, with room for small tests.
const (
	Ext4Size  = 64 << 20
	XFSSize   = 320 << 20
	BtrfsSize = 256 << 20
	TmpfsSize = 128 << 20
)

// Types are the filesystems that backends are tested on.
func Types() []string { return []string{"tmpfs", "ext4", "xfs", "btrfs"} }

// Root skips the test if it can't mount anything.
func Root(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("not root: can't mount filesystems")
	}
}

// New makes a filesystem of the given type and returns where it is mounted.
// size 0 is the smallest useful one. mkfsArgs go to mkfs, for tmpfs to mount
// as options. The test is skipped where root or mkfs is missing.
func New(t testing.TB, fstype string, size int64, mkfsArgs ...string) (path string) {
	t.Helper()
	Root(t)
	if size == 0 {
		size = defaultSize(fstype)
	}
	dir := t.TempDir()
	path = filepath.Join(dir, "mnt")
	if err := os.Mkdir(path, 0755); err != nil {
		t.Fatal(err)
	}
	if fstype == "tmpfs" {
		mountTmpfs(t, path, size, mkfsArgs)
	} else {
		image := filepath.Join(dir, "image")
		makeImage(t, image, fstype, size, mkfsArgs)
		run(t, "mount", "-t", fstype, "-o", "loop", image, path)
	}
	t.Cleanup(func() { unmount(t, path) })
	return path
}

func defaultSize(fstype string) int64 {
	switch fstype {
	case "xfs":
		return XFSSize
	case "btrfs":
		return BtrfsSize
	case "tmpfs":
		return TmpfsSize
	}
	return Ext4Size
}

func makeImage(t testing.TB, image, fstype string, size int64, args []string) {
	t.Helper()
	mkfs := "mkfs." + fstype
	if _, err := exec.LookPath(mkfs); err != nil {
		t.Skipf("%s is not installed", mkfs)
	}
	if err := os.WriteFile(image, nil, 0600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(image, size); err != nil {
		t.Fatal(err)
	}
	standard := map[string][]string{
		"ext4":  {"-q", "-F", "-b", "4096"}, // as on a disk; small images get 1024
		"xfs":   {"-q", "-m", "reflink=1"},
		"btrfs": {"-q", "-f"},
	}
	run(t, mkfs, append(append(standard[fstype], args...), image)...)
}

func mountTmpfs(t testing.TB, path string, size int64, options []string) {
	t.Helper()
	args := []string{"-t", "tmpfs", "-o", "mode=0755,inode64,size=" + strconv.FormatInt(size, 10)}
	for _, o := range options {
		args = append(args, "-o", o)
	}
	run(t, "mount", append(args, "tmpfs", path)...)
}

// unmount detaches what is still in use, so that nothing stays behind, but
// calls it a failure.
func unmount(t testing.TB, path string) {
	t.Helper()
	err := unix.Unmount(path, unix.UMOUNT_NOFOLLOW)
	if err == unix.EINVAL {
		return // the test did it
	}
	if err != nil {
		t.Errorf("unmount %s: %v", path, err)
		if err := unix.Unmount(path, unix.MNT_DETACH); err != nil {
			t.Errorf("detach %s: %v", path, err)
		}
	}
}

func run(t testing.TB, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
}
