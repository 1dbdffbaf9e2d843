package posix

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seamfs/seamfs/backend"
	"github.com/seamfs/seamfs/backend/backendtest/disk"
	"golang.org/x/sys/unix"
)

// refuses checks that Open fails with the sentinel, and with an errno and one
// line that names the backend and its path, and leaves the directory as it was.
func refuses(t *testing.T, path string, want error) {
	t.Helper()
	before := listing(t, path)
	for _, probe := range []bool{true, false} {
		b, err := Open(Config{Name: "disk", Path: path, ReadOnlyProbe: probe})
		if err == nil {
			b.Close()
		}
		var errno unix.Errno
		if !errors.Is(err, want) || !errors.As(err, &errno) {
			t.Fatalf("probe %v: got error %v, want %v", probe, err, want)
		}
		text := err.Error()
		if !strings.Contains(text, "disk") || !strings.Contains(text, path) || strings.Contains(text, "\n") {
			t.Fatalf("probe %v: the message doesn't help: %q", probe, text)
		}
		if after := listing(t, path); after != before {
			t.Fatalf("probe %v: before:\n%s\nafter:\n%s", probe, before, after)
		}
	}
}

// listing is everything below a directory, with modes, times and content.
func listing(t *testing.T, root string) string {
	t.Helper()
	var out strings.Builder
	err := filepath.Walk(root, func(path string, info os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		text := ""
		if info.Mode().IsRegular() {
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			text = string(content)
		}
		out.WriteString(strings.Join([]string{path, info.Mode().String(), info.ModTime().String(), text}, " ") + "\n")
		return nil
	})
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return out.String()
}

func TestOpenMissing(t *testing.T) {
	refuses(t, filepath.Join(t.TempDir(), "missing"), backend.ErrMissing)
}

func TestOpenFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, nil, 0644); err != nil {
		t.Fatal(err)
	}
	refuses(t, path, backend.ErrNotDir)
}

func TestOpenBusy(t *testing.T) {
	dir := t.TempDir()
	openAt(t, dir)
	refuses(t, dir, backend.ErrBusy)
}

func TestOpenReadOnly(t *testing.T) {
	mnt := disk.New(t, "tmpfs", 0)
	if err := unix.Mount("", mnt, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	refuses(t, mnt, backend.ErrReadOnly)
}

func TestOpenForeign(t *testing.T) {
	for name, make := range map[string]func(private string) error{
		"file":    func(p string) error { return os.WriteFile(p, nil, 0644) },
		"symlink": func(p string) error { return os.Symlink("/tmp", p) },
		"newer": func(p string) error {
			return marked(p, `{"seamfs_backend":2,"uuid":"000102030405060708090a0b0c0d0e0f"}`)
		},
		"damaged":  func(p string) error { return marked(p, `{"seamfs_ba`) },
		"short":    func(p string) error { return marked(p, `{"seamfs_backend":1,"uuid":"0001"}`) },
		"no value": func(p string) error { return marked(p, `{}`) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := make(filepath.Join(dir, backend.PrivateDir)); err != nil {
				t.Fatal(err)
			}
			refuses(t, dir, backend.ErrForeign)
		})
	}
}

func marked(private, format string) error {
	if err := os.Mkdir(private, 0700); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(private, lockName), nil, 0600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(private, formatName), []byte(format), 0600)
}

// TestOpenFull: what a failed open made is gone again.
func TestOpenFull(t *testing.T) {
	mnt := disk.New(t, "tmpfs", 0, "nr_inodes=6")
	before, err := os.ReadDir(mnt)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Config{Name: "disk", Path: mnt}); !errors.Is(err, unix.ENOSPC) {
		t.Fatalf("got error %v, want ENOSPC", err)
	}
	after, err := os.ReadDir(mnt)
	if err != nil || len(before) != 0 || len(after) != 0 {
		t.Fatalf("before %v, after %v, %v", before, after, err)
	}
}

// TestReopen: identity and stamps outlive a close; freshness doesn't.
func TestReopen(t *testing.T) {
	dir := t.TempDir()
	open := func(probe bool) backend.Backend {
		b, err := Open(Config{Name: "disk", Path: dir, ReadOnlyProbe: probe})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	first := open(false)
	p := *first.Props()
	birth, err := first.Root().Birth("")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(first.MarkStamped(), first.Close()); err != nil {
		t.Fatal(err)
	}
	if !p.Fresh || !p.Empty {
		t.Fatalf("first open: %+v", p)
	}
	for _, probe := range []bool{false, true} {
		b := open(probe)
		q := *b.Props()
		again, err := b.Root().Birth("")
		if err != nil || again != birth {
			t.Errorf("probe %v: birth changed: %v", probe, err)
		}
		if !b.Stamped() || q.Fresh || q.Empty || q.UUID != p.UUID {
			t.Errorf("probe %v: stamped %v, %+v", probe, b.Stamped(), q)
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestFreshNotEmpty(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "something"), 0755); err != nil {
		t.Fatal(err)
	}
	if p := openAt(t, dir).Props(); !p.Fresh || p.Empty {
		t.Fatalf("%+v", *p)
	}
}

// TestProbe changes nothing, and guesses what a real open finds.
func TestProbe(t *testing.T) {
	for _, fstype := range disk.Types() {
		t.Run(fstype, func(t *testing.T) {
			mnt := disk.New(t, fstype, 0)
			before := listing(t, mnt)
			b, err := Open(Config{Name: "test", Path: mnt, ReadOnlyProbe: true})
			if err != nil {
				t.Fatal(err)
			}
			guessed := *b.Props()
			if b.Private(backend.StageDir) != nil {
				t.Error("a private directory where there is none")
			}
			if err := b.MarkStamped(); err != unix.EROFS {
				t.Errorf("mark: got error %v, want EROFS", err)
			}
			if err := b.Close(); err != nil {
				t.Error(err)
			}
			if after := listing(t, mnt); after != before {
				t.Errorf("before:\n%s\nafter:\n%s", before, after)
			}
			found := *openAt(t, mnt).Props()
			guessed.UUID = found.UUID
			if guessed != found {
				t.Errorf("guessed %+v\nfound   %+v", guessed, found)
			}
			if found.Volatile != (fstype == "tmpfs") || found.FSType != fstype || !found.Handles || !found.Xattr || !found.ACL || !found.Holes || !found.Whiteout {
				t.Errorf("wrong: %+v", found)
			}
		})
	}
}
