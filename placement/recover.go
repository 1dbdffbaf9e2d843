package placement

import (
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/seamfs/seamfs/backend"
	"github.com/seamfs/seamfs/placement/journal"
	"golang.org/x/sys/unix"
)

// recover finishes what a killed daemon left half done, before the first
// request: it carries out the intents and collects the staging copies. What
// is merely misplaced needs no record: it is found at lookup and by the scan.
// It may itself be killed at any point and begin again.
func (fs *FS) recover() error {
	for _, s := range fs.stores {
		if err := fs.recoverIntents(s); err != nil {
			return fmt.Errorf("recover backend %s: %w", s.name(), err)
		}
	}
	for _, s := range fs.stores {
		if err := removeAll(s.Private(backend.StageDir)); err != nil {
			return fmt.Errorf("collect staging copies of backend %s: %w", s.name(), err)
		}
	}
	return nil
}

// recoverIntents carries out the intents of one backend's journal, oldest
// first, and removes each when its work is done and durable.
func (fs *FS) recoverIntents(s *store) error {
	dir := s.Private(backend.JournalDir)
	names, err := journal.List(dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		in, err := journal.Read(dir, name)
		switch {
		case errors.Is(err, journal.ErrDamaged):
			fs.log.Warn("drop an intent that was never whole", "backend", s.name(), "err", err)
		case err != nil:
			return err
		case journal.Done(name) && in.Boot == fs.boot:
			// carried out, and nothing was lost since
		default:
			fs.log.Info("finish an interrupted change", "backend", s.name(), "intent", name, "kind", in.Kind)
			if err := fs.carryOut(in); err != nil {
				return fmt.Errorf("carry out intent %s: %w", name, err)
			}
		}
		if err := dir.Unlink(name); err != nil {
			return err
		}
	}
	return nil
}

func (fs *FS) carryOut(in *journal.Intent) error {
	var touched mask
	switch in.Kind {
	case journal.KindRename:
		for _, r := range in.Renames {
			s := fs.byUUID(r.Backend)
			if s == nil {
				continue // its content went with it
			}
			touched |= s.bit()
			if err := s.redoRename(r); err != nil {
				return err
			}
		}
	case journal.KindLinks:
		from, to := fs.byUUID(in.Links.From), fs.byUUID(in.Links.To)
		if to == nil {
			return nil
		}
		touched |= to.bit()
		if err := redoLinks(in.Links, from, to); err != nil {
			return err
		}
	default:
		return fmt.Errorf("intent of an unknown kind %q", in.Kind)
	}
	for _, s := range fs.stores {
		if touched.has(s) && s.durable && touched.count() > 1 {
			if err := s.SyncFS(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (fs *FS) byUUID(u string) *store {
	for _, s := range fs.stores {
		if s.Props().UUID.String() == u {
			return s
		}
	}
	return nil
}

// redoRename does one rename, if its source is still there.
func (s *store) redoRename(r journal.Rename) error {
	from, name, err := s.openParent(r.From)
	if errors.Is(err, syscall.ENOENT) {
		return nil
	}
	if err != nil {
		return err
	}
	defer from.Close()
	if b, err := from.Birth(name); errors.Is(err, syscall.ENOENT) || err == nil && keyOf(b) != birthKey(r.Birth) {
		return nil
	} else if err != nil {
		return err
	}
	to, newname, err := s.openParent(r.To)
	if err != nil {
		return err
	}
	defer to.Close()
	return from.Rename(name, to, newname, r.Flags)
}

// redoLinks finishes the switch of a hard-linked file, if it had begun: where
// the source still is and nothing took its place, the new one gets its name.
// What users did to a name since shows there, and is left alone.
func redoLinks(l *journal.Links, from, to *store) error {
	begun, err := firstThatHolds(to, l)
	if err != nil || begun == nil || from == nil {
		return err
	}
	src, name, err := to.openParent(begun)
	if err != nil {
		return err
	}
	defer src.Close()
	var linked [][]byte
	for _, other := range l.Names {
		ok, err := to.holds(other, birthKey(l.New))
		if err == nil && !ok {
			ok, err = linkIfFree(l, from, to, src, name, other)
		}
		if err != nil {
			return err
		}
		if ok {
			linked = append(linked, other)
		}
	}
	if err := to.SyncFS(); err != nil {
		return err
	}
	for _, other := range linked {
		if err := from.unlinkIf(other, birthKey(l.Old)); err != nil {
			return err
		}
	}
	return nil
}

// firstThatHolds returns a name at which the switch was carried out, or nil.
func firstThatHolds(to *store, l *journal.Links) ([]byte, error) {
	for _, name := range l.Names {
		if ok, err := to.holds(name, birthKey(l.New)); err != nil || ok {
			return name, err
		}
	}
	return nil, nil
}

// linkIfFree links at a name where the source still is and nothing else.
func linkIfFree(l *journal.Links, from, to *store, src backend.Ref, name string, other []byte) (bool, error) {
	if ok, err := from.holds(other, birthKey(l.Old)); err != nil || !ok {
		return false, err
	}
	dir, newname, err := to.openParent(other)
	if errors.Is(err, syscall.ENOENT) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer dir.Close()
	err = src.Link(name, dir, newname)
	if errors.Is(err, syscall.EEXIST) {
		return false, nil
	}
	return err == nil, err
}

// holds tells whether a path holds the object of a birth.
func (s *store) holds(path []byte, b birthKey) (bool, error) {
	dir, name, err := s.openParent(path)
	if errors.Is(err, syscall.ENOENT) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer dir.Close()
	got, err := dir.Birth(name)
	if errors.Is(err, syscall.ENOENT) {
		return false, nil
	}
	return keyOf(got) == b, err
}

// unlinkIf removes a path if it holds the object of a birth.
func (s *store) unlinkIf(path []byte, b birthKey) error {
	if ok, err := s.holds(path, b); err != nil || !ok {
		return err
	}
	dir, name, err := s.openParent(path)
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Unlink(name)
}

// openParent opens the directory of a path relative to the root.
func (s *store) openParent(path []byte) (dir backend.Ref, name string, err error) {
	parts := strings.Split(string(path), "/")
	dir, err = s.Root().OpenRef("")
	if err != nil {
		return nil, "", err
	}
	for _, part := range parts[:len(parts)-1] {
		next, err := dir.OpenRef(part)
		dir.Close()
		if err != nil {
			return nil, "", err
		}
		dir = next
	}
	return dir, parts[len(parts)-1], nil
}

// removeAll empties a directory.
func removeAll(dir backend.Ref) error {
	type entry struct {
		name string
		typ  uint8
	}
	var all []entry
	err := dir.ReadDir(func(name string, typ uint8, ino uint64) error {
		all = append(all, entry{name, typ})
		return nil
	})
	if err != nil {
		return err
	}
	for _, e := range all {
		if e.typ == unix.DT_DIR {
			err = removeDir(dir, e.name)
		} else {
			err = dir.Unlink(e.name)
		}
		if err != nil {
			return fmt.Errorf("remove %s: %w", e.name, err)
		}
	}
	return nil
}

func removeDir(dir backend.Ref, name string) error {
	sub, err := dir.OpenRef(name)
	if err != nil {
		return err
	}
	err = removeAll(sub)
	sub.Close()
	if err != nil {
		return err
	}
	return dir.Rmdir(name)
}
