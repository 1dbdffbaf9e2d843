package placement

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/seamfs/seamfs/backend"
	"golang.org/x/sys/unix"
)

// put writes a file on a backend behind the namespace's back.
func (w *world) put(be int, path, content string) {
	w.Helper()
	if err := os.WriteFile(w.raw(be, path), []byte(content), 0o644); err != nil {
		w.Fatal(err)
	}
}

// lost lists what is in lost+found.
func (w *world) lost() []string { return w.privateLeft(backend.LostFoundDir) }

func TestConflictIdentical(t *testing.T) {
	w := newWorld(t)
	w.put(beV, "f", "same")
	w.put(beD, "f", "same")
	if got, err := w.read("/f"); got != "same" {
		t.Errorf("%q, %v", got, err)
	}
	if got := w.holders("f"); got != "d" || len(w.lost()) > 0 {
		t.Errorf("/f is on %q, lost %v", got, w.lost())
	}
}

func TestConflictDifferent(t *testing.T) {
	w := newWorld(t)
	w.put(beV, "f", "one")
	w.put(beD, "f", "two")
	w.put(beE, "f", "three")
	if got, err := w.read("/f"); got != "two" {
		t.Errorf("%q, %v; want that of the rule's backend", got, err)
	}
	if got := w.holders("f"); got != "d" || w.fs.LostFound() != 2 {
		t.Errorf("/f is on %q, %d lost", got, w.fs.LostFound())
	}
	for be, want := range map[int]string{beV: "one", beE: "three"} {
		got, err := os.ReadFile(w.raw(be, backend.PrivateDir, backend.LostFoundDir, "%2Ff"))
		if string(got) != want {
			t.Errorf("lost on %s: %q, %v", beNames[be], got, err)
		}
	}
}

func TestConflictOfXattrsIsOne(t *testing.T) {
	w := newWorld(t)
	w.put(beV, "f", "same")
	w.put(beD, "f", "same")
	if err := unix.Setxattr(w.raw(beV, "f"), "user.k", []byte("only here"), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := w.read("/f"); err != nil {
		t.Error(err)
	}
	if len(w.lost()) != 1 {
		t.Errorf("an object with an attribute of its own is gone; lost+found holds %v", w.lost())
	}
}

func TestConflictOfTypes(t *testing.T) {
	w := newWorld(t)
	if err := os.Mkdir(w.raw(beV, "f"), 0o755); err != nil {
		t.Fatal(err)
	}
	w.put(beV, "f/inside", "kept")
	w.put(beD, "f", "file")
	if got, err := w.read("/f"); got != "file" {
		t.Errorf("%q, %v", got, err)
	}
	got, err := os.ReadFile(w.raw(beV, backend.PrivateDir, backend.LostFoundDir, "%2Ff", "inside"))
	if string(got) != "kept" {
		t.Errorf("%q, %v, lost %v", got, err, w.lost())
	}
}

func TestConflictIsSeenInListing(t *testing.T) {
	w := newWorld(t)
	w.put(beV, "f", "one")
	w.put(beD, "f", "two")
	seen := w.mustLook() // fails if a name is listed twice
	if e := seen.at["/f"]; e.content != "two" {
		t.Errorf("%+v", e)
	}
}

func TestDirectoriesComeTogetherByPath(t *testing.T) {
	w := newWorld(t)
	for _, be := range []int{beV, beD, beE} {
		if err := os.Mkdir(w.raw(be, "m"), 0o755); err != nil {
			t.Fatal(err)
		}
		w.put(be, filepath.Join("m", beNames[be]), beNames[be])
	}
	seen := w.mustLook()
	for _, p := range []string{"/m/v", "/m/d", "/m/e"} {
		if _, ok := seen.at[p]; !ok {
			t.Errorf("%s is missing", p)
		}
	}
	w.ok(w.rename("/m", "/m2"))
	seen = w.mustLook()
	w.restart()
	w.same(seen)
	if len(w.lost()) > 0 {
		t.Errorf("lost: %v", w.lost())
	}
}

func TestTentativeOfAnotherBootLoses(t *testing.T) {
	// /o/t is on d because e was full; a file of e replaces it, and the power
	// goes before a sync: its data may not be there.
	w := newWorld(t)
	w.ok(w.create("/d/t"), w.rename("/d/t", "/o/t"), w.create("/e/n"))
	w.fs.boot++ // as it will seem after the next boot
	w.ok(w.rename("/e/n", "/o/t"))
	w.restart()
	if got, err := w.read("/o/t"); got != "content of 1" {
		t.Errorf("%q, %v; want the old version", got, err)
	}
}

func TestFsyncMakesTentativeFirm(t *testing.T) {
	w := newWorld(t)
	w.ok(w.create("/d/t"), w.rename("/d/t", "/o/t"), w.create("/e/n"))
	w.fs.boot++
	w.ok(w.rename("/e/n", "/o/t"))
	w.ok(w.on("/o/t", func(n *Node) error { return w.fs.Fsync(t.Context(), n, nil, false) }))
	w.restart()
	if got, err := w.read("/o/t"); got != "content of 2" || len(w.lost()) > 0 {
		t.Errorf("%q, %v, lost %v; want the new version", got, err, w.lost())
	}
}

func TestLiteralDevice(t *testing.T) {
	w := newWorld(t)
	w.ok(w.mknod("/c", unix.S_IFCHR|0o600, 0), w.mkdir("/m"), w.create("/v/f"), w.rename("/v/f", "/m/f"), w.mknod("/m/c", unix.S_IFCHR|0o600, 0))
	seen := w.mustLook()
	if seen.at["/c"].mode != unix.S_IFCHR|0o600 || seen.at["/m/c"].mode != unix.S_IFCHR|0o600 {
		t.Errorf("%+v", seen.at)
	}
	w.restart()
	w.same(seen)
	w.ok(w.rename("/c", "/v/c"), w.settleAll(), w.unlink("/v/c"))
}
