package placement

import "github.com/seamfs/seamfs/backend"

// Place tells where an object is and belongs.
type Place struct {
	Resident backend.Backend
	Home     backend.Backend // the rule's first backend that has room
	Settled  bool            // Resident is one of the rule's backends
	Due      bool            // if not settled: to be moved (else it lay there before)
	Durable  bool            // the rule's first backend is durable
}

// Place tells where n is and belongs.
func (fs *FS) Place(n *Node) Place {
	n.names.RLock()
	res, r := n.res, fs.ruleOfLocked(n)
	n.names.RUnlock()
	p := Place{
		Resident: res.Backend,
		Home:     fs.homes(r)[0].Backend,
		Settled:  n.rooted || r.mask.has(res) && n.reloc.Load() == nil,
		Durable:  r.durable(),
	}
	p.Due = !p.Settled && fs.isDue(n)
	return p
}

// isDue tells whether a misplaced object is to be moved: a rename put one of
// its names, or a directory above that within the same rule, where it is; or
// all are adopted. The caller doesn't hold n.names exclusively.
func (fs *FS) isDue(n *Node) bool {
	n.names.RLock()
	defer n.names.RUnlock()
	return fs.isDueLocked(n)
}

func (fs *FS) isDueLocked(n *Node) bool {
	if fs.adopt || n.due.Load() {
		return true
	}
	due := false
	n.parents(func(p *Node) bool {
		due = dueBelow(p)
		return !due
	})
	return due
}

// dueBelow tells whether what is in a directory is due because that one is, or
// one above it within the same rule.
func dueBelow(n *Node) bool {
	for !n.rooted {
		if n.due.Load() {
			return true
		}
		at := n.at.Load()
		if at == nil {
			return false
		}
		n = at.parent
	}
	return false
}

// tellIfMisplaced tells the mover of an object that is due to move. The caller
// doesn't hold n.names exclusively.
func (fs *FS) tellIfMisplaced(n *Node) {
	if n == fs.root || n.rooted {
		return
	}
	n.names.RLock()
	misplaced := !fs.ruleOfLocked(n).mask.has(n.res)
	n.names.RUnlock()
	if misplaced && fs.isDue(n) {
		fs.mover.Misplaced(n)
	}
}
