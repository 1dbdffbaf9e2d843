package placement

import "github.com/seamfs/seamfs/backend"

// A move changes an object's ctime and birth time on its backend, and the
// ctime of the directories in which it takes names and gives them back. No
// interface sets these times, so while the mount lives the node remembers what
// users have seen, and shows it until something that a user does changes the
// ctime again. After a remount, or when the kernel has forgotten the object
// meanwhile, the backend's times show (promise P4).

// times are the times of an object that a move has changed.
type times struct {
	seen  backend.Time // ctime on the backend after the move's last change
	ctime backend.Time // shown instead of that one
	btime backend.Time // shown always, unless it is zero
}

// showTimes puts the times that users see into attributes from the backend.
func (n *Node) showTimes(a *Attr) {
	t := n.times.Load()
	if t == nil {
		return
	}
	if a.Ctime == t.seen {
		a.Ctime = t.ctime
	}
	if t.btime != (backend.Time{}) {
		a.Btime = t.btime
	}
}

// rememberTimes notes that a move changed the times on the backend to those of
// now, while users go on to see those of shown.
func (n *Node) rememberTimes(shown, now *Attr) {
	n.times.Store(&times{seen: now.Ctime, ctime: shown.Ctime, btime: shown.Btime})
}

// touchCtime has users see that an object's link count changed now, which on its
// backend it did not: it is hidden only. The caller holds n.names.
func (fs *FS) touchCtime(n *Node) {
	var a Attr
	err := fs.withLocked(n, func(ref backend.Ref, name string) error { return ref.Stat(name, &a) })
	if err != nil {
		return // what can't be read has no ctime to see
	}
	now := fs.now()
	t := &times{seen: a.Ctime, ctime: backend.Time{Sec: now.Unix(), Nsec: uint32(now.Nanosecond())}}
	if old := n.times.Load(); old != nil {
		t.btime = old.btime
	}
	n.times.Store(t)
}

// SetInvalidate attaches a function that has the kernel ask for an object's
// attributes again. It must not block, and may be called with locks held.
func (fs *FS) SetInvalidate(fn func(id uint64)) { fs.invalidate = fn }
