package placement

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/seamfs/seamfs/backend"
	"github.com/seamfs/seamfs/placement/journal"
	"golang.org/x/sys/unix"
)

const (
	// drainDeadline is how long a switch waits for reads and writes under way.
	drainDeadline = 20 * time.Millisecond
	// maxTail is how much a switch copies with the file's gate closed.
	maxTail = 16 << 20
)

// Switch puts the copy in place of the object and turns all its open handles
// to it. The caller has synced To since the last CatchUp. The source remains,
// hidden. After an error all is as before; ErrBusy and ErrNotEmpty allow to
// call it again later.
func (r *Relocation) Switch() error {
	err := r.switchNow()
	if err != nil && r.n.Gone() {
		return ErrGone
	}
	return err
}

func (r *Relocation) switchNow() error {
	if r.n.isDir() {
		return r.switchDir()
	}
	for range 8 {
		names := r.holdNames()
		again := false
		err := r.ensureParents(names)
		if err == nil {
			again, err = r.switchAt(names)
		}
		r.releaseNames(names)
		if err != nil || !again {
			return err
		}
	}
	return ErrBusy
}

// holdNames returns the names, and holds their directories.
func (r *Relocation) holdNames() []dentry {
	r.n.names.RLock()
	defer r.n.names.RUnlock()
	names := r.n.dentries()
	for _, d := range names {
		r.fs.Hold(d.parent)
	}
	return names
}

func (r *Relocation) releaseNames(names []dentry) {
	for _, d := range names {
		r.fs.Release(d.parent)
	}
}

// ensureParents makes the directories of all names exist on the new backend.
func (r *Relocation) ensureParents(names []dentry) error {
	if len(names) == 0 {
		return ErrGone
	}
	for _, d := range names {
		r.deep = r.deep || !d.parent.dir.mask().has(r.to)
		if err := r.fs.ensureOn(d.parent, r.to); err != nil {
			return err
		}
	}
	return nil
}

// switchAt switches under the locks of all names' directories, if the names
// are still those.
func (r *Relocation) switchAt(names []dentry) (again bool, err error) {
	fs, n := r.fs, r.n
	fs.topology.RLock()
	defer fs.topology.RUnlock()
	defer fs.lockParents(names)()
	if !n.io.close(drainDeadline) {
		return false, ErrBusy
	}
	defer n.io.open()
	n.names.Lock()
	defer n.names.Unlock()
	now := n.dentries()
	if len(now) == 0 || n.gone.Load() {
		return false, ErrGone
	}
	if !slices.Equal(names, now) {
		return true, nil
	}
	for _, d := range names {
		if !d.parent.dir.mask().has(r.to) {
			return true, nil
		}
	}
	if !fs.ruleOfLocked(n).mask.has(r.to) || n.res != r.from {
		return false, ErrRetarget
	}
	return false, r.switchLocked(names)
}

// lockParents locks the directories of several names: ancestors are less deep.
func (fs *FS) lockParents(names []dentry) (unlock func()) {
	if len(names) == 1 {
		d := names[0].parent.dir
		d.mu.Lock()
		return d.mu.Unlock
	}
	fs.renames.Lock()
	var dirs []*Node
	for _, d := range names {
		if !slices.Contains(dirs, d.parent) {
			dirs = append(dirs, d.parent)
		}
	}
	slices.SortFunc(dirs, func(a, b *Node) int {
		return cmp.Or(depth(a)-depth(b), cmp.Compare(a.id, b.id))
	})
	for _, d := range dirs {
		d.dir.mu.Lock()
	}
	return func() {
		for _, d := range dirs {
			d.dir.mu.Unlock()
		}
		fs.renames.Unlock()
	}
}

func depth(n *Node) (d int) {
	for at := n.at.Load(); at != nil; at = at.parent.at.Load() {
		d++
	}
	return d
}

// switchLocked does the switch with everything locked.
func (r *Relocation) switchLocked(names []dentry) error {
	if err := checkSeals(r.n, names); err != nil {
		return err
	}
	if err := r.checkLinks(names); err != nil {
		return err
	}
	for _, d := range names {
		// The old version there may be needed by what replaced it and went on.
		sl := d.parent.dir.slots[d.name]
		if sl != nil && sl.losersMask().has(r.to) && !r.fs.quicklySettled(sl.after, r.n) {
			return ErrBusy
		}
	}
	if r.direct {
		return r.switchDirect(names[0])
	}
	if err := r.lastCopy(names); err != nil {
		return err
	}
	files, err := r.openAll()
	if err != nil {
		return err
	}
	if err := r.place(names); err != nil {
		for _, f := range files {
			f.put()
		}
		return err
	}
	old := r.turn(files)
	r.settleNode(names)
	r.keepTimes()
	for _, f := range old {
		if err := f.put(); err != nil {
			r.fs.log.Warn("close file", "err", err)
		}
	}
	return nil
}

// keepTimes has users go on to see the object's ctime and birth time.
func (r *Relocation) keepTimes() {
	err := r.fs.withLocked(r.n, func(ref backend.Ref, name string) error {
		return r.fs.sameTimes(r.n, ref, name, &r.before)
	})
	if err != nil {
		r.fs.log.Warn("read the times of a moved object", "err", err)
	}
}

// checkLinks sees that all links of the object are among its names, and for a
// direct move that it has but one.
func (r *Relocation) checkLinks(names []dentry) error {
	if r.n.isDir() {
		return nil
	}
	a := &r.before
	err := r.fs.withLocked(r.n, func(ref backend.Ref, name string) error { return ref.Stat(name, a) })
	if err != nil {
		return err
	}
	if a.Nlink != uint32(len(names))+r.n.shadows() || r.direct && a.Nlink != 1 {
		return ErrRetarget // Begin decides anew
	}
	return nil
}

// lastCopy brings the copy up to date for good, with the gate closed.
func (r *Relocation) lastCopy(names []dentry) error {
	stage := r.to.Private(backend.StageDir)
	return r.fs.withLocked(r.n, func(ref backend.Ref, name string) error {
		var a Attr
		if err := ref.Stat(name, &a); err != nil {
			return err
		}
		late := r.n.gen.Load() != r.gen
		if r.dst != nil && !r.dirty.clean() {
			if r.dirty.bytes(a.Size) > maxTail {
				return ErrBusy
			}
			late = true
			if err := r.copyDirty(context.Background()); err != nil {
				return fmt.Errorf("copy again to backend %s: %w", r.to.name(), err)
			}
		}
		if err := r.stampAgain(stage, names, late); err != nil {
			return err
		}
		if r.n.gen.Load() != r.gen {
			return r.copyMetaLocked(ref, name)
		}
		return stage.SetAttr(r.tmp, &backend.SetAttr{Atime: &a.Atime, Mtime: &a.Mtime})
	})
}

// stampAgain writes the copy's stamp anew if something is hidden at the names,
// or if what came late, after the copy's sync, is not on the disk although it
// may be on the source's: then the copy counts only in this boot, until an
// fsync, or until the source is gone.
func (r *Relocation) stampAgain(stage backend.Ref, names []dentry, late bool) error {
	st := r.newStamp(names)
	if late && r.from.durable && r.to.durable {
		st.flags |= stampTentative
		st.boot = r.fs.boot
	}
	if slices.Equal(st.over, r.st.over) && st.flags == r.st.flags {
		return nil
	}
	r.st = st
	return writeStamp(r.to, stage, r.tmp, st)
}

// openAll opens the copy once for each open handle, with its flags.
func (r *Relocation) openAll() (files map[*File]*openFile, err error) {
	n := r.n
	n.fmu.Lock()
	defer n.fmu.Unlock()
	files = make(map[*File]*openFile, len(n.files))
	stage := r.to.Private(backend.StageDir)
	for f := range n.files {
		b, err := stage.OpenFile(r.tmp, f.flags)
		if err != nil {
			for _, o := range files {
				o.put()
			}
			return nil, fmt.Errorf("open the copy on backend %s: %w", r.to.name(), err)
		}
		files[f] = newOpenFile(b)
	}
	return files, nil
}

// turn gives the handles their new files and returns the old ones.
func (r *Relocation) turn(files map[*File]*openFile) (old []*openFile) {
	for f, o := range files {
		old = append(old, f.f)
		f.f = o
	}
	return old
}

// place renames the copy to the object's first name and links it to the
// others, with an intent if there are others.
func (r *Relocation) place(names []dentry) error {
	fs := r.fs
	if len(names) > 1 {
		if err := r.intendLinks(names); err != nil {
			return err
		}
	}
	stage := r.to.Private(backend.StageDir)
	for i, d := range names {
		err := r.placeAt(stage, d, i == len(names)-1)
		if err == nil {
			continue
		}
		for _, u := range names[:i] {
			if ref, rerr := fs.ref(u.parent, r.to); rerr == nil {
				err = errors.Join(err, ref.Ref.Unlink(u.name))
				ref.put()
			}
		}
		r.dropIntent()
		return err
	}
	r.tmp = ""
	r.settleIntent()
	return nil
}

// settleIntent ends the intent of a hard-linked file's switch, now that all its
// links are made: at once if the source goes with the power, else after the
// next sync. Until then it counts only for another boot.
func (r *Relocation) settleIntent() {
	if r.intent == "" {
		return
	}
	dir := r.to.Private(backend.JournalDir)
	if !r.from.durable {
		r.dropIntent()
		return
	}
	name, err := journal.MarkDone(dir, r.intent)
	if err != nil {
		r.fs.log.Error("a switch that was carried out may be repeated after a kill", "err", err)
	}
	r.intent = name
}

// dropIntent removes the intent, if there is one.
func (r *Relocation) dropIntent() {
	if r.intent == "" {
		return
	}
	if err := r.to.Private(backend.JournalDir).Unlink(r.intent); err != nil {
		r.fs.log.Error("remove intent", "name", r.intent, "backend", r.to.name(), "err", err)
	}
	r.intent = ""
}

// placeAt gives the copy one of the object's names: the last one by a rename.
func (r *Relocation) placeAt(stage backend.Ref, d dentry, last bool) error {
	fs := r.fs
	ref, err := fs.ref(d.parent, r.to)
	if err != nil {
		return err
	}
	defer ref.put()
	flags := uint(unix.RENAME_NOREPLACE)
	if sl := d.parent.dir.slots[d.name]; sl != nil && sl.losersMask().has(r.to) {
		flags = 0 // over the old version that the object replaced
	}
	from := r.tmp
	return fs.keepTimes(d.parent, r.to, ref, func() error {
		if !last {
			from = fs.stageName()
			if err := stage.Link(r.tmp, stage, from); err != nil {
				return err
			}
		}
		err := overShadow(d.parent.dir.slots[d.name], r.to, func() error {
			return stage.Rename(from, ref.Ref, d.name, flags)
		})
		if err != nil && !last {
			err = errors.Join(err, stage.Unlink(from))
		}
		return err
	})
}

// overShadow runs rename, which puts something in the place of what a slot hides
// on s. If that has other names, its link count and the number of its shadows
// change as one for those who read attributes.
func overShadow(sl *slot, s *store, rename func() error) error {
	for _, l := range sl.all() {
		if l.s != s || l.node == nil {
			continue
		}
		if l.node.lockSoon() {
			defer l.node.names.Unlock()
		}
		err := rename()
		if err == nil {
			l.count.drop()
		}
		return err
	}
	return rename()
}

// intendLinks writes the intent of a hard-linked file's switch: durably if its
// source will still be there after a power cut.
func (r *Relocation) intendLinks(names []dentry) error {
	in := &journal.Intent{Kind: journal.KindLinks, Boot: r.fs.boot, Links: &journal.Links{
		From: r.from.Props().UUID.String(),
		To:   r.to.Props().UUID.String(),
		Old:  uint64(r.old),
		New:  uint64(r.birth),
	}}
	for _, d := range names {
		in.Links.Names = append(in.Links.Names, r.fs.relPath(d.parent, d.name))
	}
	dir := r.to.Private(backend.JournalDir)
	name, err := journal.Write(dir, r.fs.stageSeq.Add(1), in, r.from.durable)
	r.intent = name
	return err
}

// settleNode makes the node one of the new backend, and hides the source.
func (r *Relocation) settleNode(names []dentry) {
	n := r.n
	n.res, n.birth, n.stamp = r.to, r.birth, r.st
	n.due.Store(false)
	n.hidden.Store(nil)
	r.dirty = nil
	r.keepNames(names)
	for _, d := range names {
		sl := &slot{winner: r.to, losers: []loser{{s: r.from, birth: r.old}}, moving: true}
		if old := d.parent.dir.slots[d.name]; old != nil {
			sl.after = old.after
			for _, l := range old.losers {
				if l.s == r.to {
					r.fs.unhide(l)
				} else {
					sl.losers = append(sl.losers, l)
				}
			}
		}
		r.fs.hide(d.parent, d.name, sl)
	}
}

// switchDirect renames the object home: both backends are on one filesystem.
// Its stamp names both births, before and after, so that it stays itself at
// every instant.
func (r *Relocation) switchDirect(d dentry) error {
	fs, n := r.fs, r.n
	from, err := fs.ref(d.parent, r.from)
	if err != nil {
		return err
	}
	defer from.put()
	to, err := fs.ref(d.parent, r.to)
	if err != nil {
		return err
	}
	defer to.put()
	b, err := birthOnOther(from.Ref, d.name, r.to)
	if err != nil {
		return err
	}
	st := n.stamp.clone()
	st.own, st.id = []birthKey{n.birth, b}, n.id
	st.flags &^= stampDue
	if err := r.to.MarkStamped(); err != nil {
		return err
	}
	if err := writeStamp(r.from, from.Ref, d.name, st); err != nil {
		return err
	}
	flags := uint(unix.RENAME_NOREPLACE)
	if sl := d.parent.dir.slots[d.name]; sl != nil && sl.losersMask().has(r.to) {
		flags = 0
	}
	err = fs.keepTimes(d.parent, r.from, from, func() error {
		return fs.keepTimes(d.parent, r.to, to, func() error { return from.Ref.Rename(d.name, to.Ref, d.name, flags) })
	})
	if err != nil {
		return err
	}
	fs.coverSlot(d.parent, d.name, r.to, false)
	n.res, n.birth, n.stamp = r.to, b, st
	n.due.Store(false)
	n.hidden.Store(nil)
	r.dirty = nil
	r.keepNames([]dentry{d})
	r.keepTimes()
	return nil
}

// birthOnOther is the birth that an object will have once it was renamed to
// another backend on the same filesystem: the same handle under its UUID.
func birthOnOther(ref backend.Ref, name string, to *store) (birthKey, error) {
	h, ok := ref.(backend.HandleBirther)
	if !ok {
		return 0, fmt.Errorf("backend can't tell births of another: %w", unix.ENOTSUP)
	}
	b, err := h.HandleBirth(name, to.Props().UUID)
	return keyOf(b), err
}
