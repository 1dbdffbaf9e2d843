package fusefs

import (
	"syscall"
	"testing"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"

	"github.com/seamfs/seamfs/backend"
	"github.com/seamfs/seamfs/placement"
)

func TestDevices(t *testing.T) {
	for _, d := range [][2]uint32{{0, 0}, {1, 3}, {8, 255}, {8, 256}, {259, 70000}, {4095, 1<<20 - 1}} {
		dev := unix.Mkdev(d[0], d[1])
		if got := decodeDev(encodeDev(dev)); got != dev {
			t.Errorf("%d:%d comes back as %d:%d", d[0], d[1], unix.Major(got), unix.Minor(got))
		}
	}
	if got := encodeDev(unix.Mkdev(8, 300)); got != 300&0xff|8<<8|0x100<<12 {
		t.Errorf("8:300 is %#x, not as new_encode_dev makes it", got)
	}
}

func TestAttrTime(t *testing.T) {
	for mode, cached := range map[uint32]bool{
		syscall.S_IFREG | 0o755:  true,
		syscall.S_IFREG | 0o4755: false,
		syscall.S_IFREG | 0o2755: false,
		syscall.S_IFDIR | 0o2755: true,
		syscall.S_IFDIR | 0o1777: true,
	} {
		if got := attrTime(&placement.Attr{Mode: mode}) > 0; got != cached {
			t.Errorf("mode %o is cached: %v, want %v", mode, got, cached)
		}
	}
}

func TestChanges(t *testing.T) {
	in := &fuse.SetAttrIn{SetAttrInCommon: fuse.SetAttrInCommon{
		Valid: fuse.FATTR_MODE | fuse.FATTR_GID | fuse.FATTR_SIZE | fuse.FATTR_ATIME |
			fuse.FATTR_ATIME_NOW | fuse.FATTR_MTIME | fuse.FATTR_KILL_SUIDGID,
		Mode: syscall.S_IFREG | 0o640, Size: 1 << 33, Mtime: ^uint64(0), Mtimensec: 5,
		Owner: fuse.Owner{Uid: 1, Gid: 2},
	}}
	s := changes(in)
	switch {
	case s.Mode == nil || *s.Mode != 0o640:
		t.Errorf("mode is %v", s.Mode)
	case s.UID != nil || s.GID == nil || *s.GID != 2:
		t.Errorf("owner is %v:%v", s.UID, s.GID)
	case s.Size == nil || *s.Size != 1<<33:
		t.Errorf("size is %v", s.Size)
	case s.Atime == nil || s.Atime.Nsec != backend.NsecNow:
		t.Errorf("atime is %v", s.Atime)
	case s.Mtime == nil || *s.Mtime != backend.Time{Sec: -1, Nsec: 5}:
		t.Errorf("mtime is %v", s.Mtime)
	}
	if s := changes(&fuse.SetAttrIn{}); *s != (backend.SetAttr{}) {
		t.Errorf("nothing asked for, but %+v", s)
	}
}

func TestWithoutPriv(t *testing.T) {
	for mode, want := range map[uint32]uint32{
		0o755: 0o755, 0o4755: 0o755, 0o6755: 0o755, 0o2755: 0o755, 0o2745: 0o2745, 0o1777: 0o1777,
	} {
		if got := withoutPriv(mode); got != want {
			t.Errorf("withoutPriv(%o) = %o, want %o", mode, got, want)
		}
	}
}
