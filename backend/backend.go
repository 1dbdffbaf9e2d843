// Package backend is the contract between the namespace and the filesystems
// that hold its bytes.
//
// A [Backend] is one directory on one mounted filesystem. Objects in it are
// reached through a [Ref], an O_PATH-like reference, by a single name below it
// or, with the empty name, as the referenced object itself. No call takes a
// path of several components, follows a symbolic link, or crosses into another
// mounted filesystem, so no race inside a backend can lead out of it (promise
// P10).
//
// # Errors
//
// Every error is, or wraps, a [syscall.Errno] found by errors.As; nothing is
// changed by a call that fails unless its documentation says otherwise.
//
// # Durability
//
// Nothing is durable on return but what a Sync call covers: [File.Sync] the
// file's data and metadata, [Ref.Sync] a directory's names, [Backend.SyncFS]
// everything written to the backend before the call.
//
// # File flags
//
// What becomes of a file flag (FS_*_FL, by the letters of lsattr) when an object
// moves to another backend:
//
//	i a          immutable, append-only: the object stays until they are gone
//	S D d A      sync, dirsync, nodump, noatime: belong to the object; a backend
//	             that can't hold one can't be its home (ErrCannotHold)
//	C c m        nocow, compress, nocompress, secure deletion, undelete, data
//	s u j t T x  journalling, no tail merging, top directory, DAX: say how one
//	             filesystem shall store the data; kept where the other has them
//	e I N h E V  extents, index, inline data, huge file, encrypted, verity,
//	F P others   casefold, project inheritance: tell how the data is stored here;
//	             they stay behind, as project ids do
//
// Stand-ins for a directory get the flags of the second and third group as far
// as they can hold them, because new objects inherit them.
//
// # The private directory
//
// Each backend keeps its own state in [PrivateDir] below its root: "format"
// (UUID and format version), "lock" (held with flock while in use), "stage"
// (copies in the making), "journal" (intents), "lost+found" (losers of
// unexplained conflicts, kept for the operator). Nothing in it is reachable
// through the namespace.
package backend

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
)

// PrivateDir is the name of the private directory below a backend's root.
const PrivateDir = ".seamfs"

// Names of the directories within the private directory.
const (
	StageDir     = "stage"
	JournalDir   = "journal"
	LostFoundDir = "lost+found"
)

// UUID names one backend, or one life of a volatile one: a tmpfs that was
// mounted anew has a new UUID, because the old one vanished with its content.
type UUID [16]byte

// String returns the UUID as 32 hexadecimal digits.
func (u UUID) String() string { return hex.EncodeToString(u[:]) }

// Birth is the birth identity of an object: a digest of its backend's UUID and
// its kernel file handle, which contains a generation and so is never used
// again, unlike an inode number (ext4 reuses one at once).
type Birth [16]byte

// MakeBirth digests a backend's UUID and a kernel file handle.
func MakeBirth(u UUID, handleType int32, handle []byte) Birth {
	var buf [16 + 4 + 128]byte
	copy(buf[:], u[:])
	binary.LittleEndian.PutUint32(buf[16:], uint32(handleType))
	n := copy(buf[20:], handle)
	sum := sha256.Sum256(buf[:20+n])
	return Birth(sum[:16])
}

// ID returns the stable 63-bit identity that an object of this birth has
// until a stamp says otherwise. 0 and 1 are never returned: they mean "none"
// and "the root" in FUSE.
func (b Birth) ID() uint64 {
	id := binary.LittleEndian.Uint64(b[:8]) &^ (1 << 63)
	if id < 2 {
		id += 2
	}
	return id
}

// Cred is the identity with which an object is made, so that ownership,
// setgid inheritance and default ACLs come out as if the caller had made it on
// the backend himself. The calling thread's file system uid and gid are set
// for the call; capabilities are kept.
type Cred struct{ UID, GID uint32 }

// Time is a timestamp in seconds and nanoseconds since 1970, as in statx(2).
type Time struct {
	Sec  int64
	Nsec uint32
}

// Attr are the attributes of an object, as statx(2) gives them.
type Attr struct {
	Ino     uint64
	Mode    uint32 // type and permissions, as st_mode
	Nlink   uint32
	UID     uint32
	GID     uint32
	Rdev    uint64 // as makedev(3) makes it
	Size    int64
	Blocks  int64 // 512-byte units allocated
	Blksize uint32
	Atime   Time
	Mtime   Time
	Ctime   Time
	Btime   Time // zero where the filesystem has none
	// Flags are the STATX_ATTR_* bits (immutable, append, nodump, compressed)
	// that the filesystem reports.
	Flags uint64
}

// Special nanosecond values of a Time in a SetAttr, as in utimensat(2).
const (
	NsecNow = 1<<30 - 1 // UTIME_NOW
)

// SetAttr says which attributes to change; a nil field stays as it is.
type SetAttr struct {
	Mode  *uint32 // permission bits, 07777
	UID   *uint32
	GID   *uint32
	Size  *int64 // regular files
	Atime *Time  // Nsec may be NsecNow
	Mtime *Time  // Nsec may be NsecNow
}

// Statfs is the space of a backend, as statfs(2) gives it.
type Statfs struct {
	Bsize, Frsize         uint32
	Blocks, Bfree, Bavail uint64
	Files, Ffree          uint64
	NameLen               uint32
}

// Props are the probed properties of a backend. They don't change while it is
// open.
type Props struct {
	Name     string // as given on the command line
	Path     string // absolute path of the root
	UUID     UUID
	FSType   string // "ext4", "xfs", "btrfs", "tmpfs", … or the magic in hex
	Dev      uint64 // st_dev of the root
	FSID     uint64 // the same for backends on one filesystem, whichever mount or subvolume; 0 if unknown
	Volatile bool   // content vanishes at power loss (tmpfs, ramfs)
	Fresh    bool   // marked as a backend for the first time at this open
	Empty    bool   // Fresh, and nothing but the private directory in it
	Reflink  bool   // FICLONE works within the backend
	Holes    bool   // SEEK_HOLE reports holes
	Xattr    bool   // trusted.* and user.* extended attributes work
	ACL      bool   // POSIX ACLs work
	Handles  bool   // name_to_handle_at works; else births are made of inode number and birth time
	Whiteout bool   // RENAME_WHITEOUT works
	NameMax  int    // longest name in bytes
}

// Backend is one directory on one mounted filesystem. Its methods may be
// called from several goroutines at once.
type Backend interface {
	Props() *Props
	// Root returns the reference to the root; the backend owns it.
	Root() Ref
	// Private returns the reference to one of the directories within the
	// private directory (StageDir, JournalDir, LostFoundDir); the backend owns
	// it.
	Private(dir string) Ref
	// SyncFS makes everything written to the filesystem before the call
	// durable, as syncfs(2).
	SyncFS() error
	Statfs() (Statfs, error)
	// Stamped tells whether any object of the backend may carry a stamp. It
	// saves a getxattr for each lookup on backends that never received a move.
	Stamped() bool
	// MarkStamped makes Stamped true, for later opens too. It returns before
	// the first stamp may be written.
	MarkStamped() error
	// Close releases the lock and all descriptors that the backend owns.
	Close() error
}

// Ref refers to an object of a backend: usually a directory, also any other
// object whose last name may go while it is in use. With name "" each method
// acts on the object itself, otherwise on the entry of that name in it.
// A name is one component, never ".", ".." or with a slash (EINVAL).
// Symbolic links are never followed: the method acts on the link or fails
// with ELOOP. A name at which another filesystem begins (something is mounted
// there, or it is the root of a btrfs subvolume) is EXDEV for Stat, OpenRef and
// OpenFile; callers stat a name before they change what it names.
type Ref interface {
	Stat(name string, a *Attr) error
	Birth(name string) (Birth, error)
	// OpenRef returns a new reference that the caller closes.
	OpenRef(name string) (Ref, error)
	// OpenFile opens an existing regular file. flags: O_RDONLY, O_WRONLY,
	// O_RDWR, O_TRUNC, O_SYNC, O_DSYNC, O_NOATIME, O_APPEND; others are ignored
	// (O_DIRECT too). O_APPEND is for append-only files, which can't be opened
	// for writing without it: see File.WriteAt. Works for name "" as long as
	// the object lives, also when it has no name any more.
	OpenFile(name string, flags int) (File, error)
	// Create makes a new regular file (O_CREAT|O_EXCL: EEXIST if there is
	// anything) and opens it with flags. The process umask is 0; the parent's
	// default ACL applies to mode.
	Create(name string, flags int, mode uint32, c Cred) (File, error)
	// Tmpfile makes a regular file without a name in the referenced directory
	// (O_TMPFILE), which inherits from it as by Create, and opens it with flags.
	// Link of its Ref gives it a name. EOPNOTSUPP where there is no such thing.
	Tmpfile(flags int, mode uint32, c Cred) (File, error)
	Mkdir(name string, mode uint32, c Cred) error
	// Mknod makes a fifo, socket, device node or empty regular file.
	Mknod(name string, mode uint32, rdev uint64, c Cred) error
	Symlink(target, name string, c Cred) error
	Readlink(name string) (string, error)
	// Link makes newname in newdir another name of the object, which may be
	// the referenced object itself (name "").
	Link(name string, newdir Ref, newname string) error
	Unlink(name string) error
	Rmdir(name string) error
	// Rename is renameat2(2); flags are RENAME_NOREPLACE, RENAME_EXCHANGE,
	// RENAME_WHITEOUT. newdir belongs to the same backend, or to another one
	// on the same filesystem (EXDEV where the kernel refuses). A directory in
	// the way that isn't empty is ENOTEMPTY.
	Rename(name string, newdir Ref, newname string, flags uint) error
	// SetAttr changes what s names, size first, owner before mode, times last.
	// When it fails, the changes before the failing one are made.
	SetAttr(name string, s *SetAttr) error
	// GetXattr returns the size of the value; with a dst too small ERANGE, with
	// an empty dst only the size. A missing attribute is ENODATA.
	GetXattr(name, attr string, dst []byte) (int, error)
	SetXattr(name, attr string, value []byte, flags int) error
	// ListXattr returns the names, each ended by NUL; sizes as GetXattr.
	ListXattr(name string, dst []byte) (int, error)
	RemoveXattr(name, attr string) error
	// Flags returns the file flags of a regular file or directory: the FS_*_FL
	// bits of linux/fs.h, as FS_IOC_GETFLAGS gives them. EOPNOTSUPP for objects
	// of other types, and on a filesystem without flags.
	Flags(name string) (uint32, error)
	// SetFlags is FS_IOC_SETFLAGS. EOPNOTSUPP for a flag that the filesystem
	// doesn't have, but some filesystems ignore such flags.
	SetFlags(name string, flags uint32) error
	// ReadDir calls fn for each entry of the referenced directory but "." and
	// "..", with its d_type and inode number, until fn returns an error, which
	// it returns.
	ReadDir(fn func(name string, typ uint8, ino uint64) error) error
	// Sync makes the referenced directory's names durable (fsync).
	Sync() error
	Close() error
}

// File is an open regular file of a backend. Its methods may be called from
// several goroutines at once; none moves a shared file position.
type File interface {
	// ReadAt is pread(2): fewer bytes than asked, without an error, at the end.
	ReadAt(p []byte, off int64) (int, error)
	// WriteAt is pwrite(2) until all is written or an error occurs. For a file
	// opened with O_APPEND, off must be its end while it is append-only (EPERM).
	WriteAt(p []byte, off int64) (int, error)
	Stat(a *Attr) error
	SetAttr(s *SetAttr) error
	// Fallocate is fallocate(2).
	Fallocate(mode uint32, off, size int64) error
	// Seek finds data or a hole from off on: whence is SEEK_DATA or SEEK_HOLE.
	// ENXIO past the end.
	Seek(off int64, whence int) (int64, error)
	// Sync is fsync(2), or with dataOnly fdatasync(2).
	Sync(dataOnly bool) error
	// StartWriteback begins to write out dirty pages of the range, to bound
	// the dirt of a long copy (sync_file_range(2)); wait tells to wait for the
	// range to be written. It makes nothing durable.
	StartWriteback(off, size int64, wait bool) error
	// Clone shares all extents of src (FICLONE). [ErrNoReflink] and
	// [ErrNotThisFile] tell why it can't; another error is a real one.
	Clone(src File) error
	// CloneRange shares a range (FICLONERANGE); errors as Clone.
	CloneRange(src File, srcOff, size, dstOff int64) error
	// CopyRange copies up to size bytes from src within the kernel where it
	// can, else by reading and writing. It returns what it copied; 0 at the
	// end of src.
	CopyRange(src File, srcOff, size, dstOff int64) (int64, error)
	GetXattr(attr string, dst []byte) (int, error)
	SetXattr(attr string, value []byte, flags int) error
	ListXattr(dst []byte) (int, error)
	RemoveXattr(attr string) error
	// Flags and SetFlags are those of the file's Ref.
	Flags() (uint32, error)
	SetFlags(flags uint32) error
	// Ref returns a reference to the open file's object, for one that has no
	// name. The caller closes it.
	Ref() (Ref, error)
	Close() error
}
