package backendtest

import (
	"syscall"

	"github.com/seamfs/seamfs/backend"
)

type faultyRef struct {
	f *Faulty
	backend.Ref
}

// Descriptor is that of the wrapped reference.
func (r *faultyRef) Descriptor() int { return descriptor(r.Ref) }

// HandleBirth is ENOTSUP if the wrapped reference can't tell.
func (r *faultyRef) HandleBirth(name string, u backend.UUID) (backend.Birth, error) {
	if err := r.f.hook("Ref.HandleBirth", name); err != nil {
		return backend.Birth{}, err
	}
	h, ok := r.Ref.(backend.HandleBirther)
	if !ok {
		return backend.Birth{}, syscall.ENOTSUP
	}
	return h.HandleBirth(name, u)
}

func (r *faultyRef) OpenRef(name string) (backend.Ref, error) {
	if err := r.f.hook("Ref.OpenRef", name); err != nil {
		return nil, err
	}
	ref, err := r.Ref.OpenRef(name)
	if err != nil {
		return nil, err
	}
	return r.f.ref(ref), nil
}

func (r *faultyRef) OpenFile(name string, flags int) (backend.File, error) {
	if err := r.f.hook("Ref.OpenFile", name); err != nil {
		return nil, err
	}
	file, err := r.Ref.OpenFile(name, flags)
	if err != nil {
		return nil, err
	}
	return &faultyFile{f: r.f, name: name, File: file}, nil
}

func (r *faultyRef) Create(name string, flags int, mode uint32, c backend.Cred) (backend.File, error) {
	if err := r.f.hook("Ref.Create", name); err != nil {
		return nil, err
	}
	file, err := r.Ref.Create(name, flags, mode, c)
	if err != nil {
		return nil, err
	}
	return &faultyFile{f: r.f, name: name, File: file}, nil
}

func (r *faultyRef) Tmpfile(flags int, mode uint32, c backend.Cred) (backend.File, error) {
	if err := r.f.hook("Ref.Tmpfile", ""); err != nil {
		return nil, err
	}
	file, err := r.Ref.Tmpfile(flags, mode, c)
	if err != nil {
		return nil, err
	}
	return &faultyFile{f: r.f, name: "", File: file}, nil
}

func (r *faultyRef) Stat(name string, a *backend.Attr) error {
	if err := r.f.hook("Ref.Stat", name); err != nil {
		return err
	}
	return r.Ref.Stat(name, a)
}

func (r *faultyRef) Birth(name string) (backend.Birth, error) {
	if err := r.f.hook("Ref.Birth", name); err != nil {
		return backend.Birth{}, err
	}
	return r.Ref.Birth(name)
}

func (r *faultyRef) Mkdir(name string, mode uint32, c backend.Cred) error {
	if err := r.f.hook("Ref.Mkdir", name); err != nil {
		return err
	}
	return r.Ref.Mkdir(name, mode, c)
}

func (r *faultyRef) Mknod(name string, mode uint32, rdev uint64, c backend.Cred) error {
	if err := r.f.hook("Ref.Mknod", name); err != nil {
		return err
	}
	return r.Ref.Mknod(name, mode, rdev, c)
}

func (r *faultyRef) Symlink(target, name string, c backend.Cred) error {
	if err := r.f.hook("Ref.Symlink", name); err != nil {
		return err
	}
	return r.Ref.Symlink(target, name, c)
}

func (r *faultyRef) Readlink(name string) (string, error) {
	if err := r.f.hook("Ref.Readlink", name); err != nil {
		return "", err
	}
	return r.Ref.Readlink(name)
}

func (r *faultyRef) Link(name string, newdir backend.Ref, newname string) error {
	if err := r.f.hook("Ref.Link", name); err != nil {
		return err
	}
	return r.Ref.Link(name, bareRef(newdir), newname)
}

func (r *faultyRef) Unlink(name string) error {
	if err := r.f.hook("Ref.Unlink", name); err != nil {
		return err
	}
	return r.Ref.Unlink(name)
}

func (r *faultyRef) Rmdir(name string) error {
	if err := r.f.hook("Ref.Rmdir", name); err != nil {
		return err
	}
	return r.Ref.Rmdir(name)
}

func (r *faultyRef) Rename(name string, newdir backend.Ref, newname string, flags uint) error {
	if err := r.f.hook("Ref.Rename", name); err != nil {
		return err
	}
	return r.Ref.Rename(name, bareRef(newdir), newname, flags)
}

func (r *faultyRef) SetAttr(name string, s *backend.SetAttr) error {
	if err := r.f.hook("Ref.SetAttr", name); err != nil {
		return err
	}
	return r.Ref.SetAttr(name, s)
}

func (r *faultyRef) GetXattr(name, attr string, dst []byte) (int, error) {
	if err := r.f.hook("Ref.GetXattr", name); err != nil {
		return 0, err
	}
	return r.Ref.GetXattr(name, attr, dst)
}

func (r *faultyRef) SetXattr(name, attr string, value []byte, flags int) error {
	if err := r.f.hook("Ref.SetXattr", name); err != nil {
		return err
	}
	return r.Ref.SetXattr(name, attr, value, flags)
}

func (r *faultyRef) ListXattr(name string, dst []byte) (int, error) {
	if err := r.f.hook("Ref.ListXattr", name); err != nil {
		return 0, err
	}
	return r.Ref.ListXattr(name, dst)
}

func (r *faultyRef) RemoveXattr(name, attr string) error {
	if err := r.f.hook("Ref.RemoveXattr", name); err != nil {
		return err
	}
	return r.Ref.RemoveXattr(name, attr)
}

func (r *faultyRef) Flags(name string) (uint32, error) {
	if err := r.f.hook("Ref.Flags", name); err != nil {
		return 0, err
	}
	return r.Ref.Flags(name)
}

func (r *faultyRef) SetFlags(name string, flags uint32) error {
	if err := r.f.hook("Ref.SetFlags", name); err != nil {
		return err
	}
	return r.Ref.SetFlags(name, flags)
}

func (r *faultyRef) ReadDir(fn func(name string, typ uint8, ino uint64) error) error {
	if err := r.f.hook("Ref.ReadDir", ""); err != nil {
		return err
	}
	return r.Ref.ReadDir(fn)
}

func (r *faultyRef) Sync() error {
	if err := r.f.hook("Ref.Sync", ""); err != nil {
		return err
	}
	return r.Ref.Sync()
}
