package backend

import "errors"

// What can be wrong with a directory that shall become a backend. Each comes
// wrapped with the backend's name, its path and what to do about it.
var (
	ErrMissing  = errors.New("no such directory")
	ErrNotDir   = errors.New("not a directory")
	ErrReadOnly = errors.New("not writable")
	ErrBusy     = errors.New("in use by another seamfs")
	ErrForeign  = errors.New("private directory is damaged or from another version")
	ErrNested   = errors.New("directories overlap")
	ErrKernel   = errors.New("kernel or container lacks a needed feature")
)

// ErrNoReflink says that this pair of backends can't share extents: stop
// trying for the pair.
var ErrNoReflink = errors.New("backends cannot share extents")

// ErrNotThisFile says that this one file can't be reflinked (for example
// nocow against cow on btrfs): copy it, and go on trying for others.
var ErrNotThisFile = errors.New("file cannot be reflinked")

// ErrCannotHold says that the destination can't keep something that belongs
// to the object: an extended attribute, an owner, a timestamp in full
// precision. The wrapping error names it.
var ErrCannotHold = errors.New("backend cannot hold it")
