package placement

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"unsafe"
)

// Bounds of a window that doesn't hold its whole directory. While it is filled
// it takes twice as much: 16 bytes a name, and the bytes of the names.
const (
	windowNames = 1 << 17
	windowBytes = 2 << 20
)

// windowEnd is the end of the last window, above all positions.
const windowEnd = math.MaxUint64

// rankMask are the low bits of a position, which count names whose digests are
// equal. Nine names of one digest of 60 bits are out of reach, even for one
// who looks for them.
const rankMask = 7

// position returns the place of a name in any directory's listing: 60 bits of
// its digest, the rank's bits zero. It is a positive off_t, and never 0, 1 or
// 2, which a listing needs for its start, "." and "..".
func position(name string) uint64 {
	sum := sha256.Sum256(unsafe.Slice(unsafe.StringData(name), len(name)))
	return max(binary.BigEndian.Uint64(sum[:])>>1&^rankMask, rankMask+1)
}

// window is a piece of a listing: the names whose positions are above from, and
// at most to.
type window struct {
	valid    bool
	from, to uint64
	names    []windowName
	bytes    []byte // of the names

	maxNames, maxBytes int
}

func newWindow() window { return window{maxNames: windowNames, maxBytes: windowBytes} }

// windowName is one name in a window. At 16 bytes, a million of them take 16 MB.
type windowName struct {
	pos uint64
	at  uint32 // in bytes
	len uint8
	typ uint8 // DT_*
	s   uint8 // index of the backend that holds it
}

func (w *window) raw(n *windowName) []byte { return w.bytes[n.at:][:n.len] }

func (w *window) name(n *windowName) string { return string(w.raw(n)) }

// covers tells whether the name behind a cookie can be told from the window.
func (w *window) covers(cookie uint64) bool {
	return w.valid && w.from <= cookie && cookie < w.to
}

// after returns the first name above a position that the window covers, nil
// for none.
func (w *window) after(pos uint64) *windowName {
	i, found := slices.BinarySearchFunc(w.names, pos, func(n windowName, pos uint64) int { return cmp.Compare(n.pos, pos) })
	if found {
		i++
	}
	if i == len(w.names) {
		return nil
	}
	return &w.names[i]
}

// reset begins a window of the names above from.
func (w *window) reset(from uint64) {
	w.valid, w.from, w.to = false, from, windowEnd
	w.names, w.bytes = w.names[:0], w.bytes[:0]
}

// shrink lets go of the names at the end of a large listing, and keeps that
// there is nothing behind the cookie.
func (w *window) shrink(cookie uint64) {
	if len(w.names) > w.maxNames/16 {
		w.names, w.bytes, w.from = nil, nil, cookie
	}
}

// add enters a name if it belongs into the window.
func (w *window) add(name string, typ uint8, s *store) {
	pos := position(name)
	if pos < w.from&^rankMask || pos > w.to {
		return
	}
	w.names = append(w.names, windowName{pos: pos, at: uint32(len(w.bytes)), len: uint8(len(name)), typ: typ, s: uint8(s.index)})
	w.bytes = append(w.bytes, name...)
	if len(w.names) >= 2*w.maxNames || len(w.bytes) >= 2*w.maxBytes {
		w.cut()
	}
}

// cut lowers the window's end so that it is half full, not between names of
// one digest, and packs what stays.
func (w *window) cut() {
	w.sort()
	keep, size := 0, 0
	for keep < len(w.names) && keep < w.maxNames && size < w.maxBytes {
		size += int(w.names[keep].len)
		keep++
	}
	w.to = w.names[keep-1].pos | rankMask
	for keep < len(w.names) && w.names[keep].pos < w.to {
		keep++
	}
	w.names = w.names[:keep]
	slices.SortFunc(w.names, func(a, b windowName) int { return cmp.Compare(a.at, b.at) })
	end := 0
	for i := range w.names {
		n := &w.names[i]
		start := end
		end += copy(w.bytes[start:], w.raw(n))
		n.at = uint32(start)
	}
	w.bytes = w.bytes[:end]
}

// sort brings the names into the order of their positions; equal ones, of
// several backends, come together, the backends in order.
func (w *window) sort() {
	slices.SortFunc(w.names, func(a, b windowName) int {
		if a.pos != b.pos {
			return cmp.Compare(a.pos, b.pos)
		}
		return cmp.Or(strings.Compare(w.name(&a), w.name(&b)), cmp.Compare(a.s, b.s))
	})
}

// rank gives names of one digest, which are in order, positions of their own,
// and takes out those that aren't above from.
func (w *window) rank() {
	last := uint64(0)
	for i := range w.names {
		n := &w.names[i]
		if n.pos == last&^rankMask {
			n.pos = min(last+1, last|rankMask)
		}
		last = n.pos
	}
	first := 0
	for first < len(w.names) && w.names[first].pos <= w.from {
		first++
	}
	w.names = w.names[first:]
}
