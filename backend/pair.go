package backend

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
)

// Pair is what is known about moving objects from one backend to another. It
// learns while it is used, so there should be one for each two backends, kept
// as long as both are open. Its methods may be called from several goroutines
// at once.
type Pair struct {
	src, dst Backend

	noReflink atomic.Bool

	mu          sync.Mutex // around the probe for rename
	renameKnown bool
	rename      bool
}

// NewPair asks nothing of the disks yet.
func NewPair(src, dst Backend) *Pair {
	p := &Pair{src: src, dst: dst}
	p.noReflink.Store(!mayReflink(src, dst))
	return p
}

// Src and Dst return the two backends.
func (p *Pair) Src() Backend { return p.src }
func (p *Pair) Dst() Backend { return p.dst }

// SameFilesystem tells whether the two share one filesystem, and so its space;
// true where it isn't known but possible.
func (p *Pair) SameFilesystem() bool { return sameFS(p.src, p.dst) }

// CanReflink tells whether clones are still tried: false once the pair was
// found to be unable.
func (p *Pair) CanReflink() bool { return !p.noReflink.Load() }

// CanRename tells whether rename(2) works from one backend to the other, as it
// does between directories of one mount, and not between two mounts or btrfs
// subvolumes of one filesystem. The first call tries it with a file of its
// own. An error says that it could not be found out; the next call tries again.
// A single rename may still fail with EXDEV, where quotas for projects differ.
func (p *Pair) CanRename() (bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.renameKnown {
		return p.rename, nil
	}
	can, err := p.probeRename()
	if err != nil {
		return false, fmt.Errorf("probe rename from %s to %s: %w", p.src.Props().Name, p.dst.Props().Name, err)
	}
	p.rename, p.renameKnown = can, true
	return can, nil
}

func (p *Pair) probeRename() (bool, error) {
	if p.src == p.dst {
		return true, nil
	}
	from, to := p.src.Private(StageDir), p.dst.Private(StageDir)
	if !sameFS(p.src, p.dst) || from == nil || to == nil {
		return false, nil
	}
	name := "probe-" + p.src.Props().UUID.String() + "-" + p.dst.Props().UUID.String()
	f, err := from.Create(name, syscall.O_RDWR, 0600, Cred{})
	if err != nil && !errors.Is(err, syscall.EEXIST) { // EEXIST: left by one that was killed
		return false, err
	}
	if err == nil {
		_ = f.Close()
	}
	err = from.Rename(name, to, name, 0)
	switch {
	case err == nil:
		return true, to.Unlink(name)
	case errors.Is(err, syscall.EXDEV):
		return false, from.Unlink(name)
	}
	_ = from.Unlink(name)
	return false, err
}

// clone shares all extents; false with no error if it can't be done and a copy
// is called for.
func (p *Pair) clone(dst, src File) (bool, error) {
	if p.noReflink.Load() {
		return false, nil
	}
	switch err := dst.Clone(src); {
	case err == nil:
		return true, nil
	case errors.Is(err, ErrNoReflink):
		p.noReflink.Store(true)
		return false, nil
	case errors.Is(err, ErrNotThisFile):
		return false, nil
	default:
		return false, fmt.Errorf("clone: %w", err)
	}
}

func mayReflink(a, b Backend) bool {
	return sameFS(a, b) && a.Props().Reflink && b.Props().Reflink
}

func sameFS(a, b Backend) bool {
	x, y := a.Props().FSID, b.Props().FSID
	return x == y || x == 0 || y == 0
}
