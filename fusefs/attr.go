package fusefs

import (
	"syscall"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"

	"github.com/seamfs/seamfs/backend"
	"github.com/seamfs/seamfs/placement"
)

// cacheTime is how long the kernel may keep names and attributes; see the
// package documentation for why it can be long.
const cacheTime = time.Hour

// attrTime is how long attributes may be kept. A write drops suid and sgid
// without the kernel's noticing, and exec would go on honouring them.
func attrTime(a *placement.Attr) time.Duration {
	if a.Mode&syscall.S_IFMT == syscall.S_IFREG && a.Mode&(syscall.S_ISUID|syscall.S_ISGID) != 0 {
		return 0
	}
	return cacheTime
}

// fillEntry makes out the reply for a name that was found or made.
func fillEntry(out *fuse.EntryOut, n *placement.Node, a *placement.Attr) {
	out.NodeId = n.ID()
	out.SetEntryTimeout(cacheTime)
	out.SetAttrTimeout(attrTime(a))
	fillAttr(&out.Attr, a)
}

func fillAttr(out *fuse.Attr, a *placement.Attr) {
	*out = fuse.Attr{
		Ino:       a.Ino,
		Size:      uint64(a.Size),
		Blocks:    uint64(a.Blocks),
		Atime:     uint64(a.Atime.Sec),
		Mtime:     uint64(a.Mtime.Sec),
		Ctime:     uint64(a.Ctime.Sec),
		Atimensec: a.Atime.Nsec,
		Mtimensec: a.Mtime.Nsec,
		Ctimensec: a.Ctime.Nsec,
		Mode:      a.Mode,
		Nlink:     a.Nlink,
		Owner:     fuse.Owner{Uid: a.UID, Gid: a.GID},
		Rdev:      encodeDev(a.Rdev),
		Blksize:   a.Blksize,
	}
}

// statxAttrs are the attribute flags that are passed on.
const statxAttrs = unix.STATX_ATTR_COMPRESSED | unix.STATX_ATTR_IMMUTABLE |
	unix.STATX_ATTR_APPEND | unix.STATX_ATTR_NODUMP

func fillStatx(out *fuse.Statx, a *placement.Attr) {
	*out = fuse.Statx{
		Mask:           unix.STATX_BASIC_STATS,
		Blksize:        a.Blksize,
		Attributes:     a.Flags & statxAttrs,
		AttributesMask: statxAttrs,
		Nlink:          a.Nlink,
		Uid:            a.UID,
		Gid:            a.GID,
		Mode:           uint16(a.Mode),
		Ino:            a.Ino,
		Size:           uint64(a.Size),
		Blocks:         uint64(a.Blocks),
		Atime:          statxTime(a.Atime),
		Ctime:          statxTime(a.Ctime),
		Mtime:          statxTime(a.Mtime),
		RdevMajor:      unix.Major(a.Rdev),
		RdevMinor:      unix.Minor(a.Rdev),
	}
	if a.Btime != (backend.Time{}) {
		out.Mask |= unix.STATX_BTIME
		out.Btime = statxTime(a.Btime)
	}
}

func statxTime(t backend.Time) fuse.SxTime {
	return fuse.SxTime{Sec: uint64(t.Sec), Nsec: t.Nsec}
}

// encodeDev and decodeDev convert between a device number as makedev(3) makes
// it and the 32 bits of the protocol (the kernel's new_encode_dev: 12 bits of
// major, 20 of minor).
func encodeDev(dev uint64) uint32 {
	major, minor := unix.Major(dev), unix.Minor(dev)
	return minor&0xff | major<<8 | (minor&^0xff)<<12
}

func decodeDev(dev uint32) uint64 {
	return unix.Mkdev(dev>>8&0xfff, dev&0xff|dev>>12&0xfff00)
}
