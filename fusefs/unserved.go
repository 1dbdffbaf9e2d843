package fusefs

import "github.com/hanwen/go-fuse/v2/fuse"

// Access isn't needed: the kernel checks permissions itself
// (default_permissions).
func (fs *FS) Access(_ <-chan struct{}, in *fuse.AccessIn) fuse.Status {
	fs.counts.add(in.Opcode)
	return fuse.ENOSYS
}

// Locks stay in the kernel, where they survive a switch; it doesn't ask.

// GetLk is never asked.
func (fs *FS) GetLk(<-chan struct{}, *fuse.LkIn, *fuse.LkOut) fuse.Status { return fuse.ENOSYS }

// SetLk is never asked.
func (fs *FS) SetLk(<-chan struct{}, *fuse.LkIn) fuse.Status { return fuse.ENOSYS }

// SetLkw is never asked.
func (fs *FS) SetLkw(<-chan struct{}, *fuse.LkIn) fuse.Status { return fuse.ENOSYS }
