package placement

import (
	"context"
	"errors"
	"syscall"

	"github.com/seamfs/seamfs/backend"
	"golang.org/x/sys/unix"
)

// Fsync makes a file's data as durable as its rule says: on a volatile
// backend under a durable rule, its move is hurried and waited for. f may be
// nil. Errors: EIO or ENOSPC at once if the move can't be made now; ctx's
// error if that ends first.
func (fs *FS) Fsync(ctx context.Context, n *Node, f *File, dataOnly bool) error {
	if err := fs.hurryIfVolatile(ctx, n); err != nil {
		return err
	}
	if n.typ != unix.S_IFREG {
		return nil
	}
	b, err := fs.syncFile(n, f)
	if err != nil {
		return err
	}
	defer b.put()
	if err := b.Sync(dataOnly); err != nil {
		return err
	}
	return fs.makeFirm(n, b)
}

// hurryIfVolatile waits until n is on a durable backend, if its rule wants it
// on one and it is to be moved there.
func (fs *FS) hurryIfVolatile(ctx context.Context, n *Node) error {
	n.names.RLock()
	volatile := !n.res.durable && fs.ruleOfLocked(n).durable()
	gone := n.gone.Load()
	n.names.RUnlock()
	if !volatile || gone || n.rooted || !fs.isDue(n) {
		return nil
	}
	return fs.mover.Hurry(ctx, n)
}

// syncFile returns the file to sync, opened anew if f is nil, so that no lock
// is held while it waits for the disk. The caller puts it back.
func (fs *FS) syncFile(n *Node, f *File) (o *openFile, err error) {
	n.io.enter()
	defer n.io.leave()
	if f != nil {
		f.f.uses.Add(1)
		return f.f, nil
	}
	err = fs.with(n, func(ref backend.Ref, name string) error {
		b, err := ref.OpenFile(name, unix.O_RDONLY)
		o = newOpenFile(b)
		return err
	})
	return o, err
}

// makeFirm makes a tentative stamp count in every boot, now that the data of
// its object is on the disk.
func (fs *FS) makeFirm(n *Node, b *openFile) error {
	n.names.Lock()
	if !n.stamp.has(stampTentative) {
		n.names.Unlock()
		return nil
	}
	err := fs.restamp(n, func(st *stamp) { st.flags &^= stampTentative })
	n.names.Unlock()
	if err != nil {
		return err
	}
	return b.Sync(false)
}

// FsyncDir makes the directory's names durable, and the data of what was
// renamed into it before the call.
func (fs *FS) FsyncDir(ctx context.Context, n *Node) error {
	if err := fs.hurryIfVolatile(ctx, n); err != nil {
		return err
	}
	if err := fs.settleArrivals(ctx, n); err != nil {
		return err
	}
	if err := fs.settleSlots(ctx, n); err != nil {
		return err
	}
	fs.reaper.runJobs(fs) // syncs what merged directories' renames left to sync
	for _, s := range fs.on(n) {
		if !s.durable {
			continue
		}
		ref, err := fs.ref(n, s)
		if err != nil {
			return err
		}
		err = ref.Ref.Sync()
		ref.put()
		if err != nil {
			return err
		}
	}
	return nil
}

// settleArrivals waits until everything whose name is on a volatile backend's
// copy of the directory, but whose rule is durable, has come home: it was
// renamed, or linked, into the directory.
func (fs *FS) settleArrivals(ctx context.Context, n *Node) error {
	if !fs.ruleOfDir(n).durable() {
		return nil
	}
	for _, s := range fs.on(n) {
		if s.durable {
			continue
		}
		names, err := fs.listOn(n, s)
		if err != nil {
			return err
		}
		for _, name := range names {
			c, err := fs.find(n, name)
			if errors.Is(err, syscall.ENOENT) {
				continue
			}
			if err == nil {
				err = fs.hurryIfVolatile(ctx, c)
				fs.Release(c)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// listOn returns the names in one backend's copy of a directory, what is hidden
// included; none if the copy has gone meanwhile.
func (fs *FS) listOn(n *Node, s *store) (names []string, err error) {
	n.dir.mu.RLock()
	defer n.dir.mu.RUnlock()
	if n.dir.dead || !n.dir.mask().has(s) {
		return nil, nil
	}
	ref, err := fs.ref(n, s)
	if err != nil {
		return nil, err
	}
	defer ref.put()
	err = ref.Ref.ReadDir(func(name string, typ uint8, ino uint64) error {
		if n != fs.root || name != backend.PrivateDir {
			names = append(names, name)
		}
		return nil
	})
	return names, err
}

// settleSlots makes firm what replaced an object on another durable backend,
// and waits for what was renamed away over a durable old version, so that
// after a power cut no old version is there again.
func (fs *FS) settleSlots(ctx context.Context, n *Node) error {
	n.dir.mu.RLock()
	var winners []string
	var after []*Node
	for name, sl := range n.dir.slots {
		if sl.winner != nil && sl.winner.durable {
			winners = append(winners, name)
		}
		for _, a := range sl.after {
			fs.Hold(a)
			after = append(after, a)
		}
	}
	n.dir.mu.RUnlock()
	var err error
	for _, a := range after {
		if err == nil && !a.gone.Load() {
			err = fs.hurryIfVolatile(ctx, a)
		}
		fs.Release(a)
	}
	for _, name := range winners {
		w, lerr := fs.find(n, name)
		if lerr != nil {
			continue // gone meanwhile
		}
		if err == nil && w.typ == unix.S_IFREG {
			err = fs.Fsync(ctx, w, nil, false)
		}
		if errors.Is(err, syscall.ENOENT) || errors.Is(err, errStale) {
			err = nil // replaced or removed meanwhile
		}
		fs.Release(w)
	}
	if err == nil && len(after)+len(winners) > 0 {
		fs.reap()
	}
	if err == context.Canceled {
		return syscall.EINTR
	}
	return err
}
