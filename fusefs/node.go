package fusefs

import (
	"errors"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fuse"

	"github.com/seamfs/seamfs/backend"
	"github.com/seamfs/seamfs/placement"
)

// Lookup finds a name. That there is none may be cached as well.
func (fs *FS) Lookup(_ <-chan struct{}, h *fuse.InHeader, name string, out *fuse.EntryOut) fuse.Status {
	parent, st := fs.enter(h)
	if !st.Ok() {
		return st
	}
	var a placement.Attr
	n, err := fs.ns.Lookup(parent, name, &a)
	if errors.Is(err, syscall.ENOENT) {
		*out = fuse.EntryOut{}
		out.SetEntryTimeout(cacheTime)
		return fuse.OK
	}
	if err != nil {
		return fs.errno(h.Opcode, err)
	}
	fillEntry(out, n, &a)
	return fuse.OK
}

// Forget gives back references that the kernel got by replies.
func (fs *FS) Forget(id, nlookup uint64) {
	fs.counts.add(opForget)
	fs.ns.Forget(id, nlookup)
}

// GetAttr is stat(2), never following a link.
func (fs *FS) GetAttr(_ <-chan struct{}, in *fuse.GetAttrIn, out *fuse.AttrOut) fuse.Status {
	n, st := fs.enter(&in.InHeader)
	if !st.Ok() {
		return st
	}
	var f *placement.File
	if in.Flags()&fuse.FUSE_GETATTR_FH != 0 {
		f = fs.fileOf(n, in.Fh())
	}
	var a placement.Attr
	if err := fs.ns.GetAttr(n, f, &a); err != nil {
		return fs.errno(in.Opcode, err)
	}
	out.SetTimeout(attrTime(&a))
	fillAttr(&out.Attr, &a)
	return fuse.OK
}

// Statx is statx(2) with the birth time and attribute flags.
func (fs *FS) Statx(_ <-chan struct{}, in *fuse.StatxIn, out *fuse.StatxOut) fuse.Status {
	n, st := fs.enter(&in.InHeader)
	if !st.Ok() {
		return st
	}
	var f *placement.File
	if in.GetattrFlags&fuse.FUSE_GETATTR_FH != 0 {
		f = fs.fileOf(n, in.Fh)
	}
	var a placement.Attr
	if err := fs.ns.GetAttr(n, f, &a); err != nil {
		return fs.errno(in.Opcode, err)
	}
	out.SetTimeout(attrTime(&a))
	fillStatx(&out.Statx, &a)
	return fuse.OK
}

// SetAttr is chmod, chown, truncate and utimensat in one.
func (fs *FS) SetAttr(_ <-chan struct{}, in *fuse.SetAttrIn, out *fuse.AttrOut) fuse.Status {
	n, st := fs.enter(&in.InHeader)
	if !st.Ok() {
		return st
	}
	var f *placement.File
	if fh, ok := in.GetFh(); ok {
		f = fs.fileOf(n, fh)
	}
	var a placement.Attr
	killPriv := in.Valid&fuse.FATTR_KILL_SUIDGID != 0
	if err := fs.ns.SetAttr(n, f, changes(in), killPriv, &a); err != nil {
		return fs.errno(in.Opcode, err)
	}
	out.SetTimeout(attrTime(&a))
	fillAttr(&out.Attr, &a)
	return fuse.OK
}

// changes reads what a SETATTR request asks for.
func changes(in *fuse.SetAttrIn) *backend.SetAttr {
	var s backend.SetAttr
	if mode, ok := in.GetMode(); ok {
		s.Mode = &mode
	}
	if uid, ok := in.GetUID(); ok {
		s.UID = &uid
	}
	if gid, ok := in.GetGID(); ok {
		s.GID = &gid
	}
	if size, ok := in.GetSize(); ok {
		signed := int64(size)
		s.Size = &signed
	}
	s.Atime = newTime(in, fuse.FATTR_ATIME, fuse.FATTR_ATIME_NOW, in.Atime, in.Atimensec)
	s.Mtime = newTime(in, fuse.FATTR_MTIME, fuse.FATTR_MTIME_NOW, in.Mtime, in.Mtimensec)
	return &s
}

// newTime reads one timestamp; nil if it isn't to be changed. "Now" is left to
// the backend, whose clock stamps everything else there too.
func newTime(in *fuse.SetAttrIn, set, now uint32, sec uint64, nsec uint32) *backend.Time {
	switch {
	case in.Valid&set == 0:
		return nil
	case in.Valid&now != 0:
		return &backend.Time{Nsec: backend.NsecNow}
	}
	return &backend.Time{Sec: int64(sec), Nsec: nsec}
}

// Readlink is readlink(2).
func (fs *FS) Readlink(_ <-chan struct{}, h *fuse.InHeader) ([]byte, fuse.Status) {
	n, st := fs.enter(h)
	if !st.Ok() {
		return nil, st
	}
	target, err := fs.ns.Readlink(n)
	if err != nil {
		return nil, fs.errno(h.Opcode, err)
	}
	return []byte(target), fuse.OK
}
