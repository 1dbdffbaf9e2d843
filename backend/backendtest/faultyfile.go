package backendtest

import "github.com/seamfs/seamfs/backend"

type faultyFile struct {
	f    *Faulty
	name string
	backend.File
}

// Descriptor is that of the wrapped file.
func (w *faultyFile) Descriptor() int { return descriptor(w.File) }

func (w *faultyFile) Ref() (backend.Ref, error) {
	if err := w.f.hook("File.Ref", w.name); err != nil {
		return nil, err
	}
	ref, err := w.File.Ref()
	if err != nil {
		return nil, err
	}
	return w.f.ref(ref), nil
}

func (w *faultyFile) ReadAt(p []byte, off int64) (int, error) {
	if err := w.f.hook("File.ReadAt", w.name); err != nil {
		return 0, err
	}
	return w.File.ReadAt(p, off)
}

func (w *faultyFile) WriteAt(p []byte, off int64) (int, error) {
	if err := w.f.hook("File.WriteAt", w.name); err != nil {
		return 0, err
	}
	return w.File.WriteAt(p, off)
}

func (w *faultyFile) Stat(a *backend.Attr) error {
	if err := w.f.hook("File.Stat", w.name); err != nil {
		return err
	}
	return w.File.Stat(a)
}

func (w *faultyFile) SetAttr(s *backend.SetAttr) error {
	if err := w.f.hook("File.SetAttr", w.name); err != nil {
		return err
	}
	return w.File.SetAttr(s)
}

func (w *faultyFile) Fallocate(mode uint32, off, size int64) error {
	if err := w.f.hook("File.Fallocate", w.name); err != nil {
		return err
	}
	return w.File.Fallocate(mode, off, size)
}

func (w *faultyFile) Seek(off int64, whence int) (int64, error) {
	if err := w.f.hook("File.Seek", w.name); err != nil {
		return 0, err
	}
	return w.File.Seek(off, whence)
}

func (w *faultyFile) Sync(dataOnly bool) error {
	if err := w.f.hook("File.Sync", w.name); err != nil {
		return err
	}
	return w.File.Sync(dataOnly)
}

func (w *faultyFile) StartWriteback(off, size int64, wait bool) error {
	if err := w.f.hook("File.StartWriteback", w.name); err != nil {
		return err
	}
	return w.File.StartWriteback(off, size, wait)
}

func (w *faultyFile) Clone(src backend.File) error {
	if err := w.f.hook("File.Clone", w.name); err != nil {
		return err
	}
	return w.File.Clone(bareFile(src))
}

func (w *faultyFile) CloneRange(src backend.File, srcOff, size, dstOff int64) error {
	if err := w.f.hook("File.CloneRange", w.name); err != nil {
		return err
	}
	return w.File.CloneRange(bareFile(src), srcOff, size, dstOff)
}

func (w *faultyFile) CopyRange(src backend.File, srcOff, size, dstOff int64) (int64, error) {
	if err := w.f.hook("File.CopyRange", w.name); err != nil {
		return 0, err
	}
	return w.File.CopyRange(bareFile(src), srcOff, size, dstOff)
}

func (w *faultyFile) GetXattr(attr string, dst []byte) (int, error) {
	if err := w.f.hook("File.GetXattr", w.name); err != nil {
		return 0, err
	}
	return w.File.GetXattr(attr, dst)
}

func (w *faultyFile) SetXattr(attr string, value []byte, flags int) error {
	if err := w.f.hook("File.SetXattr", w.name); err != nil {
		return err
	}
	return w.File.SetXattr(attr, value, flags)
}

func (w *faultyFile) ListXattr(dst []byte) (int, error) {
	if err := w.f.hook("File.ListXattr", w.name); err != nil {
		return 0, err
	}
	return w.File.ListXattr(dst)
}

func (w *faultyFile) RemoveXattr(attr string) error {
	if err := w.f.hook("File.RemoveXattr", w.name); err != nil {
		return err
	}
	return w.File.RemoveXattr(attr)
}

func (w *faultyFile) Flags() (uint32, error) {
	if err := w.f.hook("File.Flags", w.name); err != nil {
		return 0, err
	}
	return w.File.Flags()
}

func (w *faultyFile) SetFlags(flags uint32) error {
	if err := w.f.hook("File.SetFlags", w.name); err != nil {
		return err
	}
	return w.File.SetFlags(flags)
}
