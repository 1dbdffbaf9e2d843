package placement

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// owner is one user in a storm: only he changes the names that begin with his
// own, so he knows what they hold, whoever else is at work in the same
// directories and whatever moves.
type owner struct {
	w     *world
	rnd   *rand.Rand
	pre   string
	files map[string]*owned // by path
	dirs  map[string]bool
	ops   int
}

// owned is one file, which may have several names.
type owned struct {
	content string
	names   int
	id      uint64
}

var stormDirs = []string{"/v", "/d", "/e", "/s", "", "/v/shared", "/d/shared"}

func (o *owner) newPath() string {
	parents := append([]string{}, stormDirs...)
	for d := range o.dirs {
		parents = append(parents, d)
	}
	slices.Sort(parents)
	return fmt.Sprintf("%s/%s%d", parents[o.rnd.IntN(len(parents))], o.pre, o.rnd.IntN(12))
}

func (o *owner) any() (path string, f *owned) {
	paths := make([]string, 0, len(o.files))
	for p := range o.files {
		paths = append(paths, p)
	}
	if len(paths) == 0 {
		return "", nil
	}
	slices.Sort(paths)
	path = paths[o.rnd.IntN(len(paths))]
	return path, o.files[path]
}

func (o *owner) taken(path string) bool { return o.files[path] != nil || o.dirs[path] }

// step does one random operation and checks its result.
func (o *owner) step() error {
	o.ops++
	path, f := o.any()
	to := o.newPath()
	switch op := o.rnd.IntN(12); {
	case f == nil || op == 0 && !o.taken(to):
		return o.create(to)
	case op <= 3:
		return o.rename(path, to)
	case op == 4:
		return o.link(path, to)
	case op == 5:
		return o.unlink(path)
	case op == 6:
		return o.exchange(path)
	case op == 7:
		return o.mkdir(to)
	case op == 8:
		return o.renameDir(to)
	case op == 9:
		return o.rmdir()
	case op == 10:
		return o.check(path)
	}
	return o.write(path)
}

func (o *owner) create(path string) error {
	if o.taken(path) {
		return nil
	}
	return o.w.make(path, func(p *Node, name string, c Caller) (*Node, error) {
		var a Attr
		n, f, err := o.w.fs.Create(p, name, os.O_RDWR, 0o644, c, &a)
		if err == nil {
			f.Release()
			o.files[path] = &owned{names: 1, id: n.ID()}
		}
		return n, err
	})
}

func (o *owner) write(path string) error {
	f := o.files[path]
	text := fmt.Sprintf("%s%d ", o.pre, o.ops)
	return o.w.on(path, func(n *Node) error {
		h, err := o.w.fs.Open(n, os.O_RDWR, false)
		if err != nil {
			return err
		}
		defer h.Release()
		if o.rnd.IntN(8) == 0 {
			var a Attr
			size := int64(len(f.content) / 2)
			f.content = f.content[:size]
			return o.w.fs.SetAttr(n, h, &setAttr{Size: &size}, false, &a)
		}
		off := o.rnd.IntN(len(f.content) + 1)
		f.content = f.content[:off] + text + f.content[min(off+len(text), len(f.content)):]
		if _, err = h.WriteAt([]byte(text), int64(off), false); err != nil {
			return err
		}
		got, err := readAll(h)
		if err == nil && got != f.content {
			err = fmt.Errorf("%s holds %q, want %q", path, got, f.content)
		}
		return err
	})
}

func (o *owner) check(path string) error {
	f := o.files[path]
	got, err := o.w.read(path)
	if err != nil {
		return err
	}
	if got != f.content {
		return fmt.Errorf("%s holds %q, want %q", path, got, f.content)
	}
	a, err := o.w.attr(path)
	if err == nil && (a.Ino != f.id || int(a.Nlink) != f.names) {
		err = fmt.Errorf("%s has id %d and %d links, want %d and %d", path, a.Ino, a.Nlink, f.id, f.names)
	}
	return err
}

func (o *owner) rename(path, to string) error {
	f := o.files[path]
	if o.dirs[to] || o.files[to] == f {
		return nil
	}
	if err := o.w.rename(path, to); err != nil {
		return err
	}
	o.lose(to)
	delete(o.files, path)
	o.files[to] = f
	return o.check(to)
}

// lose notes that what had a name has one less.
func (o *owner) lose(path string) {
	if f := o.files[path]; f != nil {
		f.names--
		delete(o.files, path)
	}
}

func (o *owner) link(path, to string) error {
	if o.taken(to) {
		return nil
	}
	if err := o.w.link(path, to); err != nil {
		return err
	}
	f := o.files[path]
	f.names++
	o.files[to] = f
	return o.check(to)
}

func (o *owner) unlink(path string) error {
	if err := o.w.unlink(path); err != nil {
		return err
	}
	o.lose(path)
	_, err := o.w.attr(path)
	if !errors.Is(err, syscall.ENOENT) {
		return fmt.Errorf("%s was unlinked: %w", path, err)
	}
	return nil
}

func (o *owner) exchange(path string) error {
	other, g := o.any()
	if other == path {
		return nil
	}
	if err := o.w.exchange(path, other); err != nil {
		return err
	}
	o.files[path], o.files[other] = g, o.files[path]
	return errors.Join(o.check(path), o.check(other))
}

func (o *owner) mkdir(path string) error {
	if o.taken(path) || strings.Count(path, o.pre) > 2 {
		return nil
	}
	err := o.w.mkdir(path)
	if err == nil {
		o.dirs[path] = true
	}
	return err
}

func (o *owner) anyDir() string {
	dirs := make([]string, 0, len(o.dirs))
	for d := range o.dirs {
		dirs = append(dirs, d)
	}
	if len(dirs) == 0 {
		return ""
	}
	slices.Sort(dirs)
	return dirs[o.rnd.IntN(len(dirs))]
}

func (o *owner) renameDir(to string) error {
	dir := o.anyDir()
	if dir == "" || o.taken(to) || strings.Count(to, o.pre) > 2 {
		return nil
	}
	err := o.w.rename(dir, to)
	if strings.HasPrefix(to, dir+"/") {
		if !errors.Is(err, syscall.EINVAL) {
			return fmt.Errorf("rename of %s into itself: %v", dir, err)
		}
		return nil
	}
	if err != nil {
		return err
	}
	for _, p := range o.below(dir) {
		moved := to + p[len(dir):]
		if f := o.files[p]; f != nil {
			delete(o.files, p)
			o.files[moved] = f
		} else {
			delete(o.dirs, p)
			o.dirs[moved] = true
		}
	}
	return nil
}

// below returns a directory and all in it.
func (o *owner) below(dir string) (out []string) {
	for p := range o.files {
		if strings.HasPrefix(p, dir+"/") {
			out = append(out, p)
		}
	}
	for p := range o.dirs {
		if p == dir || strings.HasPrefix(p, dir+"/") {
			out = append(out, p)
		}
	}
	return out
}

func (o *owner) rmdir() error {
	dir := o.anyDir()
	if dir == "" {
		return nil
	}
	err := o.w.rmdir(dir)
	if len(o.below(dir)) > 1 {
		if !errors.Is(err, syscall.ENOTEMPTY) {
			return fmt.Errorf("rmdir of %s, which isn't empty: %v", dir, err)
		}
		return nil
	}
	if err == nil {
		delete(o.dirs, dir)
	}
	return err
}

// moveAll moves everything that is misplaced, again and again.
func (w *world) moveAll(stop <-chan struct{}, moved *atomic.Int64) error {
	ctx := context.Background()
	for {
		select {
		case <-stop:
			return nil
		default:
		}
		_, err := w.fs.Walk(ctx, w.fs.root, func(n *Node) error {
			err := w.settle(n)
			if err == nil {
				moved.Add(1)
			}
			if tolerable(err) {
				return nil
			}
			return err
		})
		if err != nil {
			return err
		}
		w.fs.reaper.runJobs(w.fs)
		w.fs.reap()
	}
}

// tolerable are the failures of a move that races with its users.
func tolerable(err error) bool {
	for _, e := range []error{nil, ErrGone, ErrPinned, ErrRetarget, ErrBusy, ErrNotEmpty, syscall.ESTALE, syscall.ENOENT} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

func TestStorm(t *testing.T) {
	w := newWorld(t)
	w.mover.hurry = func(n *Node) error {
		for {
			if err := w.settle(n); !tolerable(err) || err == nil {
				return err
			}
		}
	}
	w.ok(w.mkdir("/v/shared"), w.mkdir("/d/shared"))
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	owners := make([]*owner, 8)
	for i := range owners {
		sub := &world{TB: t, top: w.top, fs: w.fs, label: uint32(1000 * (i + 1))}
		owners[i] = &owner{w: sub, rnd: rand.New(rand.NewPCG(seed, uint64(i))), pre: string(rune('a' + i)), files: map[string]*owned{}, dirs: map[string]bool{}}
	}
	moved := w.storm(owners, 5*time.Second)
	for _, o := range owners {
		w.stormCheck(o)
	}
	t.Logf("%d moves", moved)
	if moved == 0 {
		t.Error("nothing was moved meanwhile")
	}
	if t.Failed() {
		return
	}
	w.ok(w.settleAll())
	for _, o := range owners {
		w.stormCheck(o)
	}
	if err := w.onlyVisible(w.mustLook()); err != nil {
		t.Error(err)
	}
	if left := w.privateLeft("stage", "journal", "lost+found"); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
	w.noRefsLeft()
}

// storm lets the owners work, and two movers against them, until time is up.
func (w *world) storm(owners []*owner, d time.Duration) (moved int64) {
	var users, movers sync.WaitGroup
	var count atomic.Int64
	stop, stopMovers := make(chan struct{}), make(chan struct{})
	time.AfterFunc(d, func() { close(stop) })
	for _, o := range owners {
		users.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if err := o.step(); err != nil {
					w.Errorf("owner %s, operation %d: %v", o.pre, o.ops, err)
					return
				}
			}
		})
	}
	for range 2 {
		movers.Go(func() {
			if err := w.moveAll(stopMovers, &count); err != nil {
				w.Errorf("mover: %v", err)
			}
		})
	}
	done := make(chan struct{})
	go func() {
		users.Wait()
		close(stopMovers)
		movers.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(d + 15*time.Second):
		w.hung = true
		w.Fatalf("the storm hangs:\n%s", goroutines())
	}
	ops := 0
	for _, o := range owners {
		ops += o.ops
	}
	w.Logf("%d operations", ops)
	return count.Load()
}

// stormCheck compares what is there with what an owner left.
func (w *world) stormCheck(o *owner) {
	w.Helper()
	for path := range o.files {
		if err := o.check(path); err != nil {
			w.Errorf("at the end: %v", err)
		}
	}
	seen := w.mustLook()
	for path, e := range seen.at {
		if strings.HasPrefix(path[strings.LastIndex(path, "/")+1:], o.pre) && len(path[strings.LastIndex(path, "/")+1:]) > 1 && !strings.HasSuffix(path, "shared") && !o.taken(path) {
			w.Errorf("at the end: %s is there (%o)", path, e.mode&unix.S_IFMT)
		}
	}
}
