// Package fusefs turns FUSE requests into calls of the namespace.
//
// It knows the protocol and nothing of backends: it finds the node that a
// request names, calls [placement.FS], fills in the reply, and translates
// errors to errnos. The FUSE node id is the stable identity of the object,
// which is also its st_ino. Virtual extended attributes, which tell how far
// moves are, are answered here from a [StatusSource].
//
// # What the kernel may cache
//
// The daemon is the only one that changes its backends, so names (negative
// ones too), attributes, symbolic links and data stay in the kernel's caches
// until the kernel itself drops them. It does so for whatever a request of its
// own changes: attributes of both directories on rename, link count and ctime
// on link, unlink and replacement (also of files that are still open), size,
// blocks and times on write, truncate, fallocate and copy_file_range, ctime
// when extended attributes change. Three things remain:
//
//   - A write by an unprivileged user drops suid and sgid inside the daemon
//     (HANDLE_KILLPRIV_V2), and the kernel keeps the old mode: attributes of
//     regular files with such a bit are never cached.
//   - FS_IOC_SETFLAGS changes the ctime: the handler itself has the kernel
//     forget the attributes, before it replies.
//   - A hidden link that goes changes the link count of its other names: the
//     namespace calls [Server.InvalidateInode]. The number of allocated blocks
//     may change with a move, and is not told anew.
//
// Extended attributes are not cached, ACLs only together with attributes.
//
// # File flags
//
// FS_IOC_GETFLAGS and SETFLAGS, and FSGETXATTR and FSSETXATTR without project
// ids and extent sizes, are the only ioctls served. Immutable and append-only
// are enforced by the backend's filesystem and by the namespace, because the
// kernel doesn't know them on a FUSE inode. Hence what it decides before it
// asks differs from a disk filesystem:
//
//   - Without the permission bits for it, a change is EACCES instead of EPERM,
//     and access(2) looks at the bits alone.
//   - unlink of an immutable directory is EISDIR, rmdir of an immutable file
//     ENOTDIR, instead of EPERM.
//   - fcntl can take O_APPEND off a descriptor of an append-only file, and mmap
//     can map one for writing: a write elsewhere than at the end then is EPERM,
//     for a mapping at msync.
//
// # What FUSE, or the backend, forces to differ from ext4
//
//	sync(2), syncfs(2)            never reach a FUSE daemon: use fsync
//	FICLONE, FIDEDUPERANGE,       EOPNOTSUPP: the FUSE module has no such operation;
//	FIEMAP, FIBMAP                copy_file_range shares extents instead
//	COLLAPSE_RANGE, INSERT_RANGE  EOPNOTSUPP: fuse_file_fallocate refuses them
//	ZERO_RANGE                    EOPNOTSUPP while the file is on tmpfs, which hasn't it
//	quotactl                      none on the mount; the backends' quotas count the caller's ids
//	chown(path, -1, -1)           succeeds and changes nothing: with HANDLE_KILLPRIV_V2 nothing
//	                              is left to ask (fuse_setattr), so suid and sgid stay
//	leases (F_SETLEASE)           are broken by openers in the mount only
//	device numbers, symlinks      XFS: majors to 511, minors to 262143; targets to 1023 bytes
//	largest file, times, links    as the resident's backend has them
//	cookies of readdir            63 bits: 32-bit programs without large-file support get EOVERFLOW
//	file handles                  resolve while the kernel has the inode in its caches
//
// # Guarantees
//
// A reply of ENOSYS means to the kernel "never ask this again, for no file";
// so it is given on purpose only (FLUSH and ACCESS, which need no answer, and
// what isn't served at all), and an ENOSYS from below becomes EOPNOTSUPP.
//
// Only a fatal signal, or the end of the connection, ends the wait in fsync
// (see [FS.waitContext]).
//
// A panic in a handler is logged with its stack and ends the daemon. It may
// have left locks taken and half of a change made; recovery at the next mount
// is made for exactly that, while going on is not.
//
// # Locks
//
// A directory handle's mutex is taken before any lock of the namespace, the
// mutexes of handle tables and of the notification queue alone. Notifications
// to the kernel are sent by a goroutine of their own, which holds no lock.
package fusefs
