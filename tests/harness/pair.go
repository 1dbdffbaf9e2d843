package harness

import (
	"os"
	"path/filepath"
	"testing"
)

// A Pair is a kind of two backends: what the namespaces in most tests are
// made of.
type Pair struct {
	Name    string
	Scratch string // filesystem type; "" for a directory on the store's disk
	Store   string
}

// Pairs is the matrix of backends that the tests run on.
var Pairs = []Pair{
	{"tmpfs-ext4", "tmpfs", "ext4"},
	{"tmpfs-xfs", "tmpfs", "xfs"},
	{"tmpfs-btrfs", "tmpfs", "btrfs"},
	{"ext4-ext4", "ext4", "ext4"},
	{"one-ext4", "", "ext4"},
}

// TmpfsExt4 is the pair for tests of which one run is enough.
var TmpfsExt4 = Pairs[0]

const diskSize = 6 << 30 // sparse: a test uses little of it

// Backends are the roots of the two backends of a Pair.
type Backends struct{ Scratch, Store string }

// Make makes the two backends. They are gone at the end of the test.
func (p Pair) Make(t testing.TB) Backends {
	t.Helper()
	store := Disk(t, p.Store, diskSize)
	scratch := store
	if p.Scratch != "" {
		scratch = Disk(t, p.Scratch, diskSize)
	}
	b := Backends{filepath.Join(scratch, "scratch-backend"), filepath.Join(store, "store-backend")}
	must(t, os.Mkdir(b.Scratch, 0o755))
	must(t, os.Mkdir(b.Store, 0o755))
	return b
}

// Args are the flags of a mount with /scratch on one backend and all else, and
// the rule root /store, on the other.
func (b Backends) Args() []string {
	return []string{
		"--backend", "scratch=" + b.Scratch, "--backend", "store=" + b.Store,
		"--rule", "/scratch=scratch", "--rule", "/store=store", "--rule", "/=store",
	}
}

// EachPair runs a test on every pair of the matrix.
func EachPair(t *testing.T, fn func(t *testing.T, p Pair)) {
	for _, p := range Pairs {
		t.Run(p.Name, func(t *testing.T) { fn(t, p) })
	}
}
