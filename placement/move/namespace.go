package move

import (
	"context"

	"github.com/seamfs/seamfs/backend"
	"github.com/seamfs/seamfs/placement"
)

// node is an object of the namespace: a [placement.Node].
type node interface {
	ID() uint64
	Type() uint32
	Gone() bool
}

// namespace is what the mover needs of a [placement.FS].
type namespace interface {
	Begin(n node) (relocation, error)
	Place(n node) placement.Place
	Path(n node) (string, bool)
	Parent(n node) node
	Below(n, dir node) bool
	Allocated(n node) (int64, error)
	Hold(n node)
	Release(n node)
	Walk(ctx context.Context, dir node, visit func(node) error) (int64, error)
	WalkForeign(ctx context.Context, visit func(node) error) (int64, error)
}

// relocation is a [placement.Relocation].
type relocation interface {
	To() backend.Backend
	Bytes() int64
	Stage(ctx context.Context, progress func(bytes int64)) error
	CatchUp(ctx context.Context) (left int64, err error)
	Switch() error
	Finish() error
	Abort()
	Abandon()
	Sync() error
}

// tree makes a namespace of a [placement.FS].
type tree struct{ fs *placement.FS }

var (
	_ namespace  = tree{}
	_ relocation = (*placement.Relocation)(nil)
)

func nodeOf(n node) *placement.Node { return n.(*placement.Node) }

func (t tree) Begin(n node) (relocation, error) {
	r, err := t.fs.Begin(nodeOf(n))
	if err != nil {
		return nil, err
	}
	return r, nil
}

func (t tree) Place(n node) placement.Place { return t.fs.Place(nodeOf(n)) }
func (t tree) Path(n node) (string, bool)   { return t.fs.Path(nodeOf(n)) }
func (t tree) Parent(n node) node           { return nodeOf(n).Parent() }
func (t tree) Below(n, dir node) bool       { return t.fs.Below(nodeOf(n), nodeOf(dir)) }
func (t tree) Hold(n node)                  { t.fs.Hold(nodeOf(n)) }
func (t tree) Release(n node)               { t.fs.Release(nodeOf(n)) }

// Allocated returns how many bytes the object occupies.
func (t tree) Allocated(n node) (int64, error) {
	var a placement.Attr
	if err := t.fs.GetAttr(nodeOf(n), nil, &a); err != nil {
		return 0, err
	}
	return a.Blocks * 512, nil
}

func (t tree) Walk(ctx context.Context, dir node, visit func(node) error) (int64, error) {
	return t.fs.Walk(ctx, nodeOf(dir), func(n *placement.Node) error { return visit(n) })
}

func (t tree) WalkForeign(ctx context.Context, visit func(node) error) (int64, error) {
	return t.fs.WalkForeign(ctx, func(n *placement.Node) error { return visit(n) })
}
