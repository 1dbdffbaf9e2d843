package placement

import (
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"syscall"

	"github.com/seamfs/seamfs/backend"
)

// stampAttr is the private xattr that carries a stamp.
const stampAttr = "trusted.seamfs"

// privateAttr tells whether an xattr is seamfs's own: never listed, never set
// by users.
func privateAttr(attr string) bool { return strings.HasPrefix(attr, stampAttr) }

// birthKey is a birth identity as stamps and nodes keep it: its first 64 bits.
type birthKey uint64

func keyOf(b backend.Birth) birthKey { return birthKey(binary.LittleEndian.Uint64(b[:8])) }

// stamp is what an object says about itself when its birth identity is not
// enough:
//
//	byte    0        1       2      3       4…            …          …           …
//	      version  flags  #own  #over   own (8 each)   id (8)   boot (4, if   over (8 each)
//	                                                            tentative)
//
// All integers are little-endian. The whole fits into the inode of an ext4
// file system with the usual 256-byte inodes, so that writing it needs no
// block.
type stamp struct {
	own   []birthKey // births of the file that may carry it; else it is void
	id    uint64     // the object's identity
	over  []birthKey // births of what it beats at its name
	boot  uint32     // boot in which a tentative stamp was written
	flags stampFlags
}

type stampFlags uint8

const (
	// stampDue marks an object (with all below it) that a rename put under
	// another rule: it is to be moved home.
	stampDue stampFlags = 1 << iota
	// stampScaffold marks a directory that only stands in for one of this id
	// on another backend.
	stampScaffold
	// stampTentative marks a stamp that counts only in the boot that wrote it,
	// because the data of its object may not have reached the disk.
	stampTentative
	// stampWhite marks a whiteout of ours among the devices 0:0.
	stampWhite
)

const stampVersion = 1

// maxOver bounds the births that a stamp names; a name has at most one object
// on each backend.
const maxOver = 64

// maxStamp is the size of the largest stamp in bytes.
const maxStamp = 4 + 8*2 + 8 + 4 + 8*maxOver

var errBadStamp = errors.New("stamp is damaged")

func (st *stamp) encode() []byte {
	b := []byte{stampVersion, byte(st.flags), byte(len(st.own)), byte(len(st.over))}
	for _, k := range st.own {
		b = binary.LittleEndian.AppendUint64(b, uint64(k))
	}
	b = binary.LittleEndian.AppendUint64(b, st.id)
	if st.flags&stampTentative != 0 {
		b = binary.LittleEndian.AppendUint32(b, st.boot)
	}
	for _, k := range st.over {
		b = binary.LittleEndian.AppendUint64(b, uint64(k))
	}
	return b
}

func decodeStamp(b []byte) (*stamp, error) {
	if len(b) < 4 || b[0] != stampVersion {
		return nil, errBadStamp
	}
	st := &stamp{flags: stampFlags(b[1])}
	nown, nover := int(b[2]), int(b[3])
	want := 4 + 8*nown + 8 + 8*nover
	if st.flags&stampTentative != 0 {
		want += 4
	}
	if len(b) != want {
		return nil, errBadStamp
	}
	b = b[4:]
	next := func() uint64 {
		v := binary.LittleEndian.Uint64(b)
		b = b[8:]
		return v
	}
	for range nown {
		st.own = append(st.own, birthKey(next()))
	}
	st.id = next()
	if st.flags&stampTentative != 0 {
		st.boot = binary.LittleEndian.Uint32(b)
		b = b[4:]
	}
	for range nover {
		st.over = append(st.over, birthKey(next()))
	}
	return st, nil
}

// clone copies the stamp for a change; of nil it makes an empty one.
func (st *stamp) clone() *stamp {
	if st == nil {
		return &stamp{}
	}
	c := *st
	c.own = slices.Clone(st.own)
	c.over = slices.Clone(st.over)
	return &c
}

func (st *stamp) has(f stampFlags) bool { return st != nil && st.flags&f != 0 }

// readStamp returns the valid stamp of an object, or nil. A stamp that was
// copied on to another file (its own births don't name this one) is void, and
// so is a damaged one: the object is then what its birth says.
func readStamp(s *store, ref backend.Ref, name string, birth birthKey) (*stamp, error) {
	if !s.Stamped() {
		return nil, nil
	}
	var buf [maxStamp]byte
	n, err := ref.GetXattr(name, stampAttr, buf[:])
	switch {
	case errors.Is(err, syscall.ENODATA), errors.Is(err, syscall.ENOTSUP), errors.Is(err, syscall.ERANGE):
		return nil, nil
	case err != nil:
		return nil, err
	}
	st, err := decodeStamp(buf[:n])
	if err != nil || !slices.Contains(st.own, birth) {
		return nil, nil
	}
	return st, nil
}

// writeStamp stores a stamp. On return it will be seen after a kill -9; it is
// durable with the next sync of the object or its backend.
func writeStamp(s *store, ref backend.Ref, name string, st *stamp) error {
	if err := s.MarkStamped(); err != nil {
		return err
	}
	return ref.SetXattr(name, stampAttr, st.encode(), 0)
}
