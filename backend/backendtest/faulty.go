package backendtest

import "github.com/seamfs/seamfs/backend"

// Hook is called before each operation of a [Faulty] backend: an error is
// returned in the operation's place, and while it blocks the operation waits.
// op is the method with its interface, like "Ref.Rename" or "File.WriteAt".
// name is the entry acted on ("" for the object itself), for a File the name
// that it was opened by, for a rename or link the old name. It is called from
// several goroutines at once.
type Hook func(op, name string) error

// Faulty wraps a backend so that operations fail or wait on demand. References
// and files that it gives are wrapped as well; those of other backends pass.
type Faulty struct {
	backend.Backend
	hook Hook
	root backend.Ref
	dirs map[string]backend.Ref
}

var (
	_ backend.Backend       = (*Faulty)(nil)
	_ backend.Ref           = (*faultyRef)(nil)
	_ backend.HandleBirther = (*faultyRef)(nil)
	_ backend.Descriptor    = (*faultyRef)(nil)
	_ backend.File          = (*faultyFile)(nil)
	_ backend.Descriptor    = (*faultyFile)(nil)
)

// NewFaulty wraps b, which it owns from then on.
func NewFaulty(b backend.Backend, hook Hook) *Faulty {
	f := &Faulty{Backend: b, hook: hook, dirs: make(map[string]backend.Ref)}
	f.root = f.ref(b.Root())
	for _, dir := range []string{backend.StageDir, backend.JournalDir, backend.LostFoundDir} {
		if r := b.Private(dir); r != nil {
			f.dirs[dir] = f.ref(r)
		}
	}
	return f
}

func (f *Faulty) ref(r backend.Ref) backend.Ref { return &faultyRef{f: f, Ref: r} }

func (f *Faulty) Root() backend.Ref { return f.root }

func (f *Faulty) Private(dir string) backend.Ref { return f.dirs[dir] }

func (f *Faulty) SyncFS() error {
	if err := f.hook("Backend.SyncFS", ""); err != nil {
		return err
	}
	return f.Backend.SyncFS()
}

func (f *Faulty) Statfs() (backend.Statfs, error) {
	if err := f.hook("Backend.Statfs", ""); err != nil {
		return backend.Statfs{}, err
	}
	return f.Backend.Statfs()
}

func (f *Faulty) MarkStamped() error {
	if err := f.hook("Backend.MarkStamped", ""); err != nil {
		return err
	}
	return f.Backend.MarkStamped()
}

// bareRef and bareFile take the wrapper off, because backends know only their
// own references and files.
func bareRef(r backend.Ref) backend.Ref {
	if w, ok := r.(*faultyRef); ok {
		return w.Ref
	}
	return r
}

func bareFile(f backend.File) backend.File {
	if w, ok := f.(*faultyFile); ok {
		return w.File
	}
	return f
}

func descriptor(of any) int {
	if d, ok := of.(backend.Descriptor); ok {
		return d.Descriptor()
	}
	return -1
}
