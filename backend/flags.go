package backend

import (
	"errors"
	"fmt"
	"iter"
	"strings"
	"syscall"
)

// File flags that this package and the namespace know by name: FS_*_FL of
// linux/fs.h.
const (
	FlagImmutable = 0x10
	FlagAppend    = 0x20
)

// The flags that a move takes along: see the package documentation.
const (
	keptFlags    = 0x8 | 0x40 | 0x80 | 0x10000                                      // S d A D
	storageFlags = 0x800000 | 0x4 | 0x400                                           // C c m: count only for data written later
	hintFlags    = storageFlags | 0x1 | 0x2 | 0x4000 | 0x8000 | 0x20000 | 0x2000000 // s u j t T x
)

// keptFlagName names a flag for people; flag is one of keptFlags.
func keptFlagName(flag uint32) string {
	switch flag {
	case 0x8:
		return "S (synchronous updates)"
	case 0x40:
		return "d (no dump)"
	case 0x80:
		return "A (no atime updates)"
	case 0x10000:
		return "D (synchronous directory updates)"
	}
	return fmt.Sprintf("%#x", flag)
}

// bits iterates over the single flags of a set.
func bits(flags uint32) iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		for ; flags != 0; flags &= flags - 1 {
			if !yield(flags & -flags) {
				return
			}
		}
	}
}

// Flagged is an object with file flags: a File, or what FlagsAt returns.
type Flagged interface {
	Flags() (uint32, error)
	SetFlags(flags uint32) error
}

// FlagsAt is the Flagged of a reference's object, or of an entry in it.
func FlagsAt(r Ref, name string) Flagged { return flagsAt{r, name} }

type flagsAt struct {
	r    Ref
	name string
}

func (f flagsAt) Flags() (uint32, error) { return f.r.Flags(f.name) }

func (f flagsAt) SetFlags(flags uint32) error { return f.r.SetFlags(f.name, flags) }

// CopyStorageFlags gives an empty file the flags that say how its data shall be
// stored, like nocow on btrfs, as far as it can have them.
func CopyStorageFlags(dst, src Flagged) error {
	want, err := flagsOrNone(src)
	if want &= storageFlags; err != nil || want == 0 {
		return err
	}
	have, err := dst.Flags()
	if errors.Is(err, syscall.EOPNOTSUPP) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("get flags of the copy: %w", err)
	}
	return addHints(dst, have, want)
}

// CopyFlags gives dst the flags of src. One that belongs to the object and that
// dst can't hold is an error that wraps ErrCannotHold and names it; the others
// are set then. Immutable and append-only neither come nor go.
func CopyFlags(dst, src Flagged) error {
	from, err := flagsOrNone(src)
	if err != nil {
		return err
	}
	want := from & keptFlags
	have, err := dst.Flags()
	if errors.Is(err, syscall.EOPNOTSUPP) {
		return missingFlags(want)
	}
	if err != nil {
		return fmt.Errorf("get flags of the copy: %w", err)
	}
	if have&keptFlags != want {
		if have, err = setKept(dst, have, want); err != nil {
			return err
		}
	}
	if err := addHints(dst, have, from&hintFlags); err != nil {
		return err
	}
	return missingFlags(want &^ have)
}

func flagsOrNone(src Flagged) (uint32, error) {
	flags, err := src.Flags()
	if errors.Is(err, syscall.EOPNOTSUPP) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("get flags: %w", err)
	}
	return flags, nil
}

// setKept sets the flags that belong to the object, one by one if the
// destination doesn't take them all, and returns what it has then.
func setKept(dst Flagged, have, want uint32) (uint32, error) {
	err := dst.SetFlags(have&^keptFlags | want)
	if err != nil && !refused(err) {
		return 0, fmt.Errorf("set flags: %w", err)
	}
	if err != nil {
		now := have &^ keptFlags
		for flag := range bits(want) {
			switch err := dst.SetFlags(now | flag); {
			case err == nil:
				now |= flag
			case !refused(err):
				return 0, fmt.Errorf("set file flag %s: %w", keptFlagName(flag), err)
			}
		}
		if now == have&^keptFlags {
			if err := dst.SetFlags(now); err != nil {
				return 0, fmt.Errorf("clear flags: %w", err)
			}
		}
	}
	have, err = dst.Flags() // some filesystems ignore what they don't have
	if err != nil {
		return 0, fmt.Errorf("get flags of the copy: %w", err)
	}
	return have, nil
}

// addHints sets flags as far as the destination has them.
func addHints(dst Flagged, have, want uint32) error {
	for flag := range bits(want &^ have) {
		switch err := dst.SetFlags(have | flag); {
		case err == nil:
			have |= flag
		case !refused(err):
			return fmt.Errorf("set file flag %#x: %w", flag, err)
		}
	}
	return nil
}

// refused tells the errors by which filesystems say that they don't have a
// flag, or not on this object.
func refused(err error) bool {
	return errors.Is(err, syscall.EOPNOTSUPP) || errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.EPERM)
}

func missingFlags(flags uint32) error {
	var names []string
	for flag := range bits(flags) {
		names = append(names, keptFlagName(flag))
	}
	if names == nil {
		return nil
	}
	return cannotHold("file flag "+strings.Join(names, ", "), syscall.EOPNOTSUPP)
}
