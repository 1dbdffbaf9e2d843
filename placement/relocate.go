package placement

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"github.com/seamfs/seamfs/backend"
	"golang.org/x/sys/unix"
)

// Relocation is one attempt to bring one object home. Its calls are made in
// the order Stage, CatchUp (any number of times), Switch, Finish; between
// them the caller syncs the To backend as each says. Abort ends it at any
// point before a successful Switch; an error of Finish ends it too. Not for
// concurrent use; different relocations may run at once.
//
// A kill at any point leaves, for the next start:
//
//	before Switch          the object where it was, and a staging file to collect
//	in or after Switch     both, and a stamp by which the new one wins
//	in or after Finish     the new one
type Relocation struct {
	fs       *FS
	n        *Node
	from, to *store
	bytes    int64

	single bool         // no hard links
	direct bool         // renamed home: both backends are on one filesystem
	tmp    string       // staging name; "" for none
	src    backend.File // of a regular file
	dst    backend.File // its copy
	dirty  *dirtyMap    // nil after the switch; changed with the gate closed
	gen    uint64       // metadata as of which the copy is
	birth  birthKey     // of the copy
	old    birthKey     // of the source
	st     *stamp       // of the copy
	before Attr         // of the object at the switch, on the old backend
	names  []dentry     // at the switch: where the source stays, hidden
	deep   bool         // directories were made for it: their names are to be synced too
	intent string       // name of the intent of a hard-linked file's switch; "" for none
}

// Errors of Begin and of a Relocation's methods, found with errors.Is.
// Others are real errors (an errno such as ENOSPC, EIO): the object stays where
// it is.
var (
	ErrSettled  = errors.New("nothing to move")
	ErrGone     = errors.New("object has no name any more")
	ErrPinned   = errors.New("cannot move now")
	ErrRetarget = errors.New("renamed to under another rule")
	ErrBusy     = errors.New("in use; try again a little later")
	ErrNotEmpty = errors.New("directory still holds objects that are to move first")
)

// Begin prepares to move n home, from now on following writes to it.
func (fs *FS) Begin(n *Node) (*Relocation, error) {
	n.names.RLock()
	defer n.names.RUnlock()
	r := &Relocation{fs: fs, n: n, from: n.res, old: n.birth, dirty: newDirtyMap()}
	rule := fs.ruleOfLocked(n)
	switch {
	case n.gone.Load() || n.at.Load() == nil:
		return nil, ErrGone
	case n.reloc.Load() != nil:
		return nil, ErrBusy
	case n.rooted || rule.mask.has(n.res):
		return nil, ErrSettled
	}
	if err := r.checkMovable(); err != nil {
		return nil, err
	}
	if err := r.choose(rule); err != nil {
		return nil, err
	}
	if !n.reloc.CompareAndSwap(nil, r) {
		return nil, ErrBusy
	}
	return r, nil
}

// checkMovable finds what keeps an object from moving. The caller holds
// n.names.
func (r *Relocation) checkMovable() error {
	var a Attr
	err := r.fs.withLocked(r.n, func(ref backend.Ref, name string) error { return ref.Stat(name, &a) })
	if err != nil {
		return err
	}
	r.bytes = a.Blocks * 512
	r.n.noteSeal(&a)
	if err := checkSeals(r.n, r.n.dentries()); err != nil {
		return err
	}
	if r.n.isDir() {
		return nil
	}
	known := uint32(len(r.n.dentries())) + r.n.shadows()
	if a.Nlink != known {
		return fmt.Errorf("%w: it has %d hard links, and %d are known", ErrPinned, a.Nlink, known)
	}
	r.single = a.Nlink == 1
	return nil
}

// choose picks the first backend of the rule on which the object fits. It is
// looked at before anything is copied, because a copy that fills a disk only
// to fail takes everybody's room on the way.
func (r *Relocation) choose(rule *rule) error {
	for _, s := range r.fs.homes(rule) {
		pair := r.fs.pairs[r.from.index][s.index]
		if r.single && !r.n.isDir() {
			if ok, err := pair.CanRename(); err == nil && ok {
				r.to, r.direct = s, true
				return nil
			}
		}
		if r.n.typ != unix.S_IFREG || pair.SameFilesystem() && pair.CanReflink() || r.fs.fits(s, r.bytes) {
			r.to = s
			return nil
		}
	}
	s := rule.stores[0]
	return fmt.Errorf("%d bytes are allocated, more than backend %s has room for: %w", r.bytes, s.name(), syscall.ENOSPC)
}

// fits tells whether so many bytes can be put on a backend, and leave the room
// that a home must have.
func (fs *FS) fits(s *store, bytes int64) bool {
	st, err := s.Statfs()
	return err != nil || bytes+minRoom <= int64(st.Bavail)*int64(max(st.Frsize, 1))
}

// From is the backend that holds the object.
func (r *Relocation) From() backend.Backend { return r.from.Backend }

// To is the backend that it is to move to.
func (r *Relocation) To() backend.Backend { return r.to.Backend }

// Bytes is the allocated size of the object when Begin was called (what
// progress adds up to, roughly: a reflink reports it all at once).
func (r *Relocation) Bytes() int64 { return r.bytes }

// Stage makes the staging copy, complete but for what is written meanwhile.
// Nothing of it is durable. ctx ends it early, and so does the loss of the
// object's last name (ErrGone).
func (r *Relocation) Stage(ctx context.Context, progress func(bytes int64)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	err := r.stage(ctx, func(bytes int64) {
		if r.n.Gone() {
			cancel()
		}
		if progress != nil {
			progress(bytes)
		}
	})
	if r.n.Gone() {
		return ErrGone
	}
	return err
}

func (r *Relocation) stage(ctx context.Context, progress func(bytes int64)) error {
	switch {
	case r.n.isDir():
		return r.fs.ensureOn(r.n, r.to)
	case r.direct:
		return nil
	}
	stage := r.to.Private(backend.StageDir)
	tmp := r.fs.stageName()
	if err := r.stageAs(ctx, stage, tmp, progress); err != nil {
		return fmt.Errorf("copy to backend %s: %w", r.to.name(), err)
	}
	b, err := stage.Birth(tmp)
	if err != nil {
		return err
	}
	r.birth = keyOf(b)
	r.n.names.RLock()
	r.st = r.newStamp(nil)
	r.n.names.RUnlock()
	return writeStamp(r.to, stage, tmp, r.st)
}

func (r *Relocation) stageAs(ctx context.Context, stage backend.Ref, tmp string, progress func(int64)) error {
	var a Attr
	if r.n.typ != unix.S_IFREG {
		return r.fs.with(r.n, func(ref backend.Ref, name string) error {
			r.gen = r.n.gen.Load()
			if err := ref.Stat(name, &a); err != nil {
				return err
			}
			err := backend.CopySpecial(stage, tmp, ref, name, &a)
			if err == nil {
				r.tmp = tmp
			}
			return err
		})
	}
	err := r.fs.with(r.n, func(ref backend.Ref, name string) (err error) {
		r.src, err = ref.OpenFile(name, unix.O_RDONLY|unix.O_NOATIME)
		return err
	})
	if err != nil {
		return err
	}
	if r.dst, err = stage.Create(tmp, unix.O_RDWR, 0o600, backend.Cred{}); err != nil {
		return err
	}
	r.tmp = tmp
	if err := backend.CopyStorageFlags(r.dst, r.src); err != nil {
		return err
	}
	if err := r.src.Stat(&a); err != nil {
		return err
	}
	pair := r.fs.pairs[r.from.index][r.to.index]
	if err := pair.CopyData(ctx, r.dst, r.src, a.Size, progress); err != nil {
		return err
	}
	return r.copyMeta()
}

// newStamp is what the copy says about itself: who it is, and that it wins
// over its source, and over what is hidden at its names on other backends. The
// caller holds n.names, and the locks of the names' directories.
func (r *Relocation) newStamp(names []dentry) *stamp {
	st := &stamp{own: []birthKey{r.birth}, id: r.n.id, over: []birthKey{r.old}}
	for _, d := range names {
		if sl := d.parent.dir.slots[d.name]; sl != nil {
			for _, l := range sl.losers {
				if l.s != r.to && l.birth != r.old {
					st.over = append(st.over, l.birth)
				}
			}
		}
	}
	return st
}

// copyMeta brings the copy's metadata in line with the source's.
func (r *Relocation) copyMeta() error {
	return r.fs.with(r.n, func(ref backend.Ref, name string) error { return r.copyMetaLocked(ref, name) })
}

func (r *Relocation) copyMetaLocked(ref backend.Ref, name string) error {
	r.gen = r.n.gen.Load()
	var a Attr
	if err := ref.Stat(name, &a); err != nil {
		return err
	}
	if r.dst != nil {
		if err := backend.CopyFlags(r.dst, r.src); err != nil {
			return err
		}
	}
	return backend.CopyMeta(r.to.Private(backend.StageDir), r.tmp, ref, name, &a)
}

// CatchUp copies again what was written since the last call (or since Stage
// began) and returns how many bytes were written to since it began.
func (r *Relocation) CatchUp(ctx context.Context) (left int64, err error) {
	if r.tmp == "" {
		return 0, nil
	}
	if r.n.gen.Load() != r.gen {
		if err := r.copyMeta(); err != nil {
			return 0, err
		}
	}
	if r.dst == nil || r.dirty.clean() {
		return 0, nil
	}
	if err := r.copyDirty(ctx); err != nil {
		return 0, fmt.Errorf("copy again to backend %s: %w", r.to.name(), err)
	}
	var a Attr
	if err := r.src.Stat(&a); err != nil {
		return 0, err
	}
	return r.dirty.bytes(a.Size), nil
}

// copyDirty copies what was written since it was last called.
func (r *Relocation) copyDirty(ctx context.Context) error {
	grains, rest, minEnd := r.dirty.take()
	var a Attr
	if err := r.src.Stat(&a); err != nil {
		return err
	}
	if minEnd >= 0 { // what was behind it was zero at some time
		if err := r.dst.SetAttr(&backend.SetAttr{Size: &minEnd}); err != nil {
			return err
		}
		if a.Size > minEnd {
			rest = lower(rest, minEnd/grain*grain)
		}
	}
	for g := range grains {
		if err := ctx.Err(); err != nil {
			r.dirty.write(0, a.Size) // what was taken isn't copied
			return err
		}
		off := g * grain
		if off >= a.Size || rest >= 0 && off >= rest {
			continue
		}
		if err := backend.CopyRangeExact(r.dst, r.src, off, min(grain, a.Size-off)); err != nil {
			return err
		}
	}
	if rest >= 0 && rest < a.Size {
		if err := backend.CopyRangeExact(r.dst, r.src, rest, a.Size-rest); err != nil {
			return err
		}
	}
	return r.dst.SetAttr(&backend.SetAttr{Size: &a.Size})
}

// lower is the smaller of two offsets, of which a negative one means none.
func lower(a, b int64) int64 {
	if a < 0 || b < a {
		return b
	}
	return a
}

// Abort removes the staging copy.
func (r *Relocation) Abort() {
	r.closeFiles()
	if r.tmp != "" {
		if err := r.to.Private(backend.StageDir).Unlink(r.tmp); err != nil {
			r.fs.log.Warn("remove staging copy", "backend", r.to.name(), "err", err)
		}
		r.tmp = ""
	}
	r.n.reloc.CompareAndSwap(r, nil)
}

func (r *Relocation) closeFiles() {
	for _, f := range []*backend.File{&r.src, &r.dst} {
		if *f == nil {
			continue
		}
		if err := (*f).Close(); err != nil {
			r.fs.log.Warn("close file of a move", "err", err)
		}
		*f = nil
	}
}

// Sync makes the staging copy (before Switch) or the switched object and its
// names (after) durable by itself: cheaper than SyncFS for one object.
func (r *Relocation) Sync() error {
	if r.names == nil && r.dst != nil {
		return r.dst.Sync(false)
	}
	if r.names == nil || r.deep || r.n.isDir() {
		return r.to.SyncFS()
	}
	if r.n.typ == unix.S_IFREG {
		f, err := r.fs.syncFile(r.n, nil)
		if err != nil {
			return err
		}
		defer f.put()
		if err := f.Sync(false); err != nil {
			return err
		}
	}
	for _, d := range r.names {
		ref, err := r.fs.ref(d.parent, r.to)
		if err != nil {
			return err
		}
		err = ref.Ref.Sync()
		ref.put()
		if err != nil && !errors.Is(err, syscall.ENOENT) {
			return err
		}
	}
	return nil
}
