package posix

import (
	"github.com/seamfs/seamfs/backend"
	"golang.org/x/sys/unix"
)

// writeDurably replaces a file of the private directory: whatever happens, the
// old or the complete new content is there, and on return the new one is
// durable.
func (b *posix) writeDurably(name string, content []byte) error {
	temp := name + tempSuffix
	if err := b.private.Unlink(temp); err != nil && err != unix.ENOENT {
		return err
	}
	f, err := b.private.Create(temp, unix.O_WRONLY, 0600, b.self)
	if err != nil {
		return err
	}
	if _, err = f.WriteAt(content, 0); err == nil {
		err = f.Sync(false)
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = b.private.Rename(temp, b.private, name, 0)
	}
	if err != nil {
		_ = b.private.Unlink(temp)
		return err
	}
	return b.private.Sync()
}

// readSmall reads a file of the private directory.
func (b *posix) readSmall(name string) ([]byte, error) {
	f, err := b.private.OpenFile(name, unix.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	buf := make([]byte, 4096)
	n, err := f.ReadAt(buf, 0)
	return buf[:n], err
}

// unmark takes back what a failed open made.
func (b *posix) unmark() {
	for name, r := range b.dirs {
		_ = r.Close()
		_ = b.private.Rmdir(name)
	}
	clear(b.dirs)
	for _, name := range []string{formatName, formatName + tempSuffix, lockName} {
		_ = b.private.Unlink(name)
	}
	if err := b.root.Rmdir(backend.PrivateDir); err != nil {
		b.log.Error("remove the private directory of a backend that could not be opened", "path", b.props.Path, "error", err)
	}
}
