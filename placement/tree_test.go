package placement

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/seamfs/seamfs/backend"
	"golang.org/x/sys/unix"
)

// entry is what a user sees at one path.
type entry struct {
	mode    uint32
	label   uint32
	nlink   uint32
	rdev    uint64
	content string
}

// tree is what a user sees below the root, and the ids of all labels.
type tree struct {
	at  map[string]entry
	ids map[uint32]uint64
}

// look takes down all that a user sees.
func (w *world) look() (tree, error) {
	t := tree{at: make(map[string]entry), ids: make(map[uint32]uint64)}
	err := w.lookBelow(&t, "/", w.fs.Root())
	return t, err
}

func (w *world) lookBelow(t *tree, path string, n *Node) error {
	d, err := w.fs.OpenDir(n)
	if err != nil {
		return err
	}
	for cookie := uint64(0); ; {
		e, ok, err := d.Entry(cookie, true)
		if err != nil {
			return fmt.Errorf("list %s: %w", path, err)
		}
		if !ok {
			return nil
		}
		if err := w.lookAtEntry(t, filepath.Join(path, e.Name), n, e); err != nil {
			return err
		}
		cookie = e.Cookie
	}
}

func (w *world) lookAtEntry(t *tree, path string, p *Node, e Entry) error {
	if _, twice := t.at[path]; twice {
		return fmt.Errorf("%s is listed twice", path)
	}
	var a Attr
	n, err := w.fs.Lookup(p, e.Name, &a)
	if err != nil {
		return fmt.Errorf("lookup of %s, which is listed: %w", path, err)
	}
	defer w.fs.Release(n)
	if e.Type != n.Type() || e.Ino != a.Ino || a.Ino != n.ID() {
		return fmt.Errorf("%s: listed as %o of id %d, found %o of id %d (%d)", path, e.Type, e.Ino, n.Type(), a.Ino, n.ID())
	}
	en := entry{mode: a.Mode, label: a.GID, nlink: a.Nlink, rdev: a.Rdev}
	switch n.Type() {
	case unix.S_IFREG, unix.S_IFLNK:
		if en.content, err = w.read(path); err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
	}
	if id, ok := t.ids[a.GID]; ok && a.GID != 0 && id != n.ID() {
		return fmt.Errorf("%s: object %d has the ids %d and %d", path, a.GID, id, n.ID())
	}
	t.at[path], t.ids[a.GID] = en, n.ID()
	if n.isDir() {
		return w.lookBelow(t, path, n)
	}
	return nil
}

// mustLook is look for those that go on only if it works.
func (w *world) mustLook() tree {
	w.Helper()
	t, err := w.look()
	if err != nil {
		w.Fatal(err)
	}
	return t
}

// differ tells how two trees differ; "" if they don't.
func (t tree) differ(want tree) string {
	out := ""
	for _, path := range slices.Sorted(maps.Keys(want.at)) {
		if got, ok := t.at[path]; !ok {
			out += fmt.Sprintf("%s is missing\n", path)
		} else if got != want.at[path] {
			out += fmt.Sprintf("%s is %+v, want %+v\n", path, got, want.at[path])
		}
	}
	for _, path := range slices.Sorted(maps.Keys(t.at)) {
		if _, ok := want.at[path]; !ok {
			out += fmt.Sprintf("%s is there: %+v\n", path, t.at[path])
		}
	}
	return out
}

// withoutLinks is the tree without link counts, which after a start count a
// shadow until it is known or removed.
func (t tree) withoutLinks() tree {
	out := tree{at: make(map[string]entry), ids: t.ids}
	for path, e := range t.at {
		e.nlink = 0
		out.at[path] = e
	}
	return out
}

// linksRight checks that link counts are the number of names.
func (t tree) linksRight() error {
	names := make(map[uint64]uint32)
	for _, e := range t.at {
		names[t.ids[e.label]]++
	}
	for path, e := range t.at {
		if n := names[t.ids[e.label]]; e.mode&unix.S_IFMT != unix.S_IFDIR && e.nlink != n {
			return fmt.Errorf("%s has the link count %d and %d names", path, e.nlink, n)
		}
	}
	return nil
}

// same checks that a tree is what it was, with all ids.
func (w *world) same(want tree) {
	w.Helper()
	got, err := w.look()
	if err != nil {
		w.Error(err)
		return
	}
	if d := got.differ(want); d != "" {
		w.Errorf("the tree differs:\n%s", d)
	}
	for label, id := range want.ids {
		if now, ok := got.ids[label]; ok && now != id && label != 0 {
			w.Errorf("object %d had the id %d and has %d", label, id, now)
		}
	}
}

// privateLeft lists what is in a private directory of any backend.
func (w *world) privateLeft(dirs ...string) (left []string) {
	w.Helper()
	for be := range beNames {
		for _, dir := range dirs {
			des, err := os.ReadDir(w.raw(be, backend.PrivateDir, dir))
			if err != nil {
				w.Fatal(err)
			}
			for _, de := range des {
				left = append(left, filepath.Join(beNames[be], dir, de.Name()))
			}
		}
	}
	return left
}

// holders returns the backends that hold a path, hidden or not.
func (w *world) holders(path string) (out string) {
	for be, name := range beNames {
		if _, err := os.Lstat(w.raw(be, path)); err == nil {
			out += name
		}
	}
	return out
}

// onlyVisible checks, once all is settled, that the backends hold what users
// see, each object once and on a backend of its rule, and nothing else.
func (w *world) onlyVisible(t tree) error {
	for be := range beNames {
		err := filepath.WalkDir(w.raw(be), func(full string, de fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			path := "/" + trimRoot(full, w.raw(be))
			if path == "/" {
				return nil
			}
			if path == "/"+backend.PrivateDir {
				return filepath.SkipDir
			}
			return w.rightAt(t, be, path, de)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func trimRoot(full, root string) string {
	rel, err := filepath.Rel(root, full)
	if err != nil || rel == "." {
		return ""
	}
	return rel
}

func (w *world) rightAt(t tree, be int, path string, de fs.DirEntry) error {
	if _, ok := t.at[path]; !ok {
		return fmt.Errorf("backend %s holds %s (%v), which users don't see", beNames[be], path, de.Type())
	}
	if de.IsDir() && len(path) == 2 || !de.IsDir() && t.at[path].nlink > 1 {
		return nil // a prefix; a file whose other name may say where it belongs
	}
	if des, err := os.ReadDir(w.raw(be, path)); de.IsDir() && (err != nil || len(des) > 0) {
		return err // stands in for what is in it, which is looked at by itself
	}
	var wrong error
	err := w.on(path, func(n *Node) error {
		if !w.fs.ruleOf(n).mask.has(w.fs.stores[be]) {
			wrong = fmt.Errorf("backend %s still holds %s", beNames[be], path)
		}
		return nil
	})
	return errors.Join(wrong, err)
}

// noRefsLeft checks that nothing but the root and the prefixes is in memory
// once nothing is hidden and nobody holds anything.
func (w *world) noRefsLeft() {
	w.Helper()
	var left []*Node
	w.fs.nodes.each(func(n *Node) {
		if n != w.fs.root && !n.rooted {
			left = append(left, n)
		}
	})
	for _, n := range left {
		path, _ := w.fs.Path(n)
		w.Errorf("%s (type %o, gone %v, resident %s, rule %s, links %v) is still held %d times",
			path, n.typ, n.Gone(), n.res.name(), w.fs.ruleOf(n).prefix, n.links, n.refs.Load())
	}
}
