package placement

import (
	"errors"
	"strings"
	"syscall"

	"github.com/seamfs/seamfs/backend"
	"golang.org/x/sys/unix"
)

// Attr are an object's attributes as a user sees them: Ino is the node's id,
// Nlink leaves shadows out.
type Attr = backend.Attr

// timeNow asks for the current time, as UTIME_NOW of utimensat(2).
func timeNow() *backend.Time { return &backend.Time{Nsec: backend.NsecNow} }

// with calls fn with a reference and name that reach the object, whose names
// and resident don't change meanwhile.
func (fs *FS) with(n *Node, fn func(ref backend.Ref, name string) error) error {
	n.names.RLock()
	defer n.names.RUnlock()
	return fs.withLocked(n, fn)
}

func (fs *FS) withLocked(n *Node, fn func(ref backend.Ref, name string) error) error {
	if n.isDir() {
		ref, err := fs.ref(n, n.res)
		if err != nil {
			return err
		}
		defer ref.put()
		return fn(ref.Ref, "")
	}
	if n.orphan != nil {
		return fn(n.orphan, "")
	}
	at := n.at.Load()
	if at == nil {
		return errStale
	}
	ref, err := fs.ref(at.parent, n.res)
	if err != nil {
		return err
	}
	defer ref.put()
	return fn(ref.Ref, at.name)
}

// GetAttr fills out; f may be nil or an open file of n.
func (fs *FS) GetAttr(n *Node, f *File, out *Attr) error {
	err := fs.with(n, func(ref backend.Ref, name string) error { return ref.Stat(name, out) })
	if err == nil {
		fs.userAttr(n, out)
	}
	return err
}

// SetAttr changes attributes and fills out with the result. killPriv clears
// suid, and sgid of what the group may execute, with a change of size.
func (fs *FS) SetAttr(n *Node, f *File, s *backend.SetAttr, killPriv bool, out *Attr) error {
	if s.Size != nil {
		if n.typ != unix.S_IFREG {
			return syscall.EINVAL
		}
		n.io.enter()
		defer n.io.leave()
		defer n.noteTruncate(*s.Size)
	}
	err := fs.with(n, func(ref backend.Ref, name string) error {
		if s.Size != nil && killPriv && s.Mode == nil {
			if err := n.killPriv(ref, name); err != nil {
				return err
			}
		}
		defer n.changed()
		if err := ref.SetAttr(name, s); err != nil {
			return err
		}
		if n.isDir() {
			fs.standIns(n, func(c backend.Ref) error { return c.SetAttr("", s) })
		}
		return ref.Stat(name, out)
	})
	if err == nil {
		fs.userAttr(n, out)
	}
	return err
}

// changed notes a change of metadata: a move copies it again.
func (n *Node) changed() {
	n.gen.Add(1)
	n.priv.Store(privUnknown)
}

// What a file's mode is known to be with respect to suid and sgid.
const (
	privUnknown = iota
	privNone
)

// killPriv clears suid, and sgid where the group may execute, before a write
// by somebody without CAP_FSETID, as inode_drop_sgid and file_remove_privs of
// the kernel do; file capabilities the backend's filesystem clears itself.
func (n *Node) killPriv(ref backend.Ref, name string) error {
	if n.priv.Load() == privNone {
		return nil
	}
	var a Attr
	if err := ref.Stat(name, &a); err != nil {
		return err
	}
	mode := a.Mode & 0o7777
	kill := uint32(unix.S_ISUID)
	if mode&unix.S_IXGRP != 0 {
		kill |= unix.S_ISGID
	}
	if mode&kill != 0 {
		mode &^= kill
		if err := ref.SetAttr(name, &backend.SetAttr{Mode: &mode}); err != nil {
			return err
		}
		n.gen.Add(1)
	}
	n.priv.Store(privNone)
	return nil
}

// standIns applies a change of a directory to its copies on other backends.
// Only the resident's copy counts, so a failure is logged and no more.
func (fs *FS) standIns(n *Node, fn func(c backend.Ref) error) {
	for _, s := range fs.on(n) {
		if s == n.res {
			continue
		}
		ref, err := fs.ref(n, s)
		if err == nil {
			err = fn(ref.Ref)
			ref.put()
		}
		if err != nil {
			fs.log.Warn("change a directory's stand-in", "backend", s.name(), "err", err)
		}
	}
}

// GetXattr and its like act on stored attributes only (virtual ones are
// answered before); private names don't exist for users. Sizes as
// [backend.Ref].GetXattr.
func (fs *FS) GetXattr(n *Node, attr string, dst []byte) (size int, err error) {
	if privateAttr(attr) {
		return 0, syscall.ENODATA
	}
	err = fs.with(n, func(ref backend.Ref, name string) error {
		size, err = ref.GetXattr(name, attr, dst)
		return err
	})
	return size, err
}

// SetXattr sets an attribute; EPERM for private names.
func (fs *FS) SetXattr(n *Node, attr string, value []byte, flags int) error {
	return fs.changeXattr(n, attr, func(ref backend.Ref, name string) error {
		return ref.SetXattr(name, attr, value, flags)
	})
}

// RemoveXattr removes an attribute; EPERM for private names.
func (fs *FS) RemoveXattr(n *Node, attr string) error {
	return fs.changeXattr(n, attr, func(ref backend.Ref, name string) error {
		return ref.RemoveXattr(name, attr)
	})
}

func (fs *FS) changeXattr(n *Node, attr string, change func(ref backend.Ref, name string) error) error {
	if privateAttr(attr) {
		return syscall.EPERM
	}
	return fs.with(n, func(ref backend.Ref, name string) error {
		if err := change(ref, name); err != nil {
			return err
		}
		n.changed()
		if n.isDir() {
			n.dir.defACL.Store(aclUnknown)
			fs.standIns(n, func(c backend.Ref) error {
				err := change(c, "")
				if errors.Is(err, syscall.ENODATA) || errors.Is(err, syscall.EEXIST) {
					return nil
				}
				return err
			})
		}
		return nil
	})
}

// xfsACL begins the names under which XFS lists ACLs a second time.
const xfsACL = "trusted.SGI_ACL_"

// userXattr tells whether users see an attribute in lists.
func userXattr(attr string) bool { return !privateAttr(attr) && !strings.HasPrefix(attr, xfsACL) }

// ListXattr lists the stored attributes but the private ones, each name ended
// by NUL.
func (fs *FS) ListXattr(n *Node, dst []byte) (int, error) {
	var all []byte
	err := fs.with(n, func(ref backend.Ref, name string) error {
		var err error
		all, err = listXattr(ref, name)
		return err
	})
	if err != nil {
		return 0, err
	}
	out := 0
	for attr := range strings.SplitSeq(strings.TrimSuffix(string(all), "\x00"), "\x00") {
		if attr == "" || !userXattr(attr) {
			continue
		}
		if len(dst) > 0 {
			if out+len(attr)+1 > len(dst) {
				return 0, syscall.ERANGE
			}
			copy(dst[out:], attr)
			dst[out+len(attr)] = 0
		}
		out += len(attr) + 1
	}
	return out, nil
}

// listXattr returns the whole list, which may grow while it is asked for.
func listXattr(ref backend.Ref, name string) ([]byte, error) {
	for buf := make([]byte, 256); ; {
		size, err := ref.ListXattr(name, buf)
		if !errors.Is(err, syscall.ERANGE) {
			return buf[:max(size, 0)], err
		}
		buf = make([]byte, 2*len(buf))
	}
}

// Readlink returns a symbolic link's target.
func (fs *FS) Readlink(n *Node) (target string, err error) {
	err = fs.with(n, func(ref backend.Ref, name string) error {
		target, err = ref.Readlink(name)
		return err
	})
	return target, err
}

// Statfs answers for the backend on which new data at n would go.
func (fs *FS) Statfs(n *Node) (backend.Statfs, error) {
	return fs.homes(fs.ruleOf(n))[0].Statfs()
}
