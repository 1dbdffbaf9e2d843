package placement

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/seamfs/seamfs/backend"
)

// Rule says which backends the objects below a path prefix belong on.
type Rule struct {
	Prefix   string // absolute, cleaned: "/" or "/a/b"
	Backends []int  // indexes into Config.Backends, in order of preference
}

// rule is a Rule with its backends.
type rule struct {
	prefix string
	stores []*store
	mask   mask
}

// durable tells whether what is under the rule is promised to survive power
// loss: its first backend is durable.
func (r *rule) durable() bool { return r.stores[0].durable }

// setRules checks the rules and sorts them, the longest prefix first.
func (fs *FS) setRules(rules []Rule) error {
	for _, cr := range rules {
		if !strings.HasPrefix(cr.Prefix, "/") || path.Clean(cr.Prefix) != cr.Prefix {
			return fmt.Errorf("prefix %q of a rule is not a clean absolute path", cr.Prefix)
		}
		if slices.Contains(splitPath(cr.Prefix), backend.PrivateDir) {
			return fmt.Errorf("prefix %q of a rule contains the private name %s", cr.Prefix, backend.PrivateDir)
		}
		r := &rule{prefix: cr.Prefix}
		for _, i := range cr.Backends {
			r.stores = append(r.stores, fs.stores[i])
			r.mask |= fs.stores[i].bit()
		}
		if len(r.stores) == 0 {
			return fmt.Errorf("rule %s names no backend", cr.Prefix)
		}
		fs.rules = append(fs.rules, r)
	}
	slices.SortFunc(fs.rules, func(a, b *rule) int {
		return cmp.Or(len(splitPath(b.prefix))-len(splitPath(a.prefix)), strings.Compare(a.prefix, b.prefix))
	})
	for i := 1; i < len(fs.rules); i++ {
		if fs.rules[i].prefix == fs.rules[i-1].prefix {
			return fmt.Errorf("two rules for %s", fs.rules[i].prefix)
		}
	}
	if n := len(fs.rules); n == 0 || fs.rules[n-1].prefix != "/" {
		return fmt.Errorf("no rule for /")
	}
	return nil
}

// ruleOfDir returns the rule for what is in the directory n: that of the
// nearest prefix above. A directory that has no name any more has the root's.
func (fs *FS) ruleOfDir(n *Node) *rule {
	for {
		if n.rule != nil {
			return n.rule
		}
		at := n.at.Load()
		if at == nil {
			return fs.root.rule
		}
		n = at.parent
	}
}

// ruleOf returns the rule for the object itself. A hard-linked file is one
// object: a durable rule of any of its known names counts before a volatile
// one. The caller doesn't hold n.names exclusively.
func (fs *FS) ruleOf(n *Node) *rule {
	n.names.RLock()
	defer n.names.RUnlock()
	return fs.ruleOfLocked(n)
}

func (fs *FS) ruleOfLocked(n *Node) *rule {
	if n.isDir() {
		return fs.ruleOfDir(n)
	}
	var r *rule
	n.parents(func(p *Node) bool {
		if dr := fs.ruleOfDir(p); r == nil || dr.durable() && !r.durable() {
			r = dr
		}
		return !r.durable()
	})
	if r == nil {
		return fs.root.rule
	}
	return r
}

// room remembers for a moment whether a backend has room, so that not every
// creation asks.
type room struct {
	mu    sync.Mutex
	until time.Time
	has   bool
}

const (
	roomFor  = 100 * time.Millisecond
	minRoom  = 1 << 20 // bytes that a backend must have free to be a home
	minFiles = 8       // inodes likewise
)

// hasRoom tells whether new objects can be put on the backend.
func (fs *FS) hasRoom(s *store) bool {
	s.room.mu.Lock()
	defer s.room.mu.Unlock()
	now := fs.now()
	if now.Before(s.room.until) {
		return s.room.has
	}
	st, err := s.Statfs()
	s.room.has = err == nil && st.Bavail*uint64(max(st.Frsize, 1)) >= minRoom && (st.Files == 0 || st.Ffree >= minFiles)
	s.room.until = now.Add(roomFor)
	return s.room.has
}

// homes returns the backends of a rule in the order in which to try them:
// those with room first.
func (fs *FS) homes(r *rule) []*store {
	if len(r.stores) == 1 || fs.hasRoom(r.stores[0]) {
		return r.stores
	}
	out := make([]*store, 0, len(r.stores))
	for _, s := range r.stores {
		if fs.hasRoom(s) {
			out = append(out, s)
		}
	}
	for _, s := range r.stores {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}
