package fusefs

import (
	"log/slog"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fuse"

	"github.com/seamfs/seamfs/placement"
	"github.com/seamfs/seamfs/placement/move"
)

// StatusSource tells how far the move of an object is, or the moves below a
// directory. The errors are errnos as elsewhere.
type StatusSource interface {
	Status(n *placement.Node) (move.Status, error)
}

// FS answers the requests of one mount. Every method of the interface is
// written out, so that one that a later go-fuse adds is noticed.
type FS struct {
	ns     *placement.FS
	status StatusSource
	ctl    string // path of the control socket
	log    *slog.Logger
	alive  func() bool // whether the kernel still listens
	// forgetAttr makes the kernel ask anew for the attributes of an object. To
	// be called where the kernel can't know that a request of its own changes
	// them. It waits for no other request: pages and names aren't touched, and
	// the object is in use.
	forgetAttr func(id uint64)

	files  table[placement.File]
	dirs   table[dirHandle]
	counts counters
}

var _ fuse.RawFileSystem = (*FS)(nil)

func newFS(opts Options, ns *placement.FS, status StatusSource) *FS {
	return &FS{
		ns:     ns,
		status: status,
		ctl:    opts.ControlSocket,
		log:    opts.logger(),
		alive:  func() bool { return true },

		forgetAttr: func(uint64) {},
	}
}

// enter counts a request and finds the node that it names. A node that isn't
// known any more is ESTALE: for an open the kernel then tries the path again.
func (fs *FS) enter(h *fuse.InHeader) (*placement.Node, fuse.Status) {
	fs.counts.add(h.Opcode)
	return fs.node(h.NodeId)
}

func (fs *FS) node(id uint64) (*placement.Node, fuse.Status) {
	n := fs.ns.Node(id)
	if n == nil {
		return nil, fuse.Status(syscall.ESTALE)
	}
	return n, fuse.OK
}

// String names the filesystem.
func (fs *FS) String() string { return Name }

// SetDebug does nothing: what is logged is decided by the logger.
func (fs *FS) SetDebug(bool) {}

// Init is called when the kernel and the daemon have agreed on the protocol.
func (fs *FS) Init(*fuse.Server) {}

// OnUnmount is called when the kernel has ended the session: after an abort
// it doesn't release what is still open.
func (fs *FS) OnUnmount() {
	fs.files.drain(func(f *placement.File) { f.Release() })
	fs.dirs.drain(func(*dirHandle) {})
}

// StatFs answers for the backend on which the path belongs.
func (fs *FS) StatFs(_ <-chan struct{}, h *fuse.InHeader, out *fuse.StatfsOut) fuse.Status {
	n, st := fs.enter(h)
	if !st.Ok() {
		return st
	}
	s, err := fs.ns.Statfs(n)
	if err != nil {
		return fs.errno(h.Opcode, err)
	}
	*out = fuse.StatfsOut{
		Blocks: s.Blocks, Bfree: s.Bfree, Bavail: s.Bavail,
		Files: s.Files, Ffree: s.Ffree,
		Bsize: s.Bsize, Frsize: s.Frsize, NameLen: s.NameLen,
	}
	return fuse.OK
}
