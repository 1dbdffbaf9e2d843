package placement

import (
	"context"
	"errors"
	"github.com/seamfs/seamfs/backend"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// hide enters a slot, over what the directory knew of the name, and has the
// reaper look at it. The caller holds p's lock exclusively.
func (fs *FS) hide(p *Node, name string, sl *slot) {
	if p.dir.slots == nil {
		p.dir.slots = make(map[string]*slot)
	}
	p.dir.slots[name] = sl
	fs.reaper.add(fs, p, name)
}

// dropSlot forgets a slot, with its references. The caller holds p's lock
// exclusively.
func (fs *FS) dropSlot(p *Node, name string) {
	sl := p.dir.slots[name]
	if sl == nil {
		return
	}
	delete(p.dir.slots, name)
	for _, l := range sl.losers {
		fs.unhide(l)
	}
	for _, n := range sl.after {
		fs.Release(n)
	}
}

// unhide tells a node that one of its names, a shadow, is gone for good.
func (fs *FS) unhide(l loser) {
	if l.node == nil {
		return
	}
	l.count.drop()
	fs.Release(l.node)
}

// reaper removes what is hidden once nothing needs it any more.
type reaper struct {
	turn  sync.Mutex // held by who reaps; before all other locks
	mu    sync.Mutex
	items map[reapItem]struct{}
	jobs  []func() error // tried until they succeed
	poke  chan struct{}
	stop  chan struct{}
	done  chan struct{}
}

type reapItem struct {
	p    *Node // held
	name string
}

// reapPause gathers the work of many renames into one sync.
const reapPause = 200 * time.Millisecond

// reapAgain is how long what can't be removed yet waits, if nothing happens.
const reapAgain = 2 * time.Second

func (r *reaper) add(fs *FS, p *Node, name string) {
	r.mu.Lock()
	if r.items == nil {
		r.items = make(map[reapItem]struct{})
	}
	if _, ok := r.items[reapItem{p, name}]; !ok {
		fs.Hold(p)
		r.items[reapItem{p, name}] = struct{}{}
	}
	r.mu.Unlock()
	r.wake()
}

// later runs a job in the background, again and again until it succeeds.
func (r *reaper) later(job func() error) {
	r.mu.Lock()
	r.jobs = append(r.jobs, job)
	r.mu.Unlock()
	r.wake()
}

// runJobs runs the jobs once and keeps those that failed for the next time.
func (r *reaper) runJobs(fs *FS) {
	r.mu.Lock()
	jobs := r.jobs
	r.jobs = nil
	r.mu.Unlock()
	for _, job := range jobs {
		if err := job(); err != nil {
			fs.log.Warn("background job failed; it is tried again", "err", err)
			r.mu.Lock()
			r.jobs = append(r.jobs, job)
			r.mu.Unlock()
		}
	}
}

func (r *reaper) pending() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.items)+len(r.jobs) > 0
}

func (r *reaper) wake() {
	select {
	case r.poke <- struct{}{}:
	default:
	}
}

func (fs *FS) startReaper() {
	r := &fs.reaper
	r.poke = make(chan struct{}, 1)
	r.stop = make(chan struct{})
	r.done = make(chan struct{})
	r.wake()
	go func() {
		defer close(r.done)
		for {
			var again <-chan time.Time // only while something waits to be removed
			if r.pending() {
				again = time.After(reapAgain)
			}
			select {
			case <-r.stop:
				return
			case <-r.poke:
			case <-again:
			}
			select {
			case <-r.stop:
				return
			case <-time.After(reapPause):
			}
			r.runJobs(fs)
			fs.reap()
		}
	}()
}

func (fs *FS) stopReaper() {
	close(fs.reaper.stop)
	<-fs.reaper.done
	fs.reaper.runJobs(fs)
	fs.reap()
}

// reap looks at every slot once: those whose winner is on a durable backend
// are ready after one sync of it.
func (fs *FS) reap() {
	fs.reaper.turn.Lock()
	defer fs.reaper.turn.Unlock()
	fs.reaper.mu.Lock()
	items := make([]reapItem, 0, len(fs.reaper.items))
	for it := range fs.reaper.items {
		items = append(items, it)
	}
	fs.reaper.mu.Unlock()
	if len(items) == 0 {
		return
	}
	ready := make(map[reapItem]*slot)
	var sync mask
	for _, it := range items {
		it.p.dir.mu.RLock()
		sl := it.p.dir.slots[it.name]
		ok := sl == nil || fs.reapable(it.p, sl)
		if ok && sl != nil {
			sync |= sl.newVersions()
		}
		it.p.dir.mu.RUnlock()
		if ok {
			ready[it] = sl
		}
	}
	failed := fs.syncStores(sync)
	for it, sl := range ready {
		if sl != nil && sl.newVersions()&failed != 0 {
			continue
		}
		fs.reapOne(it, sl)
	}
}

// newVersions returns the durable backends that hold what replaced the losers:
// it must be on the disk before they go.
func (sl *slot) newVersions() (m mask) {
	if sl.winner != nil && sl.winner.durable {
		m = sl.winner.bit()
	}
	for _, n := range sl.after {
		if s := n.resident(); s.durable {
			m |= s.bit()
		}
	}
	return m
}

// syncStores syncs the backends of a mask and returns those that failed.
func (fs *FS) syncStores(m mask) (failed mask) {
	for _, s := range fs.stores {
		if !m.has(s) {
			continue
		}
		if err := s.SyncFS(); err != nil {
			fs.log.Error("sync backend", "backend", s.name(), "err", err)
			failed |= s.bit()
		}
	}
	return failed
}

// reapable tells whether what a slot hides may go, once its winner's backend
// is synced. A durable old version stays until the version that replaced it,
// or the object that went on elsewhere, is as durable as its rule says.
func (fs *FS) reapable(p *Node, sl *slot) bool {
	if sl.moving {
		return false
	}
	if !slices.ContainsFunc(sl.losers, func(l loser) bool { return l.s.durable && !l.white }) {
		return true
	}
	if !fs.allSettled(sl.after) {
		return false
	}
	if sl.winner != nil {
		return sl.winner.durable || !fs.ruleOfDir(p).durable()
	}
	return !sl.old || fs.idle()
}

// allSettled tells whether what went on to other names is as durable there as
// its rule says.
func (fs *FS) allSettled(nodes []*Node) bool {
	for _, n := range nodes {
		if !n.Gone() && !fs.Place(n).Settled {
			return false
		}
	}
	return true
}

// quicklySettled is allSettled for one who holds the names of self: it takes no
// lock that it would have to wait for, and says no instead.
func (fs *FS) quicklySettled(nodes []*Node, self *Node) bool {
	for _, n := range nodes {
		if n == self || n.Gone() {
			continue
		}
		if !n.names.TryRLock() {
			return false
		}
		settled := fs.ruleOfLocked(n).mask.has(n.res) && n.reloc.Load() == nil
		n.names.RUnlock()
		if !settled {
			return false
		}
	}
	return true
}

// errHidden tells that a durable old version is hidden at a name where
// something new is to be made, and is needed until what replaced it, and went
// on to another name, is settled.
var errHidden = errors.New("a version that is still needed is hidden here")

const (
	clearTries = 100
	clearPause = 100 * time.Millisecond
)

// clearName waits until nothing is hidden at a name. It is a rare corner: a
// file renamed over a durable one, then on to another name, then something
// new made at the first, all before the move. The caller holds no lock.
func (fs *FS) clearName(p *Node, name string) error {
	for try := range clearTries {
		p.dir.mu.RLock()
		sl := p.dir.slots[name]
		if sl == nil || sl.winner != nil {
			p.dir.mu.RUnlock()
			return nil
		}
		after := slices.Clone(sl.after)
		for _, n := range after {
			fs.Hold(n)
		}
		p.dir.mu.RUnlock()
		err := fs.settleAll(after)
		if err != nil {
			return err
		}
		fs.reap()
		if try > 0 {
			time.Sleep(clearPause) // only for what a killed daemon left: it is not known what to hurry
		}
	}
	return syscall.EBUSY
}

// settleAll hurries the moves of all nodes, and releases them.
func (fs *FS) settleAll(nodes []*Node) (err error) {
	for _, n := range nodes {
		if err == nil && !n.Gone() {
			err = fs.mover.Hurry(context.Background(), n)
		}
		fs.Release(n)
	}
	return err
}

// idle tells whether nothing is left to move from before this start.
func (fs *FS) idle() bool { return fs.mover.CaughtUp() }

// reapOne removes what a slot hides, if it is still the one that was looked
// at, and strikes the item off when nothing more is to be done at that name.
func (fs *FS) reapOne(it reapItem, sl *slot) {
	if fs.reapSlot(it, sl) {
		fs.Release(it.p)
	}
}

// reapSlot does it under the directory's lock, which also guards against the
// item being added again at the same time; true if it was struck off.
func (fs *FS) reapSlot(it reapItem, sl *slot) bool {
	it.p.dir.mu.Lock()
	defer it.p.dir.mu.Unlock()
	now := it.p.dir.slots[it.name]
	switch {
	case now == nil:
	case it.p.dir.dead:
		fs.dropSlot(it.p, it.name)
	case now != sl:
		return false
	default:
		if err := fs.removeLosers(it.p, it.name, sl); err != nil {
			fs.log.Warn("remove hidden object", "name", it.name, "err", err)
			return false
		}
		fs.dropSlot(it.p, it.name)
	}
	fs.reaper.mu.Lock()
	delete(fs.reaper.items, it)
	fs.reaper.mu.Unlock()
	return true
}

// removeLosers removes everything that a slot hides: shadows first, whiteouts
// last and only when the shadows' removal is durable. The caller holds p's lock
// exclusively.
func (fs *FS) removeLosers(p *Node, name string, sl *slot) error {
	var sync mask
	for _, l := range sl.losers {
		if l.white {
			continue
		}
		if err := fs.removeLoser(p, name, l); err != nil {
			return err
		}
		if l.s.durable {
			sync |= l.s.bit()
		}
	}
	for _, l := range sl.losers {
		if !l.white {
			continue
		}
		if l.s.durable && sync != 0 {
			if failed := fs.syncStores(sync); failed != 0 {
				return syscall.EIO
			}
			sync = 0
		}
		if err := fs.removeLoser(p, name, l); err != nil {
			return err
		}
	}
	return nil
}

// removeLoser removes one hidden object, if it still is the one that was
// hidden. The directory's times stay.
func (fs *FS) removeLoser(p *Node, name string, l loser) error {
	ref, err := fs.ref(p, l.s)
	if err != nil {
		return err
	}
	defer ref.put()
	b, err := ref.Ref.Birth(name)
	if errors.Is(err, syscall.ENOENT) {
		return nil
	}
	if err != nil {
		return err
	}
	if keyOf(b) != l.birth {
		fs.log.Error("a hidden object was replaced behind the mount's back; left alone", "name", name, "backend", l.s.name())
		return nil
	}
	return fs.keepTimes(p, l.s, ref, func() error {
		var a Attr
		if err := ref.Ref.Stat(name, &a); err != nil {
			return err
		}
		if a.Mode&unix.S_IFMT != unix.S_IFDIR {
			return fs.unlinkLoser(l, ref, name, a.Nlink > 1)
		}
		err := ref.Ref.Rmdir(name)
		if errors.Is(err, syscall.ENOTEMPTY) {
			return fs.keepLost(p, name, &candidate{s: l.s, ref: ref})
		}
		return err
	})
}

// unlinkLoser removes a shadow or a whiteout. Where the object has other names,
// its link count and the number of its shadows change as one for those who
// read attributes, and the kernel is to ask again.
func (fs *FS) unlinkLoser(l loser, ref *dirRef, name string, linked bool) error {
	if !linked {
		return ref.Ref.Unlink(name)
	}
	c := candidate{s: l.s, ref: ref}
	if err := c.read(name); err != nil {
		return err
	}
	if l.node != nil && l.node.lockSoon() {
		defer l.node.names.Unlock()
	}
	if err := ref.Ref.Unlink(name); err != nil {
		return err
	}
	if l.node != nil {
		l.count.drop()
	}
	fs.invalidate(c.identity())
	return nil
}

// lockSoon locks the names exclusively if that is to be had in a moment. Who
// holds other names may not wait for these: the order is by id.
func (n *Node) lockSoon() bool {
	for range 1000 {
		if n.names.TryLock() {
			return true
		}
		runtime.Gosched()
	}
	return false
}

// keepTimes runs fn, which changes the names in p's copy on s for seamfs's own
// purposes, and leaves the times that users see as they were. The caller holds
// p's lock exclusively.
func (fs *FS) keepTimes(p *Node, s *store, ref *dirRef, fn func() error) error {
	if p.resident() != s {
		return fn()
	}
	var a Attr
	if err := ref.Ref.Stat("", &a); err != nil {
		return err
	}
	if err := fn(); err != nil {
		return err
	}
	if err := ref.Ref.SetAttr("", &backend.SetAttr{Atime: &a.Atime, Mtime: &a.Mtime}); err != nil {
		return err
	}
	return fs.sameTimes(p, ref.Ref, "", &a)
}

// sameTimes has users go on to see the ctime and birth time of before, which a
// was read from the backend then.
func (fs *FS) sameTimes(n *Node, ref backend.Ref, name string, before *Attr) error {
	var now Attr
	if err := ref.Stat(name, &now); err != nil {
		return err
	}
	n.showTimes(before)
	n.rememberTimes(before, &now)
	return nil
}

// touchDir updates the times that users see of a directory whose names changed
// on s. The caller holds its lock exclusively.
func (fs *FS) touchDir(p *Node, s *store) {
	p.dir.recountDirs()
	res := p.resident()
	if res == s {
		return
	}
	ref, err := fs.ref(p, res)
	if err == nil {
		times := &backend.SetAttr{Mtime: timeNow()}
		if p.sealed() {
			times.Atime = timeNow() // both or none, for an append-only directory
		}
		err = ref.Ref.SetAttr("", times)
		ref.put()
	}
	if err != nil {
		fs.log.Warn("update times of a directory", "backend", res.name(), "err", err)
	}
}

// resident returns the backend that holds the object now.
func (n *Node) resident() *store {
	n.names.RLock()
	defer n.names.RUnlock()
	return n.res
}
