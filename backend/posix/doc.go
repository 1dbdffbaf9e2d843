// Package posix implements a backend on any local filesystem that Linux
// mounts: tmpfs and disks alike.
//
// # Safety
//
// Every call is relative to a directory descriptor and names one component.
// [ref.OpenRef] and [ref.OpenFile] open with openat2(2), which refuses symbolic
// links, magic links and mount points; [ref.Stat] refuses mount points and the
// roots of btrfs subvolumes. Both answer EXDEV. The other calls don't look: a
// caller stats a name before he changes it, and one who mounts something on a
// name in between gets what he mounted.
//
// # Who creates
//
// Objects are made with the file system uid and gid of the caller, which are
// attributes of a thread, so the goroutine stays locked to its thread for the
// call. [PrepareProcess] sees to it that capabilities survive this; where it
// wasn't called they are raised again for each call. A daemon without CAP_SETUID
// and CAP_SETGID makes everything as itself. The daemon's supplementary
// groups are not those of the caller, and CAP_FSETID is kept: whether a setgid
// bit in a mode must go is decided by whoever checked the caller's rights.
//
// # What it needs
//
// Linux 5.8 (openat2, statx with mount ids) and a mounted /proc. From 6.6 on
// fchmodat2 and from 6.13 on the xattrat calls save a walk through /proc.
//
// # Locks
//
// A backend has one mutex, around MarkStamped. Everything else is the kernel's
// affair. Descriptors are closed by whoever opened them, after the last use:
// a Close that races another method of the same Ref or File is a bug of the
// caller.
package posix
