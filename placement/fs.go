package placement

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/seamfs/seamfs/backend"
	"golang.org/x/sys/unix"
)

// Config is what a namespace is made of.
type Config struct {
	Backends []backend.Backend // in the order of the command line; at most 64
	Rules    []Rule            // one has the prefix "/"
	Adopt    bool              // also move what lies elsewhere from before
	Log      *slog.Logger
	Now      func() time.Time // nil: time.Now
}

// Mover is told what to move. It is attached with [FS.SetMover] before the
// first request.
type Mover interface {
	// Misplaced says that n is due to move home. It is called with locks held:
	// it must not block nor call the namespace, but for Hold. n may be told
	// several times.
	Misplaced(n *Node)
	// MisplacedTree says that the directory n, renamed to under another rule,
	// and what is below it are to be scanned. As Misplaced.
	MisplacedTree(n *Node)
	// Hurry moves n before others and waits until it is settled: nil, or the
	// errno that fsync gives (ENOSPC, EIO for one that is parked or failed),
	// or ctx's error. Called without locks.
	Hurry(ctx context.Context, n *Node) error
	// Gone says that n lost its last name: what is remembered of it must not
	// keep it, and with it its space on the disk. As Misplaced.
	Gone(n *Node)
	// CaughtUp tells that everything that was misplaced at the start is known
	// and has been settled.
	CaughtUp() bool
}

// store is one backend of the namespace.
type store struct {
	backend.Backend
	index   int
	durable bool
	room    room
}

func (s *store) bit() mask    { return 1 << s.index }
func (s *store) name() string { return s.Props().Name }

// FS is the namespace. See the package documentation for its locks.
type FS struct {
	stores []*store
	rules  []*rule // longest prefix first
	adopt  bool
	log    *slog.Logger
	now    func() time.Time
	boot   uint32 // hash of the kernel's boot id, for tentative stamps

	mover   Mover
	nodes   *table
	root    *Node
	dirRefs *refCache

	topology   sync.RWMutex
	treeSeq    seqCount
	renames    sync.Mutex // one rename between two directories at a time
	stageSeq   atomic.Uint64
	pairs      [][]*backend.Pair // [source][destination]
	reaper     reaper
	lostFound  atomic.Int64
	uncounted  bool // a backend doesn't count a directory's subdirectories
	invalidate func(id uint64)
}

// errStale answers a request for an object that has gone meanwhile.
var errStale = syscall.ESTALE

// maxOpenDirs bounds how many directory references stay open.
const maxOpenDirs = 16384

// New opens the namespace: it finishes what a killed daemon left undone, makes
// the rules' prefixes, and makes the root node.
func New(cfg Config) (*FS, error) {
	if len(cfg.Backends) == 0 || len(cfg.Backends) > 64 {
		return nil, fmt.Errorf("between 1 and 64 backends are needed, not %d", len(cfg.Backends))
	}
	fs := &FS{
		adopt:   cfg.Adopt,
		log:     cfg.Log,
		now:     cfg.Now,
		boot:    bootHash(),
		nodes:   newTable(),
		dirRefs: &refCache{limit: maxOpenDirs},
	}
	if fs.log == nil {
		fs.log = slog.New(slog.DiscardHandler)
	}
	if fs.now == nil {
		fs.now = time.Now
	}
	fs.mover = noMover{}
	fs.invalidate = func(uint64) {}
	for i, b := range cfg.Backends {
		fs.stores = append(fs.stores, &store{Backend: b, index: i, durable: !b.Props().Volatile})
	}
	if err := fs.makePairs(); err != nil {
		return nil, err
	}
	if err := fs.setRules(cfg.Rules); err != nil {
		return nil, err
	}
	if err := fs.recover(); err != nil {
		return nil, err
	}
	fs.startReaper()
	err := fs.makeRoot()
	if err == nil {
		err = fs.makePrefixes()
	}
	if err != nil {
		return nil, errors.Join(err, fs.Close())
	}
	return fs, nil
}

func (fs *FS) makePairs() error {
	fs.pairs = make([][]*backend.Pair, len(fs.stores))
	for i, from := range fs.stores {
		fs.pairs[i] = make([]*backend.Pair, len(fs.stores))
		for j, to := range fs.stores {
			if i != j {
				fs.pairs[i][j] = backend.NewPair(from.Backend, to.Backend)
			}
		}
	}
	return nil
}

// bootHash tells this boot from others.
func bootHash() uint32 {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return 0 // no tentative stamp of another boot is told apart then
	}
	h := fnv.New32a()
	h.Write(id)
	return h.Sum32()
}

// SetMover attaches the mover.
func (fs *FS) SetMover(m Mover) { fs.mover = m }

// noMover is in place until the mover is attached.
type noMover struct{}

func (noMover) Misplaced(*Node)                    {}
func (noMover) MisplacedTree(*Node)                {}
func (noMover) Gone(*Node)                         {}
func (noMover) CaughtUp() bool                     { return false }
func (noMover) Hurry(context.Context, *Node) error { return syscall.EIO }

// Close ends the background work and closes every descriptor; the backends
// stay open (they are the caller's).
func (fs *FS) Close() error {
	fs.stopReaper()
	fs.nodes.each(func(n *Node) { n.closeAll() })
	return nil
}

// each calls fn for every live node.
func (t *table) each(fn func(n *Node)) {
	for i := range t.shards {
		s := &t.shards[i]
		s.mu.Lock()
		for _, n := range s.m {
			fn(n)
		}
		s.mu.Unlock()
	}
}

// Root returns the root node.
func (fs *FS) Root() *Node { return fs.root }

// LostFound counts the objects put into lost+found since the start.
func (fs *FS) LostFound() int64 { return fs.lostFound.Load() }

// makeRoot makes the root's node. Its attributes are those of the root of the
// first backend of the rule for "/".
func (fs *FS) makeRoot() error {
	root := &Node{id: rootID, typ: unix.S_IFDIR, dir: &dir{}, rooted: true}
	root.refs.Store(1)
	for _, s := range fs.stores {
		root.dir.setOn(s, true)
		var a Attr
		if err := s.Root().Stat("", &a); err != nil {
			return fmt.Errorf("look at root of backend %s: %w", s.name(), err)
		}
		fs.uncounted = fs.uncounted || a.Nlink == 1
	}
	root.rule = fs.rules[len(fs.rules)-1]
	root.res = root.rule.stores[0]
	b, err := root.res.Root().Birth("")
	if err != nil {
		return fmt.Errorf("identify root of backend %s: %w", root.res.name(), err)
	}
	root.birth = keyOf(b)
	var a Attr
	if err := root.res.Root().Stat("", &a); err != nil {
		return fmt.Errorf("stat root of backend %s: %w", root.res.name(), err)
	}
	root.noteSeal(&a)
	fs.root = root
	fs.nodes.add(rootID, func() *Node { return root })
	return nil
}

// makePrefixes makes the directories of all prefixes on the backends of their
// rules, and holds their nodes for good.
func (fs *FS) makePrefixes() error {
	for i := len(fs.rules) - 1; i >= 0; i-- { // shortest first
		r := fs.rules[i]
		if err := fs.makePrefix(r); err != nil {
			return fmt.Errorf("make directory %s of a rule: %w", r.prefix, err)
		}
	}
	return nil
}

func (fs *FS) makePrefix(r *rule) error {
	n := fs.root
	var attr Attr
	for _, name := range splitPath(r.prefix) {
		child, err := fs.Lookup(n, name, &attr)
		if err == syscall.ENOENT {
			child, err = fs.mkdirOn(r.stores[0], n, name, 0o755, Caller{}, &attr)
		}
		if err != nil {
			return err
		}
		if !child.isDir() {
			return &os.PathError{Op: "use as prefix", Path: r.prefix, Err: syscall.ENOTDIR}
		}
		child.rooted = true
		n = child
	}
	n.rule = r
	for _, s := range r.stores {
		if err := fs.ensureOn(n, s); err != nil {
			return fmt.Errorf("on backend %s: %w", s.name(), err)
		}
	}
	return nil
}

func splitPath(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
}

// Path returns where n is in the namespace ("/a/b"), false if it has no name
// any more.
func (fs *FS) Path(n *Node) (string, bool) {
	for {
		seq := fs.treeSeq.begin()
		var parts []string
		m := n
		for m != fs.root {
			at := m.at.Load()
			if at == nil {
				break
			}
			parts = append(parts, at.name)
			m = at.parent
		}
		if !fs.treeSeq.same(seq) {
			continue
		}
		if m != fs.root {
			return "", false
		}
		var b strings.Builder
		for i := len(parts) - 1; i >= 0; i-- {
			b.WriteByte('/')
			b.WriteString(parts[i])
		}
		if b.Len() == 0 {
			return "/", true
		}
		return b.String(), true
	}
}

// Resolve finds the node of an absolute path, without following symbolic
// links, and holds it.
func (fs *FS) Resolve(path string) (*Node, error) {
	n := fs.root
	fs.Hold(n)
	var attr Attr
	for _, name := range splitPath(path) {
		if !n.isDir() {
			fs.Release(n)
			return nil, syscall.ENOTDIR
		}
		child, err := fs.Lookup(n, name, &attr)
		fs.Release(n)
		if err != nil {
			return nil, err
		}
		n = child
	}
	return n, nil
}

// Below tells whether n is dir or lies below it.
func (fs *FS) Below(n, dir *Node) bool {
	for n != dir {
		at := n.at.Load()
		if at == nil {
			return false
		}
		n = at.parent
	}
	return true
}
