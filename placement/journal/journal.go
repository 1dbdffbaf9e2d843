// Package journal keeps intents: records of a change that takes several
// system calls on several backends, written before the first of them and
// removed after the last, so that the next start can finish what a killed
// daemon left half done.
//
// Each intent is a file of its own in a backend's journal directory:
//
//	offset  0        8        12       16
//	        magic    length   CRC-32C  body (JSON), length bytes
//
// The numbers are little-endian. The file is written under a temporary name
// and renamed, so an intent is there whole or not at all; a damaged one
// (a power cut on a file system that reorders) never began to be carried out,
// and is dropped. With sync it is durable when [Write] returns.
//
// An intent needs sync only where two or more durable backends take part:
// otherwise it lives on the volatile one, and goes at power loss together with
// that one's half of the change.
package journal

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"strconv"
	"strings"

	"github.com/seamfs/seamfs/backend"
	"golang.org/x/sys/unix"
)

// Kinds of intents.
const (
	KindRename = "rename" // carry out all Renames
	KindLinks  = "links"  // give the object at Links[0] on To all other names, and remove them on From
)

// Intent is one record. Paths are relative to the backends' roots.
type Intent struct {
	Kind    string   `json:"kind"`
	Boot    uint32   `json:"boot"` // the boot in which it was written
	Renames []Rename `json:"renames,omitempty"`
	Links   *Links   `json:"links,omitempty"`
}

// Rename is one rename on one backend. It is to be done if From still holds
// the object of that birth.
type Rename struct {
	Backend string `json:"backend"` // UUID
	From    []byte `json:"from"`
	To      []byte `json:"to"`
	Flags   uint   `json:"flags"` // of renameat2(2)
	Birth   uint64 `json:"birth"`
}

// Links is the switch of a hard-linked file: once Names[0] on To holds the
// object of birth New, the others become links to it, and all of birth Old on
// From go.
type Links struct {
	From, To string // UUIDs
	Names    [][]byte
	Old, New uint64
}

// ErrDamaged tells that an intent isn't whole.
var ErrDamaged = errors.New("intent is damaged")

const (
	magic  = "seamfsJ1"
	header = 16
	prefix = "i" // to be carried out
	done   = "d" // carried out, but perhaps not on the disk
	maxLen = 64 << 20
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Write stores an intent under a name that [List] will give. It survives a
// kill of the daemon on return, with sync also power loss.
func Write(dir backend.Ref, seq uint64, in *Intent, sync bool) (name string, err error) {
	body, err := json.Marshal(in)
	if err != nil {
		return "", err
	}
	rec := make([]byte, header, header+len(body))
	copy(rec, magic)
	binary.LittleEndian.PutUint32(rec[8:], uint32(len(body)))
	binary.LittleEndian.PutUint32(rec[12:], crc32.Checksum(body, castagnoli))
	rec = append(rec, body...)
	name = fmt.Sprintf("%s%d", prefix, seq)
	tmp := "t" + name
	if err := writeFile(dir, tmp, rec, sync); err != nil {
		return "", fmt.Errorf("write intent %s: %w", name, err)
	}
	if err := dir.Rename(tmp, dir, name, 0); err != nil {
		return "", errors.Join(fmt.Errorf("write intent %s: %w", name, err), dir.Unlink(tmp))
	}
	if sync {
		if err := dir.Sync(); err != nil {
			return "", errors.Join(fmt.Errorf("sync intent %s: %w", name, err), dir.Unlink(name))
		}
	}
	return name, nil
}

func writeFile(dir backend.Ref, name string, data []byte, sync bool) error {
	f, err := dir.Create(name, unix.O_WRONLY, 0o600, backend.Cred{})
	if err != nil {
		return err
	}
	_, err = f.WriteAt(data, 0)
	if err == nil && sync {
		err = f.Sync(false)
	}
	err = errors.Join(err, f.Close())
	if err != nil {
		err = errors.Join(err, dir.Unlink(name))
	}
	return err
}

// MarkDone tells that an intent was carried out: only after another boot it is
// carried out again, because the disks may have lost a part of it. It returns
// the intent's new name.
func MarkDone(dir backend.Ref, name string) (string, error) {
	to := done + name[len(prefix):]
	if err := dir.Rename(name, dir, to, 0); err != nil {
		return name, fmt.Errorf("mark intent %s done: %w", name, err)
	}
	return to, nil
}

// Done tells whether a name that List returned is of an intent marked done.
func Done(name string) bool { return strings.HasPrefix(name, done) }

// List returns the names of the intents in a journal directory in the order in
// which they were written, and removes those that were never finished being
// written.
func List(dir backend.Ref) ([]string, error) {
	var names, torn []string
	err := dir.ReadDir(func(name string, typ uint8, ino uint64) error {
		if strings.HasPrefix(name, prefix) || Done(name) {
			names = append(names, name)
		} else {
			torn = append(torn, name)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, name := range torn {
		if err := dir.Unlink(name); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Compare(seqOf(a), seqOf(b)) })
	return names, nil
}

func seqOf(name string) uint64 {
	n, _ := strconv.ParseUint(name[len(prefix):], 10, 64) // a foreign name sorts first
	return n
}

// Read returns an intent. It wraps ErrDamaged for one that isn't whole.
func Read(dir backend.Ref, name string) (*Intent, error) {
	f, err := dir.OpenFile(name, unix.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var head [header]byte
	if n, err := f.ReadAt(head[:], 0); err != nil {
		return nil, err
	} else if n < header || string(head[:8]) != magic {
		return nil, fmt.Errorf("read intent %s: %w", name, ErrDamaged)
	}
	size := binary.LittleEndian.Uint32(head[8:])
	if size > maxLen {
		return nil, fmt.Errorf("read intent %s: %w", name, ErrDamaged)
	}
	body := make([]byte, size)
	n, err := f.ReadAt(body, header)
	if err != nil {
		return nil, err
	}
	if n < len(body) || crc32.Checksum(body, castagnoli) != binary.LittleEndian.Uint32(head[12:]) {
		return nil, fmt.Errorf("read intent %s: %w", name, ErrDamaged)
	}
	in := new(Intent)
	if err := json.Unmarshal(body, in); err != nil {
		return nil, fmt.Errorf("read intent %s: %w: %w", name, ErrDamaged, err)
	}
	return in, nil
}
