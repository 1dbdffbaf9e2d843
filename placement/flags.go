package placement

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/seamfs/seamfs/backend"
	"golang.org/x/sys/unix"
)

// File flags are those of the object's resident; of a directory on several
// backends, the resident's copy decides, and the stand-ins have what they can
// have of the flags that new objects inherit. No stand-in is ever immutable or
// append-only: things that the user may still do below such a directory have
// to be possible in it. Hence the namespace checks these two itself, by what
// Node.seal remembers, before it changes anything; on the resident the
// filesystem checks them once more.

// sealFlags are the flags of an Attr by which an object can't be changed.
const sealFlags = unix.STATX_ATTR_IMMUTABLE | unix.STATX_ATTR_APPEND

// noteSeal remembers whether the object is immutable or append-only.
func (n *Node) noteSeal(a *Attr) { n.seal.Store(uint32(a.Flags & sealFlags)) }

// sealed tells whether the object is immutable or append-only.
func (n *Node) sealed() bool { return n.seal.Load() != 0 }

// mayMake is EPERM if nothing may be made in the directory p.
func mayMake(p *Node) error {
	if p.seal.Load()&unix.STATX_ATTR_IMMUTABLE != 0 {
		return syscall.EPERM
	}
	return nil
}

// mayRemove is EPERM if n may not lose its name in the directory p.
func mayRemove(p, n *Node) error {
	if p.sealed() || n.sealed() {
		return syscall.EPERM
	}
	return nil
}

// maySwap is mayRemove and mayMake for a rename of src in p1, to a name in p2
// that may mean tgt.
func maySwap(p1, src, p2, tgt *Node) error {
	if err := mayRemove(p1, src); err != nil {
		return err
	}
	if tgt == nil {
		return mayMake(p2)
	}
	return mayRemove(p2, tgt)
}

// checkSeals finds what keeps an object with these names from moving: its own
// flags or those of a directory. The caller holds n.names.
func checkSeals(n *Node, names []dentry) error {
	if n.sealed() {
		return fmt.Errorf("%w: it is immutable or append-only on backend %s", ErrPinned, n.res.name())
	}
	for _, d := range names {
		if d.parent.sealed() {
			return fmt.Errorf("%w: the directory it is in is immutable or append-only", ErrPinned)
		}
	}
	return nil
}

// Flags returns the file flags of a regular file or directory, as
// [backend.Ref].Flags.
func (fs *FS) Flags(n *Node) (flags uint32, err error) {
	err = fs.with(n, func(ref backend.Ref, name string) error {
		flags, err = ref.Flags(name)
		return err
	})
	return flags, err
}

// SetFlags sets the file flags, as [backend.Ref].SetFlags. What they kept from
// moving, the object or what is in it, is tried again at once.
func (fs *FS) SetFlags(n *Node, flags uint32) error {
	was := n.sealed()
	err := fs.with(n, func(ref backend.Ref, name string) error {
		if err := setFlags(ref, name, flags); err != nil {
			return err
		}
		n.changed()
		var a Attr
		if err := ref.Stat(name, &a); err != nil {
			return err
		}
		n.noteSeal(&a)
		if n.isDir() {
			fs.standIns(n, func(c backend.Ref) error {
				err := backend.CopyFlags(backend.FlagsAt(c, ""), backend.FlagsAt(ref, name))
				if errors.Is(err, backend.ErrCannotHold) {
					return nil
				}
				return err
			})
		}
		return nil
	})
	if err != nil {
		return err
	}
	if was && !n.sealed() && n.isDir() {
		fs.reaper.wake() // for old versions hidden in it, which couldn't be removed
		if n.dir.mask()&^fs.ruleOfDir(n).mask != 0 {
			fs.mover.MisplacedTree(n)
		}
	}
	fs.tellIfMisplaced(n)
	return nil
}

// storedFlags describe how a file is stored: extents, index, inline data, huge
// file.
const storedFlags = 0x80000 | 0x1000 | 0x10000000 | 0x40000

// setFlags sets flags that the caller read and changed. In between the object
// may have moved to a filesystem that stores it otherwise: what only told how
// it was stored isn't asked of this one.
func setFlags(ref backend.Ref, name string, flags uint32) error {
	err := ref.SetFlags(name, flags)
	if !errors.Is(err, syscall.EOPNOTSUPP) || flags&storedFlags == 0 {
		return err
	}
	have, gerr := ref.Flags(name)
	if gerr != nil {
		return gerr
	}
	if now := flags&^storedFlags | have&storedFlags; now != flags {
		return ref.SetFlags(name, now)
	}
	return err
}

// openOn opens a file where it is. An append-only one opens for writing with
// O_APPEND alone, and only for a caller who asked for it.
func openOn(ref backend.Ref, name string, flags int) (backend.File, error) {
	f, err := ref.OpenFile(name, flags&(openFlags|unix.O_TRUNC))
	if errors.Is(err, syscall.EPERM) && flags&unix.O_APPEND != 0 && flags&unix.O_TRUNC == 0 {
		return ref.OpenFile(name, flags&(openFlags|unix.O_APPEND))
	}
	return f, err
}
