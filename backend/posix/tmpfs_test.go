package posix

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/seamfs/seamfs/backend"
	"github.com/seamfs/seamfs/backend/backendtest/disk"
	"golang.org/x/sys/unix"
)

func TestTmpfs(t *testing.T) {
	disk.Root(t)
	dir := filepath.Join(t.TempDir(), "run", "scratch")
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) }) // if the test fails
	adopted, err := MountTmpfs(dir, 4<<20)
	if err != nil || adopted {
		t.Fatalf("first: adopted %v, %v", adopted, err)
	}
	suid := filepath.Join(dir, "suid")
	if err := os.WriteFile(suid, []byte("x"), 0644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(suid, 0755|os.ModeSetuid); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mknod(filepath.Join(dir, "null"), unix.S_IFCHR|0666, 0x103); err != nil {
		t.Fatal(err)
	}
	for _, size := range []int64{4 << 20, 8 << 20} {
		adopted, err = MountTmpfs(dir, size)
		if err != nil || !adopted {
			t.Fatalf("again: adopted %v, %v", adopted, err)
		}
		var fs unix.Statfs_t
		if err := unix.Statfs(dir, &fs); err != nil || int64(fs.Blocks)*fs.Bsize != size {
			t.Fatalf("size is %d, want %d; %v", int64(fs.Blocks)*fs.Bsize, size, err)
		}
		if fs.Flags&(unix.ST_NOSUID|unix.ST_NODEV) != 0 {
			t.Fatalf("flags %#x", fs.Flags)
		}
		if info, err := os.Stat(suid); err != nil || info.Mode()&os.ModeSetuid == 0 {
			t.Fatalf("the content is lost: %v", err)
		}
	}
	if err := UnmountTmpfs(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Fatalf("still there: %v", err)
	}
	if err := UnmountTmpfs(dir); err != nil {
		t.Fatalf("of nothing: %v", err)
	}
}

func TestTmpfsForeign(t *testing.T) {
	mnt := disk.New(t, "ext4", 0)
	if _, err := MountTmpfs(mnt, 4<<20); !errors.Is(err, backend.ErrForeign) {
		t.Errorf("mount: got error %v, want ErrForeign", err)
	}
	if err := UnmountTmpfs(mnt); !errors.Is(err, backend.ErrForeign) {
		t.Errorf("unmount: got error %v, want ErrForeign", err)
	}
}

func TestTmpfsBusy(t *testing.T) {
	disk.Root(t)
	dir := filepath.Join(t.TempDir(), "scratch")
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	if _, err := MountTmpfs(dir, 4<<20); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(dir, "open"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := UnmountTmpfs(dir); !errors.Is(err, unix.EBUSY) {
		t.Fatalf("got error %v, want EBUSY", err)
	}
}

func TestParseSize(t *testing.T) {
	for text, want := range map[string]int64{
		"4096": 4096, "1048576": 1 << 20, "16K": 16 << 10, "512M": 512 << 20, "512m": 512 << 20, "8G": 8 << 30, "2T": 2 << 40,
	} {
		if got, err := ParseSize(text); err != nil || got != want {
			t.Errorf("%s: got %d, %v", text, got, err)
		}
	}
	half, err := ParseSize("50%")
	if err != nil {
		t.Fatal(err)
	}
	if all, err := ParseSize("100%"); err != nil || half <= 0 || all < 2*half-1 || all > 2*half+1 {
		t.Errorf("50%% is %d, 100%% is %d, %v", half, all, err)
	}
	for _, text := range []string{"", "0", "0G", "1", "-1", "+4096", "1.5G", "8X", "G", "%", "0%", "101%", "8GG", "8 G", "9999999999999G", "9223372036854775808"} {
		if n, err := ParseSize(text); !errors.Is(err, unix.EINVAL) {
			t.Errorf("%q: got %d and error %v, want EINVAL", text, n, err)
		}
	}
}
