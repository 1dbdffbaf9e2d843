package move_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/seamfs/seamfs/backend"
	"github.com/seamfs/seamfs/backend/posix"
	"github.com/seamfs/seamfs/placement"
	"github.com/seamfs/seamfs/placement/move"
)

// world is a real namespace of a tmpfs and a directory, without FUSE.
type world struct {
	*testing.T
	scratch, store string // the backends' directories
	backends       []backend.Backend
	fs             *placement.FS
	m              *move.Mover
	opt            move.Options
}

func newWorld(t *testing.T, opt move.Options) *world {
	if os.Geteuid() != 0 {
		t.Skip("needs root to mount a tmpfs")
	}
	w := &world{T: t, opt: opt, scratch: filepath.Join(t.TempDir(), "scratch"), store: t.TempDir()}
	if _, err := posix.MountTmpfs(w.scratch, 64<<20); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(w.scratch, 0); err != nil {
			t.Errorf("unmount scratch: %v", err)
		}
	})
	w.open()
	t.Cleanup(w.close)
	return w
}

func (w *world) open() {
	w.Helper()
	log := slog.New(slog.NewTextHandler(w.Output(), nil))
	w.backends = nil
	for _, c := range []posix.Config{{Name: "scratch", Path: w.scratch}, {Name: "store", Path: w.store}} {
		b, err := posix.Open(c)
		if err != nil {
			w.Fatal(err)
		}
		w.backends = append(w.backends, b)
	}
	fs, err := placement.New(placement.Config{
		Backends: w.backends, Log: log,
		Rules: []placement.Rule{{Prefix: "/", Backends: []int{1}}, {Prefix: "/scratch", Backends: []int{0}}, {Prefix: "/store", Backends: []int{1}}},
	})
	if err != nil {
		w.Fatal(err)
	}
	w.opt.Log = log
	w.fs, w.m = fs, move.New(fs, w.opt)
	fs.SetMover(w.m)
}

func (w *world) close() {
	w.m.Stop()
	if err := w.fs.Close(); err != nil {
		w.Error(err)
	}
	for _, b := range w.backends {
		if err := b.Close(); err != nil {
			w.Error(err)
		}
	}
}

func (w *world) node(path string) *placement.Node {
	w.Helper()
	n, err := w.fs.Resolve(path)
	if err != nil {
		w.Fatalf("%s: %v", path, err)
	}
	w.Cleanup(func() { w.fs.Release(n) })
	return n
}

func (w *world) mkdir(parent *placement.Node, name string) *placement.Node {
	w.Helper()
	var a placement.Attr
	n, err := w.fs.Mkdir(parent, name, 0o755, placement.Caller{}, &a)
	if err != nil {
		w.Fatal(err)
	}
	return n
}

func (w *world) create(parent *placement.Node, name string, data []byte) (*placement.Node, *placement.File) {
	w.Helper()
	var a placement.Attr
	n, f, err := w.fs.Create(parent, name, os.O_RDWR, 0o644, placement.Caller{}, &a)
	if err == nil {
		_, err = f.WriteAt(data, 0, false)
	}
	if err != nil {
		w.Fatal(err)
	}
	return n, f
}

func (w *world) rename(from *placement.Node, name string, to *placement.Node) {
	w.Helper()
	if err := w.fs.Rename(from, name, to, name, 0); err != nil {
		w.Fatal(err)
	}
}

func (w *world) waitSettled(n *placement.Node) {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), time.Minute)
	defer cancel()
	if o, err := w.m.Wait(ctx, n); err != nil || !o.Settled() {
		w.Fatalf("%+v, %v, status %+v", o, err, w.m.Status(n))
	}
}

// onlyIn checks that a path exists on one backend and not on the other.
func (w *world) onlyIn(dir, other, path string) {
	w.Helper()
	if _, err := os.Lstat(filepath.Join(dir, path)); err != nil {
		w.Error(err)
	}
	if _, err := os.Lstat(filepath.Join(other, path)); !os.IsNotExist(err) {
		w.Errorf("%s is on %s too: %v", path, other, err)
	}
}

// makeTree makes a directory in /scratch with count files and a symbolic link.
func (w *world) makeTree(name string, count int) (top *placement.Node) {
	top = w.mkdir(w.node("/scratch"), name)
	sub := w.mkdir(top, "sub")
	for i := range count {
		_, f := w.create(sub, fmt.Sprint(i), fmt.Appendf(nil, "content of %d", i))
		f.Release()
	}
	var a placement.Attr
	if _, err := w.fs.Symlink(sub, "link", "target", placement.Caller{}, &a); err != nil {
		w.Fatal(err)
	}
	return top
}

func (w *world) checkTree(name string, count int) {
	w.Helper()
	w.onlyIn(w.store, w.scratch, "store/"+name)
	for i := range count {
		got, err := os.ReadFile(filepath.Join(w.store, "store", name, "sub", fmt.Sprint(i)))
		if err != nil || string(got) != fmt.Sprintf("content of %d", i) {
			w.Errorf("%d: %q, %v", i, got, err)
		}
	}
	if got, err := os.Readlink(filepath.Join(w.store, "store", name, "sub/link")); got != "target" {
		w.Errorf("link: %q, %v", got, err)
	}
}

func TestTreeComesHome(t *testing.T) {
	w := newWorld(t, move.Options{})
	w.m.Start(t.Context())
	top := w.makeTree("tree", 600)
	id := top.ID()
	w.rename(w.node("/scratch"), "tree", w.node("/store"))
	w.waitSettled(w.node("/store/tree"))
	w.checkTree("tree", 600)
	if got := w.node("/store/tree").ID(); got != id {
		t.Errorf("id %d became %d", id, got)
	}
	if s := w.m.Status(top); s.State != move.Settled || s.Progress != 100 || s.Backend != "store" || s.Path != "/store/tree" {
		t.Errorf("status %+v", s)
	}
	if s := w.m.Summary(); s.Moved != 603 || s.Pending != 0 {
		t.Errorf("summary %+v", s)
	}
}

func TestFsyncMakesDurable(t *testing.T) {
	w := newWorld(t, move.Options{Delay: time.Hour})
	w.m.Start(t.Context())
	n, f := w.create(w.node("/scratch"), "f", []byte("data"))
	defer f.Release()
	w.rename(w.node("/scratch"), "f", w.node("/store"))
	if s := w.m.Status(n); s.State != move.Queued || s.Backend != "scratch" || s.Home != "store" {
		t.Errorf("status %+v", s)
	}
	if err := w.fs.Fsync(t.Context(), n, f, false); err != nil {
		t.Fatal(err)
	}
	w.onlyIn(w.store, w.scratch, "store/f")
	if _, err := f.WriteAt([]byte("more"), 4, false); err != nil {
		t.Error(err)
	}
	if got, err := os.ReadFile(filepath.Join(w.store, "store/f")); string(got) != "datamore" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestFsyncDirMakesTreeDurable(t *testing.T) {
	w := newWorld(t, move.Options{Delay: time.Hour})
	w.m.Start(t.Context())
	w.makeTree("tree", 50)
	w.rename(w.node("/scratch"), "tree", w.node("/store"))
	if err := w.fs.FsyncDir(t.Context(), w.node("/store")); err != nil {
		t.Fatal(err)
	}
	w.checkTree("tree", 50)
}

func TestRestartGoesOn(t *testing.T) {
	w := newWorld(t, move.Options{})
	w.makeTree("tree", 20) // the mover hasn't been started
	w.rename(w.node("/scratch"), "tree", w.node("/store"))
	w.close()
	w.open()
	w.m.Start(t.Context())
	w.waitSettled(w.fs.Root())
	w.checkTree("tree", 20)
}

func TestWritesDuringMove(t *testing.T) {
	w := newWorld(t, move.Options{Rate: 16 << 20, BatchBytes: 4 << 20})
	w.m.Start(t.Context())
	want := bytes.Repeat([]byte("before! "), 1<<20)
	n, f := w.create(w.node("/scratch"), "f", want)
	defer f.Release()
	w.rename(w.node("/scratch"), "f", w.node("/store"))
	overlapped := 0
	deadline := time.Now().Add(time.Minute)
	for i := 0; ; i++ {
		s := w.m.Status(n)
		state := s.State
		if time.Now().After(deadline) {
			t.Fatalf("doesn't settle: %+v", s)
		}
		off := i * 7919 % (256 << 10) // a writer that the copy can catch up with
		piece := fmt.Appendf(nil, "<%d>", i)
		copy(want[off:], piece)
		if _, err := f.WriteAt(want[off:off+len(piece)], int64(off), false); err != nil {
			t.Fatal(err)
		}
		if state == move.Copying {
			overlapped++
		}
		if state == move.Settled {
			break
		}
	}
	if overlapped == 0 {
		t.Error("no write came during the copy")
	}
	w.waitSettled(n)
	w.onlyIn(w.store, w.scratch, "store/f")
	if got, err := os.ReadFile(filepath.Join(w.store, "store/f")); err != nil || !bytes.Equal(got, want) {
		t.Errorf("content differs, %v", err)
	}
}

func TestNoSpaceParks(t *testing.T) {
	w := newWorld(t, move.Options{})
	w.m.Start(t.Context())
	// From the disk to the tmpfs, which has 64 MiB.
	data := make([]byte, 1<<20)
	for i := range data {
		data[i] = byte(i)
	}
	n, f := w.create(w.node("/store"), "big", data)
	defer f.Release()
	for i := 1; i < 80; i++ {
		if _, err := f.WriteAt(data, int64(i)<<20, false); err != nil {
			t.Fatal(err)
		}
	}
	err := w.fs.Rename(w.node("/store"), "big", w.node("/scratch"), "big", 0)
	if err == syscall.ENOSPC {
		w.onlyIn(w.store, w.scratch, "store/big") // refused at once, nothing changed
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	o, err := w.m.Wait(ctx, n)
	if s := w.m.Status(n); err != nil || o.Left != 1 || s.State != move.Parked || s.Error == "" {
		t.Errorf("%+v, %v, status %+v", o, err, s)
	}
	w.onlyIn(w.store, w.scratch, "scratch/big")
}
