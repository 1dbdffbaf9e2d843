package placement

import (
	"context"
	"errors"
	"syscall"

	"golang.org/x/sys/unix"
)

// Walk visits all objects below dir, each held during the call, a directory
// after what is below it. What can't be read is counted and logged: it is no
// evidence that nothing is there. Looking up tells the mover of what is
// misplaced and due.
func (fs *FS) Walk(ctx context.Context, dir *Node, visit func(n *Node) error) (unreadable int64, err error) {
	for e, err := range fs.names(dir) {
		if err != nil {
			path, _ := fs.Path(dir)
			fs.log.Warn("read directory", "path", path, "err", err)
			return unreadable + 1, nil
		}
		if err := ctx.Err(); err != nil {
			return unreadable, err
		}
		n, err := fs.find(dir, e.Name)
		if errors.Is(err, syscall.ENOENT) {
			continue
		}
		if err != nil {
			unreadable++
			continue
		}
		fs.tellIfMisplaced(n) // one that is in memory already
		if n.isDir() {
			more, err := fs.Walk(ctx, n, visit)
			unreadable += more
			if err != nil {
				fs.Release(n)
				return unreadable, err
			}
		}
		err = visit(n)
		fs.Release(n)
		if err != nil {
			return unreadable, err
		}
	}
	return unreadable, nil
}

// WalkForeign looks up everything that lies on a backend that the rules don't
// name for its path (what a stopped or killed daemon left misplaced), so that
// the mover is told of what is due; visit sees each misplaced object.
func (fs *FS) WalkForeign(ctx context.Context, visit func(n *Node) error) (unreadable int64, err error) {
	for _, s := range fs.stores {
		more, err := fs.walkForeign(ctx, s, fs.root, visit)
		unreadable += more
		if err != nil {
			return unreadable, err
		}
	}
	return unreadable, nil
}

// walkForeign walks one backend's copy of a directory, entering only what the
// rules don't want there, or what lies above a prefix.
func (fs *FS) walkForeign(ctx context.Context, s *store, dir *Node, visit func(n *Node) error) (unreadable int64, err error) {
	foreign := !fs.ruleOfDir(dir).mask.has(s)
	for e, err := range fs.namesOn(dir, s) {
		if err != nil {
			path, _ := fs.Path(dir)
			fs.log.Warn("read directory", "path", path, "backend", s.name(), "err", err)
			return unreadable + 1, nil
		}
		if err := ctx.Err(); err != nil {
			return unreadable, err
		}
		if !foreign && (e.Type != unix.S_IFDIR || !fs.abovePrefix(dir, e.Name)) {
			continue
		}
		n, err := fs.find(dir, e.Name)
		if errors.Is(err, syscall.ENOENT) {
			continue
		}
		if err != nil {
			unreadable++
			continue
		}
		more, err := fs.visitForeign(ctx, s, n, visit)
		unreadable += more
		fs.Release(n)
		if err != nil {
			return unreadable, err
		}
	}
	return unreadable, nil
}

func (fs *FS) visitForeign(ctx context.Context, s *store, n *Node, visit func(n *Node) error) (unreadable int64, err error) {
	if n.isDir() {
		if unreadable, err = fs.walkForeign(ctx, s, n, visit); err != nil {
			return unreadable, err
		}
	}
	fs.tellIfMisplaced(n)
	if n.isDir() && !n.rooted {
		fs.dropStandIn(n, s)
	}
	if n.resident() == s && !n.rooted && !fs.ruleOf(n).mask.has(s) {
		return unreadable, visit(n)
	}
	return unreadable, nil
}

// abovePrefix tells whether a name in a directory is, or lies above, a rule's
// prefix.
func (fs *FS) abovePrefix(dir *Node, name string) bool {
	if !dir.rooted {
		return false
	}
	n := dir.dir.child(name)
	if n == nil {
		return false
	}
	defer fs.Release(n)
	return n.rooted
}
