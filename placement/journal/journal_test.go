package journal

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/seamfs/seamfs/backend"
	"github.com/seamfs/seamfs/backend/backendtest"
	"github.com/seamfs/seamfs/backend/posix"
	"golang.org/x/sys/unix"
)

// ops notes the operations on the backend, and fails those of one name.
type ops struct {
	seen []string
	fail string
}

func (o *ops) hook(op, name string) error {
	o.seen = append(o.seen, op)
	if op == o.fail {
		return unix.EIO
	}
	return nil
}

// open gives the journal directory of a backend.
func open(t *testing.T) (dir backend.Ref, path string, o *ops) {
	t.Helper()
	root := t.TempDir()
	b, err := posix.Open(posix.Config{Name: "b", Path: root})
	if err != nil {
		t.Fatal(err)
	}
	o = &ops{}
	f := backendtest.NewFaulty(b, o.hook)
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f.Private(backend.JournalDir), filepath.Join(root, backend.PrivateDir, backend.JournalDir), o
}

func intents() []*Intent {
	return []*Intent{
		{Kind: KindRename, Boot: 7, Renames: []Rename{
			{Backend: "aa", From: []byte("a/\xff"), To: []byte("b"), Flags: unix.RENAME_EXCHANGE, Birth: 1<<64 - 1},
			{Backend: "bb", From: []byte("x"), To: []byte("y")},
		}},
		{Kind: KindLinks, Links: &Links{From: "aa", To: "bb", Names: [][]byte{[]byte("a"), []byte("b/c")}, Old: 1, New: 2}},
	}
}

func write(t *testing.T, dir backend.Ref, seq uint64, in *Intent) string {
	t.Helper()
	name, err := Write(dir, seq, in, false)
	if err != nil {
		t.Fatal(err)
	}
	return name
}

func list(t *testing.T, dir backend.Ref) []string {
	t.Helper()
	names, err := List(dir)
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestRoundTrip(t *testing.T) {
	dir, _, _ := open(t)
	for i, in := range intents() {
		name := write(t, dir, uint64(i), in)
		got, err := Read(dir, name)
		if err != nil || !reflect.DeepEqual(got, in) {
			t.Errorf("%+v became %+v, %v", in, got, err)
		}
	}
}

func TestListIsInOrder(t *testing.T) {
	dir, _, _ := open(t)
	want := []string{"i1", "i2", "i9", "i10", "i11", "i100"}
	for _, seq := range []uint64{100, 9, 1, 11, 10, 2} {
		write(t, dir, seq, intents()[0])
	}
	if got := list(t, dir); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	for i, name := range []string{"i9", "i100"} {
		marked, err := MarkDone(dir, name)
		if err != nil || !Done(marked) || Done(name) {
			t.Errorf("%d: %q, %v", i, marked, err)
		}
	}
	if got, want := list(t, dir), []string{"i1", "i2", "d9", "i10", "i11", "d100"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if in, err := Read(dir, "d9"); err != nil || in.Kind != KindRename {
		t.Errorf("one that is done: %+v, %v", in, err)
	}
}

func TestTornIsRemoved(t *testing.T) {
	dir, path, _ := open(t)
	write(t, dir, 1, intents()[0])
	if err := os.WriteFile(filepath.Join(path, "ti2"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := list(t, dir); !slices.Equal(got, []string{"i1"}) {
		t.Errorf("%q", got)
	}
	if _, err := os.Stat(filepath.Join(path, "ti2")); !os.IsNotExist(err) {
		t.Errorf("what was never finished is still there: %v", err)
	}
}

func TestDamaged(t *testing.T) {
	dir, path, _ := open(t)
	name := write(t, dir, 1, intents()[0])
	file := filepath.Join(path, name)
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	damaged := func(what string, b []byte) {
		t.Helper()
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if in, err := Read(dir, name); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %+v, %v", what, in, err)
		}
	}
	for cut := range good {
		damaged("cut", good[:cut])
	}
	for i := range good {
		b := slices.Clone(good)
		b[i] ^= 0x40
		damaged("a bit turned", b)
	}
	if err := os.WriteFile(file, good, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(dir, name); err != nil {
		t.Errorf("as it was: %v", err)
	}
}

func TestSyncOnlyIfAsked(t *testing.T) {
	dir, _, o := open(t)
	write(t, dir, 1, intents()[0])
	if slices.Contains(o.seen, "File.Sync") || slices.Contains(o.seen, "Ref.Sync") {
		t.Errorf("synced: %q", o.seen)
	}
	o.seen = nil
	if _, err := Write(dir, 2, intents()[0], true); err != nil {
		t.Fatal(err)
	}
	file, rename, names := slices.Index(o.seen, "File.Sync"), slices.Index(o.seen, "Ref.Rename"), slices.Index(o.seen, "Ref.Sync")
	if file < 0 || rename < file || names < rename {
		t.Errorf("content, rename, name in the order %d, %d, %d: %q", file, rename, names, o.seen)
	}
}

func TestFailedWriteLeavesNothing(t *testing.T) {
	for _, op := range []string{"Ref.Create", "File.WriteAt", "File.Sync", "Ref.Rename", "Ref.Sync"} {
		dir, path, o := open(t)
		o.fail = op
		if name, err := Write(dir, 1, intents()[0], true); !errors.Is(err, unix.EIO) {
			t.Errorf("%s fails: %q, %v", op, name, err)
		}
		o.fail = ""
		if des, err := os.ReadDir(path); err != nil || len(des) > 0 {
			t.Errorf("%s failed and left %v, %v", op, des, err)
		}
		if got := list(t, dir); len(got) > 0 {
			t.Errorf("%s failed and left %q", op, got)
		}
	}
}
