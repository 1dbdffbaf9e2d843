package placement

import (
	"errors"
	"slices"
	"syscall"

	"github.com/seamfs/seamfs/backend"
	"golang.org/x/sys/unix"
)

// listing is which names of a directory are read: what users see of it.
type listing struct {
	fs   *FS
	n    *Node
	only mask // if not 0, just what is on these backends
	dirs bool // just directories
}

// fill reads the window behind a cookie. What names mean that several backends
// hold is settled by looking them up, which takes the directory's lock anew; so
// it is read again then.
func (l *listing) fill(w *window, from uint64) error {
	const tries = 3 // names that change all the time are listed as they are
	for try := range tries {
		doubt, err := l.read(w, from)
		if err != nil {
			w.valid = false
			return err
		}
		if len(doubt) == 0 || try == tries-1 {
			break
		}
		if err := l.fs.lookAt(l.n, doubt); err != nil {
			return err
		}
	}
	w.valid = true
	return nil
}

// lookAt looks names up, so that what they hide becomes known.
func (fs *FS) lookAt(n *Node, names []string) error {
	for _, name := range names {
		var a Attr
		child, err := fs.Lookup(n, name, &a)
		if err == nil {
			fs.Release(child)
		} else if !errors.Is(err, syscall.ENOENT) {
			return err
		}
	}
	return nil
}

// read reads the window of one instant: no name of the directory changes or
// moves meanwhile. doubt are the names of which it isn't known what they mean.
func (l *listing) read(w *window, from uint64) (doubt []string, err error) {
	w.reset(from)
	l.n.dir.mu.RLock()
	defer l.n.dir.mu.RUnlock()
	if l.n.dir.dead {
		return nil, nil
	}
	for _, s := range l.fs.on(l.n) {
		if l.only != 0 && !l.only.has(s) {
			continue
		}
		if err := l.readFrom(w, s); err != nil {
			return nil, err
		}
	}
	w.sort()
	if doubt, err = l.settle(w); err != nil {
		return nil, err
	}
	w.rank()
	return doubt, nil
}

// readFrom adds one backend's names. The caller holds the directory's lock.
func (l *listing) readFrom(w *window, s *store) error {
	ref, err := l.fs.ref(l.n, s)
	if err != nil {
		return err
	}
	defer ref.put()
	slots := l.n.dir.slots
	return ref.Ref.ReadDir(func(name string, typ uint8, _ uint64) error {
		switch {
		case l.n == l.fs.root && name == backend.PrivateDir:
		case l.dirs && typ != unix.DT_DIR && typ != unix.DT_UNKNOWN:
		case len(slots) > 0 && slots[name].hidesOn(s):
		default:
			w.add(name, typ, s)
		}
		return nil
	})
}

// hidesOn tells whether what a backend holds at the slot's name is not what
// the name means.
func (sl *slot) hidesOn(s *store) bool {
	switch {
	case sl == nil:
		return false
	case sl.winner == nil:
		return true
	case sl.winnerIsDir:
		return sl.losersMask().has(s)
	}
	return sl.winner != s
}

// settle leaves one of each name, none for whiteouts, and finds the types that
// a filesystem doesn't tell. The caller holds the directory's lock.
func (l *listing) settle(w *window) (doubt []string, err error) {
	out := w.names[:0]
	for i := 0; i < len(w.names); {
		end := i + 1
		for end < len(w.names) && w.names[end].pos == w.names[i].pos && string(w.raw(&w.names[end])) == string(w.raw(&w.names[i])) {
			end++
		}
		same := w.names[i:end]
		i = end
		known, err := l.look(w, same)
		if err != nil {
			return nil, err
		}
		if l.doubtful(w, same, known) {
			doubt = append(doubt, w.name(&same[0]))
		}
		if len(known) == 0 {
			continue
		}
		if !l.dirs || known[0].typ == unix.DT_DIR {
			out = append(out, known[0])
		}
	}
	w.names = out
	return doubt, nil
}

// doubtful tells whether a name is to be looked up, so that what is hidden at it
// becomes known: several backends hold it, and not all a directory; or a
// whiteout is all there is, in a merged directory.
func (l *listing) doubtful(w *window, same, known []windowName) bool {
	if l.dirs {
		name := w.name(&same[0])
		return l.n.dir.slots[name] == nil && l.fs.mixed(l.n, name, l.fs.stores[same[0].s], unix.DT_DIR)
	}
	if len(same) == 1 {
		return len(known) == 0 && l.only == 0 && l.n.dir.mask().count() > 1
	}
	return len(known) < len(same) || slices.ContainsFunc(known, func(n windowName) bool { return n.typ != unix.DT_DIR })
}

// look looks at what has no known type or may be a whiteout, and returns what
// isn't.
func (l *listing) look(w *window, same []windowName) (known []windowName, err error) {
	if len(same) == 1 && same[0].typ != unix.DT_UNKNOWN && same[0].typ != unix.DT_CHR {
		return same, nil
	}
	for _, n := range same {
		if n.typ == unix.DT_UNKNOWN || n.typ == unix.DT_CHR {
			there, err := l.lookOn(l.fs.stores[n.s], w.name(&n), &n)
			if err != nil {
				return nil, err
			}
			if !there {
				continue
			}
		}
		known = append(known, n)
	}
	return known, nil
}

// lookOn finds the type of one backend's object; false for a whiteout, and for
// what isn't there.
func (l *listing) lookOn(s *store, name string, n *windowName) (there bool, err error) {
	ref, err := l.fs.ref(l.n, s)
	if err != nil {
		return false, err
	}
	defer ref.put()
	var a Attr
	if err := ref.Ref.Stat(name, &a); errors.Is(err, syscall.ENOENT) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	n.typ = uint8(a.Mode & unix.S_IFMT >> 12)
	return !isWhite(&a) || !l.fs.isWhiteout(ref, name), nil
}

// isWhiteout tells a whiteout from a device 0:0 that a user made.
func (fs *FS) isWhiteout(ref *dirRef, name string) bool {
	var buf [maxStamp]byte
	n, err := ref.Ref.GetXattr(name, stampAttr, buf[:])
	if err != nil {
		return false
	}
	st, err := decodeStamp(buf[:n])
	return err == nil && st.has(stampWhite)
}
