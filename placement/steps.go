package placement

import (
	"bytes"
	"fmt"
	"syscall"

	"github.com/seamfs/seamfs/backend"
	"github.com/seamfs/seamfs/placement/journal"
	"golang.org/x/sys/unix"
)

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
