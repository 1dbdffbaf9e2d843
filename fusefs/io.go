package fusefs

import "github.com/hanwen/go-fuse/v2/fuse"

// Read is pread(2), into the buffer that becomes the reply.
func (fs *FS) Read(_ <-chan struct{}, in *fuse.ReadIn, buf []byte) (fuse.ReadResult, fuse.Status) {
	f, st := fs.file(&in.InHeader, in.Fh)
	if !st.Ok() {
		return nil, st
	}
	n, err := f.ReadAt(buf, int64(in.Offset))
	if err != nil && n == 0 {
		return nil, fs.errno(in.Opcode, err)
	}
	return fuse.ReadResultData(buf[:n]), fuse.OK
}

// Write is pwrite(2).
func (fs *FS) Write(cancel <-chan struct{}, in *fuse.WriteIn, data []byte) (uint32, fuse.Status) {
	return fs.Writev(cancel, in, [][]byte{data})
}

// Writev is pwritev(2). What was written before an error counts: the kernel
// tries again behind it and gets the error then.
func (fs *FS) Writev(_ <-chan struct{}, in *fuse.WriteIn, data [][]byte) (uint32, fuse.Status) {
	f, st := fs.file(&in.InHeader, in.Fh)
	if !st.Ok() {
		return 0, st
	}
	killPriv := in.WriteFlags&fuse.WRITE_KILL_SUIDGID != 0
	var written int
	for _, p := range data {
		n, err := f.WriteAt(p, int64(in.Offset)+int64(written), killPriv)
		written += n
		if err != nil && written == 0 {
			return 0, fs.errno(in.Opcode, err)
		}
		if err != nil || n < len(p) {
			break
		}
	}
	return uint32(written), fuse.OK
}

// Lseek finds data or a hole.
func (fs *FS) Lseek(_ <-chan struct{}, in *fuse.LseekIn, out *fuse.LseekOut) fuse.Status {
	f, st := fs.file(&in.InHeader, in.Fh)
	if !st.Ok() {
		return st
	}
	off, err := f.Seek(int64(in.Offset), int(in.Whence))
	if err != nil {
		return fs.errno(in.Opcode, err)
	}
	out.Offset = uint64(off)
	return fuse.OK
}

// Fallocate is fallocate(2).
func (fs *FS) Fallocate(_ <-chan struct{}, in *fuse.FallocateIn) fuse.Status {
	f, st := fs.file(&in.InHeader, in.Fh)
	if !st.Ok() {
		return st
	}
	if err := fs.dropPriv(&in.InHeader, f); err != nil {
		return fs.errno(in.Opcode, err)
	}
	return fs.errno(in.Opcode, f.Fallocate(in.Mode, int64(in.Offset), int64(in.Length)))
}

// CopyFileRange is copy_file_range(2); the kernel limits it to 4 GiB a
// request, and the namespace to less where it can't reflink.
func (fs *FS) CopyFileRange(_ <-chan struct{}, in *fuse.CopyFileRangeIn) (uint32, fuse.Status) {
	src, st := fs.file(&in.InHeader, in.FhIn)
	if !st.Ok() {
		return 0, st
	}
	dst := fs.files.get(in.FhOut)
	if dst == nil {
		return 0, fuse.EBADF
	}
	if in.Flags != 0 {
		return 0, fuse.EINVAL
	}
	if err := fs.dropPriv(&in.InHeader, dst); err != nil {
		return 0, fs.errno(in.Opcode, err)
	}
	n, err := dst.CopyRange(int64(in.OffOut), src, int64(in.OffIn), int64(in.Len))
	if err != nil && n == 0 {
		return 0, fs.errno(in.Opcode, err)
	}
	return uint32(n), fuse.OK
}
