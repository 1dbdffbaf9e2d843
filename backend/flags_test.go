package backend

import (
	"errors"
	"strings"
	"syscall"
	"testing"
)

// flagBox is an object of a filesystem that has the flags of can. It refuses
// the others, or ignores them.
type flagBox struct {
	flags, can uint32
	ignores    bool
	calls      int
}

func (b *flagBox) Flags() (uint32, error) {
	if b.can == 0 {
		return 0, syscall.EOPNOTSUPP
	}
	return b.flags, nil
}

func (b *flagBox) SetFlags(flags uint32) error {
	b.calls++
	if flags&^b.can != 0 && !b.ignores {
		return syscall.EOPNOTSUPP
	}
	b.flags = flags & b.can
	return nil
}

func TestCopyFlags(t *testing.T) {
	const (
		sync, nodump, noatime, nocow, extents = 0x8, 0x40, 0x80, 0x800000, 0x80000
		all                                   = ^uint32(0)
	)
	for name, c := range map[string]struct {
		src, dst flagBox
		want     uint32
		missing  string
		calls    int
	}{
		"nothing":           {flagBox{can: all}, flagBox{can: all}, 0, "", 0},
		"set and clear":     {flagBox{flags: sync | nodump, can: all}, flagBox{flags: noatime, can: all}, sync | nodump, "", 1},
		"storage":           {flagBox{flags: extents, can: all}, flagBox{flags: 0x1000, can: all}, 0x1000, "", 0},
		"nocow":             {flagBox{flags: nocow | nodump, can: all}, flagBox{can: all}, nocow | nodump, "", 2},
		"nocow refused":     {flagBox{flags: nocow | nodump, can: all}, flagBox{can: nodump}, nodump, "", 2},
		"sync refused":      {flagBox{flags: sync | nodump, can: all}, flagBox{can: nodump}, nodump, "S (synchronous", 3},
		"sync ignored":      {flagBox{flags: sync | nodump, can: all}, flagBox{can: nodump, ignores: true}, nodump, "S (synchronous", 1},
		"all refused":       {flagBox{flags: sync, can: all}, flagBox{flags: nodump, can: nodump}, 0, "S (synchronous", 3},
		"source without":    {flagBox{}, flagBox{can: all}, 0, "", 0},
		"neither":           {flagBox{}, flagBox{}, 0, "", 0},
		"destination none":  {flagBox{flags: noatime, can: all}, flagBox{}, 0, "A (no atime", 0},
		"none but storage":  {flagBox{flags: extents | nocow, can: all}, flagBox{}, 0, "", 0},
		"immutable is left": {flagBox{flags: FlagImmutable | FlagAppend, can: all}, flagBox{can: all}, 0, "", 0},
	} {
		err := CopyFlags(&c.dst, &c.src)
		switch {
		case c.missing == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.missing != "" && (!errors.Is(err, ErrCannotHold) || !strings.Contains(err.Error(), c.missing)):
			t.Errorf("%s: got error %v, want one about %s", name, err, c.missing)
		}
		if c.dst.flags != c.want || c.dst.calls != c.calls {
			t.Errorf("%s: flags %#x after %d calls, want %#x after %d", name, c.dst.flags, c.dst.calls, c.want, c.calls)
		}
	}
}

func TestCopyStorageFlags(t *testing.T) {
	const sync, nocow, compress = 0x8, 0x800000, 0x4
	src := &flagBox{flags: sync | nocow, can: ^uint32(0)}
	for can, want := range map[uint32]uint32{0: 0, compress: 0, nocow | sync: nocow} {
		dst := &flagBox{can: can}
		if err := CopyStorageFlags(dst, src); err != nil || dst.flags != want {
			t.Errorf("flags %#x of %#x, %v, want %#x", dst.flags, can, err, want)
		}
	}
}
