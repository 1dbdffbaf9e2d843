package placement

import (
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestScaffoldsComeAndGo(t *testing.T) {
	w := newWorld(t)
	w.ok(w.mkdir("/a"), w.mkdir("/a/b"), w.mkdir("/a/b/c"), w.create("/v/f"))
	dir, err := w.attr("/a/b/c")
	w.ok(err, w.rename("/v/f", "/a/b/c/f"))
	if got := w.holders("a/b/c"); got != "vd" {
		t.Errorf("/a/b/c is on %q; want a stand-in on v", got)
	}
	seen := w.mustLook()
	w.restart()
	w.same(seen)
	if a, err := w.attr("/a/b/c"); err != nil || a.Ino != dir.Ino {
		t.Errorf("%+v, %v; the id was %d", a, err, dir.Ino)
	}
	w.ok(w.settlePath("/a/b/c/f"))
	if got := w.holders("a"); got != "d" {
		t.Errorf("/a is on %q after the last object below it moved", got)
	}
	w.same(seen)
}

func TestScaffoldKeepsTimesOfParent(t *testing.T) {
	w := newWorld(t)
	w.ok(w.mkdir("/a"), w.mkdir("/a/b"), w.create("/v/f"))
	before, err := w.attr("/a")
	w.ok(err, w.rename("/v/f", "/a/b/f"))
	if now, err := w.attr("/a"); err != nil || now.Mtime != before.Mtime || now.Nlink != before.Nlink {
		t.Errorf("%+v became %+v, %v", before, now, err)
	}
}

func TestScaffoldOfRemovedDirectory(t *testing.T) {
	// An rmdir waits for the parent's lock, and a scaffold behind it.
	w := newWorld(t)
	w.ok(w.mkdir("/a"), w.mkdir("/a/b"))
	w.ok(w.on("/a", func(p *Node) error { return w.fs.ensureOn(p, w.fs.stores[beV]) }))
	p, release := w.node("/a")
	defer release()
	n, release := w.node("/a/b")
	defer release()
	p.dir.mu.RLock()
	removed, made := make(chan error, 1), make(chan error, 1)
	go func() { removed <- w.fs.Rmdir(p, "b") }()
	waitBlocked(t, ".rmdirOnce")
	go func() { made <- w.fs.ensureOn(n, w.fs.stores[beV]) }()
	waitBlocked(t, ".scaffold")
	p.dir.mu.RUnlock()
	w.ok(<-removed)
	w.is(<-made, syscall.ENOENT, "scaffold of what was removed")
	_, err := w.attr("/a/b")
	w.is(err, syscall.ENOENT, "removed directory")
	if got := w.holders("a/b"); got != "" {
		t.Errorf("the removed directory is on %q", got)
	}
}

// waitBlocked waits until a goroutine waits for a lock in a function.
func waitBlocked(t *testing.T, function string) {
	t.Helper()
	buf := make([]byte, 1<<20)
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); runtime.Gosched() {
		for stack := range strings.SplitSeq(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
			if strings.Contains(stack, function+"(") && strings.Contains(stack, "RWMutex).Lock(") {
				return
			}
		}
	}
	t.Fatalf("nobody waits in %s", function)
}
