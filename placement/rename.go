package placement

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"syscall"

	"github.com/seamfs/seamfs/backend"
	"github.com/seamfs/seamfs/placement/journal"
	"golang.org/x/sys/unix"
)

// renaming is one rename under way.
type renaming struct {
	fs     *FS
	p1, p2 *Node
	n1, n2 string
	flags  uint32
	src    *Node // held
	tgt    *Node // what n2 means; held; nil for nothing
	wait   *Node // to be settled before the rename can be tried again; held
	clear  bool  // what is hidden at n2 must go before
	isDir  bool  // of src
}

// errAgain tells that something changed before the locks were had.
var errAgain = errors.New("rename must begin again")

// Rename is renameat2(2) with its flags; unknown ones are EINVAL. It is one renameat2 on the backend that holds the object, at the
// new path: no byte is copied, whatever its size, and nothing is waited for.
//
// For others in the mount it is atomic. After a kill of the daemon the next
// start shows all of it or nothing. It is durable as on a plain filesystem:
// with an fsync of the directory.
func (fs *FS) Rename(parent *Node, name string, newparent *Node, newname string, flags uint32) error {
	const alone, known = unix.RENAME_EXCHANGE, unix.RENAME_NOREPLACE | unix.RENAME_EXCHANGE | unix.RENAME_WHITEOUT
	if flags&^known != 0 || flags&alone != 0 && flags != alone {
		return syscall.EINVAL
	}
	if err := fs.checkNewName(parent, name); err != nil {
		return err
	}
	if err := fs.checkNewName(newparent, newname); err != nil {
		return err
	}
	for range maxAgain {
		r := &renaming{fs: fs, p1: parent, n1: name, p2: newparent, n2: newname, flags: flags}
		err := r.prepare()
		if err == nil {
			err = r.run()
		}
		if r.src != nil && err != errAgain {
			fs.tidy(parent, r.src.places())
			if err != nil {
				fs.tidy(newparent, r.src.places())
			}
		}
		if err == errAgain {
			err = r.makeWay()
		} else {
			r.release()
			return err
		}
		r.release()
		if err != nil {
			return err
		}
	}
	return syscall.EBUSY
}

// maxAgain bounds how often a rename begins again: whatever else is wrong, the
// kernel's rename mutex must not be held for ever.
const maxAgain = 1000

// makeWay does what a rename has to wait for before it can begin again.
func (r *renaming) makeWay() error {
	if r.wait != nil {
		return r.fs.settleNow(r.wait)
	}
	if r.clear {
		return r.fs.clearName(r.p2, r.n2)
	}
	return nil
}

// settleNow settles an object over whose hidden old version something is to be
// done that can't keep it: a rare corner, and the only one in which a rename
// or rmdir waits for data.
func (fs *FS) settleNow(n *Node) error {
	if err := fs.mover.Hurry(context.Background(), n); err != nil {
		return err
	}
	fs.reap()
	return nil
}

func (r *renaming) release() {
	for _, n := range []*Node{r.src, r.tgt, r.wait} {
		if n != nil {
			r.fs.Release(n)
		}
	}
}

// prepare finds the objects, and makes the new parents on the backends that
// need them, without any lock held.
func (r *renaming) prepare() (err error) {
	if r.src, err = r.fs.find(r.p1, r.n1); err != nil {
		return err
	}
	r.isDir = r.src.isDir()
	r.tgt, err = r.fs.find(r.p2, r.n2)
	if err != nil && !errors.Is(err, syscall.ENOENT) {
		return err
	}
	if err := r.check(); err != nil {
		return err
	}
	if err := r.fs.ensureAll(r.p2, r.src.places()); err != nil {
		return err
	}
	if r.flags&unix.RENAME_EXCHANGE != 0 {
		return r.fs.ensureAll(r.p1, r.tgt.places())
	}
	return nil
}

// find returns the node of a name, held.
func (fs *FS) find(p *Node, name string) (*Node, error) {
	if n := p.dir.child(name); n != nil {
		return n, nil
	}
	var a Attr
	return fs.Lookup(p, name, &a)
}

// places returns the backends that hold the object.
func (n *Node) places() mask {
	if n.isDir() {
		return n.dir.mask()
	}
	return n.resident().bit()
}

func (fs *FS) ensureAll(n *Node, m mask) error {
	for _, s := range fs.stores {
		if m.has(s) {
			if err := fs.ensureOn(n, s); err != nil {
				return err
			}
		}
	}
	return nil
}

// check finds the errors that don't depend on what is in the directories.
func (r *renaming) check() error {
	exchange := r.flags&unix.RENAME_EXCHANGE != 0
	switch {
	case r.src.rooted || r.tgt != nil && r.tgt.rooted && (exchange || r.isDir):
		return syscall.EBUSY
	case r.isDir && r.fs.Below(r.p2, r.src):
		return syscall.EINVAL
	case r.tgt == nil && exchange:
		return syscall.ENOENT
	case r.tgt == nil:
		return maySwap(r.p1, r.src, r.p2, nil)
	case r.flags&unix.RENAME_NOREPLACE != 0:
		return syscall.EEXIST
	case exchange && r.tgt.isDir() && r.fs.Below(r.p1, r.tgt):
		return syscall.EINVAL
	case r.src != r.tgt && maySwap(r.p1, r.src, r.p2, r.tgt) != nil:
		return syscall.EPERM
	case exchange:
		return nil
	case r.isDir && !r.tgt.isDir():
		return syscall.ENOTDIR
	case !r.isDir && r.tgt.isDir():
		return syscall.EISDIR
	}
	return nil
}

// run takes the locks, sees that all is as prepared, and renames.
func (r *renaming) run() error {
	fs := r.fs
	if r.isDir || r.tgt != nil && r.tgt.isDir() {
		fs.topology.Lock()
		defer fs.topology.Unlock()
	} else {
		fs.topology.RLock()
		defer fs.topology.RUnlock()
	}
	if r.p1 != r.p2 {
		fs.renames.Lock()
		defer fs.renames.Unlock()
	}
	unlock := fs.lockDirs(r.p1, r.p2)
	defer unlock()
	if err := r.recheck(); err != nil {
		return err
	}
	if r.src == r.tgt {
		return nil
	}
	if r.flags&unix.RENAME_EXCHANGE != 0 {
		return r.exchange()
	}
	if r.tgt != nil && r.tgt.isDir() {
		r.tgt.dir.mu.Lock()
		defer r.tgt.dir.mu.Unlock()
		if wait, err := fs.emptyOut(r.tgt); err != nil {
			return err
		} else if wait != nil {
			r.wait = wait
			return errAgain
		}
	}
	unlockNames := lockNames(r.src, r.tgt)
	defer unlockNames()
	return r.replace()
}

// lockDirs locks two directories, an ancestor first, then by id.
func (fs *FS) lockDirs(a, b *Node) (unlock func()) {
	if a == b {
		a.dir.mu.Lock()
		return a.dir.mu.Unlock
	}
	if fs.Below(a, b) || !fs.Below(b, a) && b.id < a.id {
		a, b = b, a
	}
	a.dir.mu.Lock()
	b.dir.mu.Lock()
	return func() {
		b.dir.mu.Unlock()
		a.dir.mu.Unlock()
	}
}

// lockNames locks the names of two objects by id; b may be nil.
func lockNames(a, b *Node) (unlock func()) {
	if b == nil {
		a.names.Lock()
		return a.names.Unlock
	}
	if b.id < a.id {
		a, b = b, a
	}
	a.names.Lock()
	b.names.Lock()
	return func() {
		b.names.Unlock()
		a.names.Unlock()
	}
}

// recheck sees, with the directories locked, that what was prepared still
// holds.
func (r *renaming) recheck() error {
	if r.p1.dir.dead || r.p2.dir.dead {
		return syscall.ENOENT
	}
	if !r.same(r.p1, r.n1, r.src) || !r.same(r.p2, r.n2, r.tgt) {
		return errAgain
	}
	if m := r.src.places(); r.p2.dir.mask()&m != m {
		return errAgain
	}
	if r.flags&unix.RENAME_EXCHANGE != 0 {
		if m := r.tgt.places(); r.p1.dir.mask()&m != m {
			return errAgain
		}
	}
	return r.check()
}

func (r *renaming) same(p *Node, name string, want *Node) bool {
	n := p.dir.child(name)
	if n != nil {
		r.fs.Release(n)
	}
	return n == want
}

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
	sl := &slot{winner: r.src.res, losers: []loser{l}}
	if old := r.p2.dir.slots[r.n2]; old != nil {
		sl.losers = append(sl.losers, old.losers...)
		sl.after = old.after
	}
	fs.hide(r.p2, r.n2, sl)
	if !l.s.durable && len(sl.losers) == 1 {
		if err := fs.removeLosers(r.p2, r.n2, sl, nil); err == nil {
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

// step is one rename on one backend, part of a change.
type step struct {
	s      *store
	p1, p2 *Node
	n1, n2 string
	flags  uint
}

// renameAll carries out all steps, then commit, which brings the nodes in line;
// for directories readers of paths see both as one. Several steps are one
// change: an intent is written first, durably if two or more of the backends
// are durable, and removed when they are done, after a sync of the durable
// ones in the background. When a step fails, those before it are undone.
func (fs *FS) renameAll(steps []step, dirs bool, commit func()) error {
	type refs struct{ from, to *dirRef }
	open := make([]refs, 0, len(steps))
	defer func() {
		for _, o := range open {
			o.from.put()
			o.to.put()
		}
	}()
	for _, st := range steps {
		from, err := fs.ref(st.p1, st.s)
		if err != nil {
			return err
		}
		to, err := fs.ref(st.p2, st.s)
		if err != nil {
			from.put()
			return err
		}
		open = append(open, refs{from, to})
	}
	done, err := fs.intend(steps)
	if err != nil {
		return err
	}
	if dirs { // no reference may be opened from here on: that reads paths
		fs.treeSeq.writeBegin()
		defer fs.treeSeq.writeEnd()
	}
	for i, st := range steps {
		err := st.rename(open[i].from.Ref, open[i].to.Ref)
		if err == nil {
			continue
		}
		for j := i - 1; j >= 0; j-- {
			undo := steps[j].flags & unix.RENAME_EXCHANGE
			if uerr := open[j].to.Ref.Rename(steps[j].n2, open[j].from.Ref, steps[j].n1, undo); uerr != nil {
				return fmt.Errorf("undo a rename that failed half way (%w): %w", err, uerr)
			}
		}
		done(false)
		return err
	}
	commit()
	done(true)
	return nil
}

// rename does the step. A filesystem without RENAME_WHITEOUT gets the whiteout
// in a second call; a kill between the two shows the old version again.
func (st *step) rename(from, to backend.Ref) error {
	white := st.flags&unix.RENAME_WHITEOUT != 0 && !st.s.Props().Whiteout
	if !white {
		return from.Rename(st.n1, to, st.n2, st.flags)
	}
	if err := from.Rename(st.n1, to, st.n2, st.flags&^unix.RENAME_WHITEOUT); err != nil {
		return err
	}
	return from.Mknod(st.n1, unix.S_IFCHR, 0, backend.Cred{})
}

// intend writes the intent of a change of several steps. done removes it.
func (fs *FS) intend(steps []step) (done func(ok bool), err error) {
	if len(steps) < 2 {
		return func(bool) {}, nil
	}
	in := &journal.Intent{Kind: journal.KindRename, Boot: fs.boot}
	var durable mask
	for _, st := range steps {
		if st.s.durable {
			durable |= st.s.bit()
		}
		rec, err := fs.renameRecord(st)
		if err != nil {
			return nil, err
		}
		in.Renames = append(in.Renames, rec)
	}
	sync := durable.count() > 1
	at := intentHome(steps, sync)
	dir := at.Private(backend.JournalDir)
	name, err := journal.Write(dir, fs.stageSeq.Add(1), in, sync)
	if err != nil {
		return nil, err
	}
	return func(ok bool) {
		if sync && ok {
			if name, err = journal.MarkDone(dir, name); err != nil {
				fs.log.Error("a change that was carried out may be repeated after a kill", "err", err)
			}
			fs.reaper.later(func() error {
				if fs.syncStores(durable) != 0 {
					return syscall.EIO
				}
				return dir.Unlink(name)
			})
			return
		}
		if err := dir.Unlink(name); err != nil {
			fs.log.Error("remove intent", "name", name, "backend", at.name(), "err", err)
		}
	}, nil
}

// intentHome is the backend that keeps the intent: one that outlives what the
// intent is for. What happens on one durable backend alone needs none after a
// power cut, so then the intent lives and dies with a volatile one.
func intentHome(steps []step, durable bool) *store {
	for _, st := range steps {
		if st.s.durable == durable {
			return st.s
		}
	}
	return steps[0].s
}

func (fs *FS) renameRecord(st step) (journal.Rename, error) {
	ref, err := fs.ref(st.p1, st.s)
	if err != nil {
		return journal.Rename{}, err
	}
	defer ref.put()
	b, err := ref.Ref.Birth(st.n1)
	if err != nil {
		return journal.Rename{}, err
	}
	return journal.Rename{
		Backend: st.s.Props().UUID.String(),
		From:    fs.relPath(st.p1, st.n1),
		To:      fs.relPath(st.p2, st.n2),
		Flags:   st.flags,
		Birth:   uint64(keyOf(b)),
	}, nil
}

// relPath is the path of a name relative to the backends' roots.
func (fs *FS) relPath(p *Node, name string) []byte {
	dir, _ := fs.Path(p)
	return bytes.TrimPrefix([]byte(dir+"/"+name), []byte("/"))
}

// exchange swaps two objects. All directories are locked.
func (r *renaming) exchange() error {
	fs := r.fs
	for _, side := range []struct {
		p    *Node
		name string
		n    *Node
	}{{r.p1, r.n1, r.src}, {r.p2, r.n2, r.tgt}} {
		if side.p.dir.slots[side.name] != nil { // an old version that can't go along
			r.wait = side.n
			fs.Hold(r.wait)
			return errAgain
		}
	}
	unlock := lockNames(r.src, r.tgt)
	defer unlock()
	a, b := r.src, r.tgt
	if err := fs.markDue(a, fs.ruleOfDir(r.p2)); err != nil {
		return err
	}
	if err := fs.markDue(b, fs.ruleOfDir(r.p1)); err != nil {
		return err
	}
	err := fs.renameAll(r.exchangeSteps(), a.isDir() || b.isDir(), func() {
		fs.moveName(a, r.p1, r.n1, r.p2, r.n2)
		fs.moveName(b, r.p2, r.n2, r.p1, r.n1)
	})
	if err != nil {
		return err
	}
	for _, s := range fs.stores {
		if (a.placesLocked() | b.placesLocked()).has(s) {
			fs.touchDir(r.p1, s)
			fs.touchDir(r.p2, s)
		}
	}
	fs.announce(a, r.p2)
	fs.announce(b, r.p1)
	return nil
}

// exchangeSteps: where both are on a backend they are exchanged there, else
// each is renamed.
func (r *renaming) exchangeSteps() (steps []step) {
	on1, on2 := r.src.placesLocked(), r.tgt.placesLocked()
	for _, s := range r.fs.stores {
		switch {
		case on1.has(s) && on2.has(s):
			steps = append(steps, step{s, r.p1, r.p2, r.n1, r.n2, unix.RENAME_EXCHANGE})
		case on1.has(s):
			steps = append(steps, step{s, r.p1, r.p2, r.n1, r.n2, 0})
		case on2.has(s):
			steps = append(steps, step{s, r.p2, r.p1, r.n2, r.n1, 0})
		}
	}
	return steps
}
