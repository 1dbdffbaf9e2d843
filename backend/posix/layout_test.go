package posix

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seamfs/seamfs/backend"
	"github.com/seamfs/seamfs/backend/backendtest/disk"
	"golang.org/x/sys/unix"
)

func mustRun(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
}

func TestCheckLayout(t *testing.T) {
	root := t.TempDir()
	for _, dir := range []string{"mnt", "mnt/below", "a", "a/below", "ab"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join(root, "a"), filepath.Join(root, "link")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "file"), nil, 0644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, mnt, a, b string
		want            error
	}{
		{"apart", "mnt", "a", "ab", nil},
		{"identical", "mnt", "a", "a", backend.ErrNested},
		{"nested", "mnt", "a", "a/below", backend.ErrNested},
		{"nested the other way", "mnt", "a/below", "a", backend.ErrNested},
		{"by a symbolic link", "mnt", "link/below", "a", backend.ErrNested},
		{"mountpoint is a backend", "mnt", "a", "mnt", backend.ErrNested},
		{"backend in the mountpoint", "mnt", "a", "mnt/below", backend.ErrNested},
		{"mountpoint in a backend", "a/below", "a", "ab", backend.ErrNested},
		{"missing", "mnt", "a", "c", backend.ErrMissing},
		{"no mountpoint", "c", "a", "ab", backend.ErrMissing},
		{"file", "mnt", "a", "file", backend.ErrNotDir},
	} {
		t.Run(c.name, func(t *testing.T) {
			layout(t, filepath.Join(root, c.mnt), filepath.Join(root, c.a), filepath.Join(root, c.b), c.want)
		})
	}
}

func layout(t *testing.T, mnt, a, b string, want error) {
	t.Helper()
	err := CheckLayout(mnt, map[string]string{"a": a, "b": b})
	if !errors.Is(err, want) || (want == nil) != (err == nil) {
		t.Fatalf("got error %v, want %v", err, want)
	}
	if err != nil && strings.Contains(err.Error(), "\n") {
		t.Fatalf("more than one line: %q", err)
	}
}

// TestCheckLayoutBind: bind mounts hide what lies in what, from above and from
// below.
func TestCheckLayoutBind(t *testing.T) {
	disk.Root(t)
	root := t.TempDir()
	for _, dir := range []string{"mnt", "a/below/deep", "bound", "apart", "c"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0755); err != nil {
			t.Fatal(err)
		}
	}
	at := func(name string) string { return filepath.Join(root, name) }
	mountOn(t, at("a/below"), at("bound"), "", unix.MS_BIND)
	layout(t, at("mnt"), at("a"), at("bound"), backend.ErrNested)
	layout(t, at("mnt"), at("a"), at("bound/deep"), backend.ErrNested)
	layout(t, at("mnt"), at("a/below/deep"), at("bound"), backend.ErrNested)
	layout(t, at("mnt"), at("a/below"), at("bound"), backend.ErrNested)
	layout(t, at("bound/deep"), at("a"), at("c"), backend.ErrNested)
	layout(t, at("mnt"), at("apart"), at("bound"), nil)
}
