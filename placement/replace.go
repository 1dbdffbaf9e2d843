package placement

import (
	"slices"

	"golang.org/x/sys/unix"
)

// replace renames src to the new name, over tgt if there is one. All locks are
// held.
func (r *renaming) replace() error {
	fs := r.fs
	s := r.src.res
	on := r.src.placesLocked()
	slot1, slot2 := r.p1.dir.slots[r.n1], r.p2.dir.slots[r.n2]
	if (slot1 != nil || r.flags&unix.RENAME_WHITEOUT != 0) && slot2.hides(r.src) {
		r.wait = r.src
		fs.Hold(r.wait)
		return errAgain
	}
	if r.isDir && slot2 != nil {
		r.clear = true // a directory can't replace what lies there, nor be scaffolded over it
		return errAgain
	}
	over, overDurable := r.losers(on, slot2)
	if err := r.stampSource(over, overDurable); err != nil {
		return err
	}
	if err := r.keepVictim(); err != nil {
		return err
	}
	flags := uint(0)
	if slot1 != nil || r.flags&unix.RENAME_WHITEOUT != 0 {
		flags = unix.RENAME_WHITEOUT
	}
	if err := r.rename(on, flags, slot2); err != nil {
		if r.tgt != nil {
			fs.dropOrphan(r.tgt)
		}
		return err
	}
	r.settleSource(s, slot1)
	r.settleTarget(on, slot2)
	for _, t := range fs.stores {
		if on.has(t) {
			fs.touchDir(r.p1, t)
			fs.touchDir(r.p2, t)
		}
	}
	r.announce()
	return nil
}

// placesLocked is places for one who holds n.names.
func (n *Node) placesLocked() mask {
	if n.isDir() {
		return n.dir.mask()
	}
	return n.res.bit()
}

// losers returns the births of what other backends than those of on hold at
// the new name, and whether any of it is durable.
func (r *renaming) losers(on mask, slot2 *slot) (over []birthKey, durable bool) {
	if t := r.tgt; t != nil {
		if t.isDir() {
			for _, s := range r.fs.on(t) {
				if !on.has(s) {
					if b, err := r.birthOn(s); err == nil {
						over = append(over, b)
						durable = durable || s.durable
					}
				}
			}
		} else if !on.has(t.res) {
			over = append(over, t.birth)
			durable = t.res.durable
		}
	}
	if slot2 != nil {
		for _, l := range slot2.losers {
			if !on.has(l.s) {
				over = append(over, l.birth)
				durable = durable || l.s.durable
			}
		}
	}
	return over, durable
}

func (r *renaming) birthOn(s *store) (birthKey, error) {
	ref, err := r.fs.ref(r.p2, s)
	if err != nil {
		return 0, err
	}
	defer ref.put()
	b, err := ref.Ref.Birth(r.n2)
	return keyOf(b), err
}

// stampSource writes into src's stamp what it wins over at the new name, and
// that it is due to move if it is. On the common path there is nothing to
// write. Stamp and rename are on one inode in one journal, so they persist in
// this order.
func (r *renaming) stampSource(over []birthKey, durable bool) error {
	fs, n := r.fs, r.src
	// A directory with a copy outside its rule's backends may have objects there.
	due := n.placesLocked()&^fs.ruleOfDir(r.p2).mask != 0 && !n.due.Load()
	if len(over) == 0 && !due {
		return nil
	}
	err := fs.restamp(n, func(st *stamp) {
		if due {
			st.flags |= stampDue
		}
		if len(over) == 0 {
			return
		}
		st.over = over
		st.flags &^= stampTentative
		if durable && n.res.durable {
			st.flags |= stampTentative
			st.boot = fs.boot
		}
	})
	if err == nil && due {
		n.due.Store(true)
	}
	return err
}

// keepVictim opens a reference to what loses its last name here.
func (r *renaming) keepVictim() error {
	t := r.tgt
	if t == nil {
		return nil
	}
	if t.isDir() {
		ref, err := r.fs.ref(t, t.res)
		if err != nil {
			return err
		}
		ref.kept.Store(true)
		ref.put()
		return nil
	}
	ref, err := r.fs.ref(r.p2, t.res)
	if err != nil {
		return err
	}
	defer ref.put()
	return r.fs.keepOrphan(t, ref.Ref, r.n2)
}

// rename does it on every backend that has the source: for all but a merged
// directory that is one system call; for that one an intent lets the next
// start finish.
func (r *renaming) rename(on mask, flags uint, slot2 *slot) error {
	if slot2.hides(r.src) {
		return r.revive()
	}
	var steps []step
	for _, s := range r.fs.stores {
		if on.has(s) {
			st := step{s: s, p1: r.p1, p2: r.p2, n1: r.n1, n2: r.n2}
			if s == r.src.res {
				st.flags = flags
			}
			steps = append(steps, st)
		}
	}
	return r.fs.renameAll(steps, r.isDir, r.rename2memory)
}

// hides tells whether another name of the object itself is what a slot hides.
func (sl *slot) hides(n *Node) bool {
	return sl != nil && slices.ContainsFunc(sl.losers, func(l loser) bool {
		return l.s == n.res && l.birth == n.birth
	})
}

// revive renames an object on to one of its own hidden names. rename(2) does
// nothing between two links of one file; but the stamp has brought the hidden
// link back already, and only the old name is to go. A kill between the two
// leaves both names.
func (r *renaming) revive() error {
	ref, err := r.fs.ref(r.p1, r.src.res)
	if err != nil {
		return err
	}
	defer ref.put()
	if err := ref.Ref.Unlink(r.n1); err != nil {
		return err
	}
	r.rename2memory()
	return nil
}

// settleSource notes what stays at the old name: the source left a device 0:0
// there if something is hidden at it, or if the user asked for one.
func (r *renaming) settleSource(s *store, slot1 *slot) {
	user := r.flags&unix.RENAME_WHITEOUT != 0
	if slot1 == nil && !user {
		return
	}
	fs := r.fs
	b, err := r.stampLeft(s, slot1, user)
	if err != nil {
		fs.log.Error("stamp what a rename left at the old name", "name", r.n1, "backend", s.name(), "err", err)
	}
	if slot1 == nil {
		return
	}
	sl := &slot{losers: slot1.losers, after: append(slices.Clone(slot1.after), r.src)}
	fs.Hold(r.src)
	if user {
		sl.winner = s
	} else {
		sl.losers = append(slices.Clone(sl.losers), loser{s: s, birth: b, white: true})
	}
	fs.hide(r.p1, r.n1, sl)
}

// stampLeft stamps the device that was left at the old name: as our whiteout,
// or as the user's, which wins over what is hidden there, and moves home.
func (r *renaming) stampLeft(s *store, slot1 *slot, user bool) (birthKey, error) {
	ref, err := r.fs.ref(r.p1, s)
	if err != nil {
		return 0, err
	}
	defer ref.put()
	b, err := ref.Ref.Birth(r.n1)
	if err != nil {
		return 0, err
	}
	st := &stamp{own: []birthKey{keyOf(b)}, id: b.ID(), flags: stampWhite}
	if user {
		st.flags = 0
		if !r.fs.ruleOfDir(r.p1).mask.has(s) {
			st.flags = stampDue
		}
		for _, l := range slot1.all() {
			st.over = append(st.over, l.birth)
		}
		if st.flags == 0 && len(st.over) == 0 {
			return keyOf(b), nil // alone it needs none
		}
	}
	return keyOf(b), writeStamp(s, ref.Ref, r.n1, st)
}

// all returns what a slot hides; of nil nothing.
func (sl *slot) all() []loser {
	if sl == nil {
		return nil
	}
	return sl.losers
}

// settleTarget notes what is hidden at the new name from now on, and removes
// at once what nothing needs any more.
func (r *renaming) settleTarget(on mask, slot2 *slot) {
	fs := r.fs
	if slot2 != nil {
		fs.coverOn(r.p2, r.n2, on, r.src)
	}
	t := r.tgt
	if t == nil {
		return
	}
	if t.isDir() {
		r.removeEmptied(on)
		return
	}
	if on.has(t.res) {
		return
	}
	l := loser{s: t.res, birth: t.birth, node: t, count: t.addShadow()}
	fs.Hold(t)
	if t.checkGone() { // its name lives on as a shadow only
		fs.mover.Gone(t)
	}
	fs.touchCtime(t)
	sl := &slot{winner: r.src.res, losers: []loser{l}}
	if old := r.p2.dir.slots[r.n2]; old != nil {
		sl.losers = append(sl.losers, old.losers...)
		sl.after = old.after
	}
	fs.hide(r.p2, r.n2, sl)
	if !l.s.durable && len(sl.losers) == 1 {
		if err := fs.removeLosers(r.p2, r.n2, sl); err == nil {
			fs.dropSlot(r.p2, r.n2)
		}
	}
}

// coverOn is coverSlot for an object on several backends.
func (fs *FS) coverOn(p *Node, name string, on mask, n *Node) {
	for _, s := range fs.stores {
		if on.has(s) {
			fs.coverSlot(p, name, s, n.isDir())
		}
	}
	if sl := p.dir.slots[name]; sl != nil {
		sl.winner = n.res
		if i := slices.Index(sl.after, n); i >= 0 { // it has come back
			sl.after = slices.Delete(slices.Clone(sl.after), i, i+1)
			fs.Release(n)
		}
	}
}

// removeEmptied removes the empty directory that was replaced where the new
// one isn't. One that stays, because of a failure, is hidden by the stamp.
func (r *renaming) removeEmptied(on mask) {
	for _, s := range r.fs.on(r.tgt) {
		if on.has(s) {
			continue
		}
		ref, err := r.fs.ref(r.p2, s)
		if err == nil {
			err = r.fs.keepTimes(r.p2, s, ref, func() error { return ref.Ref.Rmdir(r.n2) })
			ref.put()
		}
		if err != nil {
			r.fs.log.Warn("remove replaced directory", "name", r.n2, "backend", s.name(), "err", err)
		}
	}
}

// rename2memory brings the nodes in line with the backends.
func (r *renaming) rename2memory() {
	fs := r.fs
	if t := r.tgt; t != nil {
		fs.lostName(t, r.p2, r.n2)
		if t.isDir() {
			t.dir.dead = true
			t.gone.Store(true)
		}
	}
	fs.moveName(r.src, r.p1, r.n1, r.p2, r.n2)
}

// moveName gives a node its new name in place of the old one, in one step for
// readers of paths.
func (fs *FS) moveName(n, p1 *Node, n1 string, p2 *Node, n2 string) {
	fs.Hold(p2)
	d := &dentry{p2, n2}
	if at := n.at.Load(); at != nil && at.parent == p1 && at.name == n1 {
		n.at.Store(d)
	} else {
		for i, l := range n.links {
			if l.parent == p1 && l.name == n1 {
				n.links[i] = *d
			}
		}
	}
	p1.dir.removeChild(n1, n)
	p2.dir.addChild(n2, n)
	n.gen.Add(1)
	fs.Release(p1)
}

// announce tells the mover, and remembers for fsync of the new directory, that
// the data isn't where the rule wants it.
func (r *renaming) announce() { r.fs.announce(r.src, r.p2) }

func (fs *FS) announce(n, p *Node) {
	rule := fs.ruleOfDir(p)
	if n.placesLocked()&^rule.mask == 0 {
		return
	}
	if n.isDir() {
		fs.mover.MisplacedTree(n)
	} else if fs.isDueLocked(n) {
		fs.mover.Misplaced(n)
	}
}
