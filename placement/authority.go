package placement

import (
	"errors"
	"github.com/seamfs/seamfs/backend"
	"maps"
	"math/bits"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// slot is what a directory remembers of a name at which something is hidden.
type slot struct {
	winner      *store // resident of what the name means; nil: nothing (whiteouts only)
	winnerIsDir bool
	losers      []loser
	// after are the objects that took the losing durable version's place and
	// went on to other names; it stays until they are settled. Each held.
	after []*Node
	// old tells that the slot is from before this start: it isn't known what
	// went on to other names.
	old bool
	// moving tells that the loser is the source of a move, which removes it.
	moving bool
}

// loser is one hidden object: a shadow, or a whiteout.
type loser struct {
	s     *store
	birth birthKey
	white bool
	node  *Node   // whose name it was while the mount lives; held; nil if unknown
	count *shadow // this name among node's shadows; nil if node is
}

func (sl *slot) losersMask() (m mask) {
	for _, l := range sl.losers {
		m |= l.s.bit()
	}
	return m
}

// lookupMany decides what a name means that several backends hold, or that
// holds a whiteout.
func (fs *FS) lookupMany(p *Node, name string, found mask, out *Attr, excl bool) (*Node, error) {
	cands, err := fs.candidates(p, name, found)
	defer func() {
		for _, c := range cands {
			c.ref.put()
		}
	}()
	if err != nil {
		return nil, err
	}
	if mergeable(cands) {
		auth := fs.authority(p, cands)
		if !excl && needsScaffold(cands, auth) {
			return nil, errExclusive
		}
		if err := fs.agree(cands, auth, name); err != nil {
			return nil, err
		}
		*out = auth.attr
		return fs.enter(p, name, auth, found, out)
	}
	if !excl {
		return nil, errExclusive
	}
	w, err := fs.decide(p, name, cands)
	if err != nil || w == nil {
		return nil, errors.Join(err, syscall.ENOENT)
	}
	*out = w.attr
	return fs.enter(p, name, w, w.s.bit(), out)
}

// candidates reads what the backends of found have at a name. Their references
// are the caller's to put back, also after an error.
func (fs *FS) candidates(p *Node, name string, found mask) ([]*candidate, error) {
	var out []*candidate
	for m := found; m != 0; m &= m - 1 {
		s := fs.stores[bits.TrailingZeros64(uint64(m))]
		ref, err := fs.ref(p, s)
		if err != nil {
			return out, err
		}
		c := &candidate{s: s, ref: ref, rival: found.count() > 1}
		out = append(out, c)
		if err := c.read(name); err != nil {
			return out, err
		}
	}
	return out, nil
}

func (c *candidate) read(name string) error {
	if err := c.ref.Ref.Stat(name, &c.attr); err != nil {
		return err
	}
	b, err := c.ref.Ref.Birth(name)
	if err != nil {
		return err
	}
	c.birth, c.id = keyOf(b), b.ID()
	c.st, err = readStamp(c.s, c.ref.Ref, name, c.birth)
	return err
}

// identity is the id that the candidate has, or stands in for.
func (c *candidate) identity() uint64 {
	if c.st != nil && c.st.id != 0 {
		return c.st.id
	}
	return c.id
}

// mergeable tells whether the candidates are one directory: all directories,
// and none stamped over another that is a different one.
func mergeable(cands []*candidate) bool {
	for _, z := range cands {
		if !z.isDir() {
			return false
		}
		for _, y := range cands {
			if z != y && z.identity() != y.identity() && z.over(y) {
				return false
			}
		}
	}
	return true
}

// over tells whether z's stamp names y.
func (z *candidate) over(y *candidate) bool {
	return z.st != nil && slices.Contains(z.st.over, y.birth)
}

// authority picks the copy of a directory that has its attributes: not one that
// stands in; of several the one stamped over another; then in the order of the
// rule.
func (fs *FS) authority(p *Node, cands []*candidate) *candidate {
	order := fs.ruleOfDir(p).stores
	rank := func(c *candidate) int {
		r := slices.Index(order, c.s)
		if r < 0 {
			r = len(order) + c.s.index
		}
		if c.st.has(stampScaffold) {
			r += 256
		}
		for _, y := range cands {
			if y.over(c) {
				r += 1024
			}
		}
		return r
	}
	return slices.MinFunc(cands, func(a, b *candidate) int { return rank(a) - rank(b) })
}

// needsScaffold tells whether copies of a directory that don't agree with the
// authority on the identity are yet to be stamped.
func needsScaffold(cands []*candidate, auth *candidate) bool {
	return slices.ContainsFunc(cands, func(c *candidate) bool {
		return c != auth && c.identity() != auth.identity()
	})
}

// agree stamps the copies of a directory that came together by path, so that
// from now on they are known to be one.
func (fs *FS) agree(cands []*candidate, auth *candidate, name string) error {
	for _, c := range cands {
		if c == auth || c.identity() == auth.identity() {
			continue
		}
		c.st = &stamp{own: []birthKey{c.birth}, id: auth.identity(), flags: stampScaffold}
		if err := writeStamp(c.s, c.ref.Ref, name, c.st); err != nil {
			return err
		}
	}
	return nil
}

// beats tells whether z wins its name over y: z's stamp names y, or z is a
// whiteout and y isn't stamped over it.
func (fs *FS) beats(z, y *candidate) bool {
	if z.white() {
		return !y.white() && !y.over(z)
	}
	if fs.lapsed(z) {
		return false
	}
	return z.over(y) || fs.lapsed(y) && y.over(z)
}

// lapsed tells whether a candidate's stamp was tentative in another boot: what
// it was to win over wins over it, because its own data may not be there.
func (fs *FS) lapsed(c *candidate) bool {
	return c.st.has(stampTentative) && c.st.boot != fs.boot
}

// decide finds the winner of a name and hides the others; nil means that the
// name means nothing. What nothing explains is compared. The caller holds the
// parent's lock exclusively.
func (fs *FS) decide(p *Node, name string, cands []*candidate) (*candidate, error) {
	var best []*candidate
	for _, z := range cands {
		beaten := slices.ContainsFunc(cands, func(y *candidate) bool {
			return y != z && fs.beats(y, z) && !fs.beats(z, y)
		})
		if !beaten {
			best = append(best, z)
		}
	}
	if len(best) == 0 {
		best = cands // a cycle
	}
	w, err := fs.compare(p, name, best)
	if err != nil {
		return nil, err
	}
	sl := &slot{old: true}
	for _, c := range cands {
		if c.white() && c.st == nil { // else it would be a user's once it is alone
			if err := stampAs(c.s, c.ref.Ref, name, 0, stampWhite); err != nil {
				return nil, err
			}
		}
		if c != w && !slices.Contains(best, c) {
			sl.losers = append(sl.losers, loser{s: c.s, birth: c.birth, white: c.white()})
		}
	}
	if w.white() {
		sl.losers = append(sl.losers, loser{s: w.s, birth: w.birth, white: true})
		w = nil
	} else {
		sl.winner, sl.winnerIsDir = w.s, w.isDir()
	}
	if len(sl.losers) > 0 {
		fs.hide(p, name, sl)
	}
	return w, nil
}

// compare settles an unexplained conflict: the first in the order of the rule
// stays; an identical other one goes, a different one is kept in lost+found.
func (fs *FS) compare(p *Node, name string, best []*candidate) (*candidate, error) {
	w := fs.authority(p, best)
	for _, c := range best {
		if c == w {
			continue
		}
		same, err := sameObject(w, c, name)
		if err != nil {
			return nil, err
		}
		if same {
			err = c.ref.Ref.Unlink(name)
		} else {
			err = fs.keepLost(p, name, c)
		}
		if err != nil {
			return nil, err
		}
		path, _ := fs.Path(p)
		fs.log.Warn("two objects at one name, and nothing tells which is newer",
			"dir", path, "name", name, "kept", w.s.name(), "other", c.s.name(), "identical", same)
	}
	return w, nil
}

// sameObject compares two objects: type, mode, owner, extended attributes and
// content.
func sameObject(a, b *candidate, name string) (bool, error) {
	x, y := &a.attr, &b.attr
	if x.Mode != y.Mode || x.UID != y.UID || x.GID != y.GID || x.Rdev != y.Rdev {
		return false, nil
	}
	if same, err := sameXattrs(a, b, name); err != nil || !same {
		return false, err
	}
	switch x.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		return sameContent(a, b, name)
	case unix.S_IFLNK:
		s, err := a.ref.Ref.Readlink(name)
		if err != nil {
			return false, err
		}
		t, err := b.ref.Ref.Readlink(name)
		return s == t, err
	case unix.S_IFDIR:
		return false, nil
	}
	return true, nil
}

// sameXattrs compares the extended attributes that users see.
func sameXattrs(a, b *candidate, name string) (bool, error) {
	x, err := readXattrs(a.ref.Ref, name)
	if err != nil {
		return false, err
	}
	y, err := readXattrs(b.ref.Ref, name)
	return maps.Equal(x, y), err
}

func readXattrs(ref backend.Ref, name string) (map[string]string, error) {
	list, err := listXattr(ref, name)
	if err != nil {
		return nil, err
	}
	out := make(map[string]string)
	for attr := range strings.SplitSeq(strings.TrimSuffix(string(list), "\x00"), "\x00") {
		if attr == "" || !userXattr(attr) {
			continue
		}
		buf := make([]byte, 64<<10) // XATTR_SIZE_MAX
		n, err := ref.GetXattr(name, attr, buf)
		if err != nil {
			return nil, err
		}
		out[attr] = string(buf[:n])
	}
	return out, nil
}

func sameContent(a, b *candidate, name string) (bool, error) {
	if a.attr.Size != b.attr.Size {
		return false, nil
	}
	f, err := a.ref.Ref.OpenFile(name, unix.O_RDONLY)
	if err != nil {
		return false, err
	}
	defer f.Close()
	g, err := b.ref.Ref.OpenFile(name, unix.O_RDONLY)
	if err != nil {
		return false, err
	}
	defer g.Close()
	bufA, bufB := make([]byte, 1<<20), make([]byte, 1<<20)
	for off := int64(0); off < a.attr.Size; {
		n, err := f.ReadAt(bufA, off)
		if err != nil {
			return false, err
		}
		m, err := g.ReadAt(bufB, off)
		if err != nil || n != m || n == 0 {
			return false, err
		}
		if !slices.Equal(bufA[:n], bufB[:n]) {
			return false, nil
		}
		off += int64(n)
	}
	return true, nil
}
