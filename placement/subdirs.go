package placement

import (
	"syscall"

	"github.com/seamfs/seamfs/backend"
	"golang.org/x/sys/unix"
)

// dirNlink corrects the link count of a directory that is on several backends:
// two and one for each directory in any of them. If any backend doesn't count
// (btrfs says 1), none does, so that a move changes nothing.
func (fs *FS) dirNlink(n *Node, a *Attr) {
	if fs.uncounted {
		a.Nlink = min(a.Nlink, 1)
	}
	if n == fs.root && a.Nlink > 2 && n.dir.mask().count() == 1 {
		a.Nlink-- // the private directory
	}
	if n.dir.mask().count() < 2 || a.Nlink < 2 {
		return
	}
	sub := n.dir.subdirs.Load()
	if unknown := sub; unknown < 0 {
		var err error
		if sub, err = fs.countDirs(n); err != nil {
			return
		}
		n.dir.subdirs.CompareAndSwap(unknown, sub) // unless the names changed meanwhile
	}
	a.Nlink = uint32(2 + sub)
}

// recountDirs notes that the number of directories isn't known any more. Each
// time it is unknown by another negative value, so that a count of before is
// not taken for one of now.
func (d *dir) recountDirs() {
	for {
		old := d.subdirs.Load()
		if d.subdirs.CompareAndSwap(old, -d.recounts.Add(1)) {
			return
		}
	}
}

// countDirs counts the directories in a merged one. Only if there are any it
// reads names: one of them may be on several backends.
func (fs *FS) countDirs(n *Node) (count int64, err error) {
	if none, err := fs.noDirs(n); none || err != nil {
		return 0, err
	}
	for _, err := range newDir(listing{fs: fs, n: n, dirs: true}).all() {
		if err != nil {
			return 0, err
		}
		count++
	}
	return count, nil
}

// noDirs tells by the link counts of all copies that there is no directory in
// them, but seamfs's own in the root's.
func (fs *FS) noDirs(n *Node) (bool, error) {
	least := uint32(2)
	if n == fs.root {
		least++
	}
	for _, s := range fs.on(n) {
		ref, err := fs.ref(n, s)
		if err != nil {
			return false, err
		}
		var a Attr
		err = ref.Ref.Stat("", &a)
		ref.put()
		if err != nil || a.Nlink != least {
			return false, err
		}
	}
	return true, nil
}

// doubtfulNames returns the names in a directory that may mean nothing: hidden
// ones, whiteouts, and those that several backends hold. It is ENOTEMPTY as
// soon as one is found that users see for sure. The caller holds n's lock.
func (fs *FS) doubtfulNames(n *Node) (map[string]struct{}, error) {
	names := make(map[string]struct{})
	for _, s := range fs.on(n) {
		ref, err := fs.ref(n, s)
		if err != nil {
			return nil, err
		}
		err = ref.Ref.ReadDir(func(name string, typ uint8, _ uint64) error {
			if n == fs.root && name == backend.PrivateDir {
				return nil
			}
			if n.dir.slots[name] == nil && typ != unix.DT_CHR && typ != unix.DT_UNKNOWN && !fs.mixed(n, name, s, typ) {
				return syscall.ENOTEMPTY
			}
			names[name] = struct{}{}
			return nil
		})
		ref.put()
		if err != nil {
			return nil, err
		}
	}
	return names, nil
}

// mixed tells whether other backends hold the name too, and not all hold a
// directory.
func (fs *FS) mixed(n *Node, name string, s *store, typ uint8) bool {
	for _, other := range fs.on(n) {
		if other == s {
			continue
		}
		ref, err := fs.ref(n, other)
		if err != nil {
			return true
		}
		var a Attr
		err = ref.Ref.Stat(name, &a)
		ref.put()
		if err != nil && err != syscall.ENOENT || err == nil && (typ != unix.DT_DIR || a.Mode&unix.S_IFMT != unix.S_IFDIR) {
			return true
		}
	}
	return false
}
