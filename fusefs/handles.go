package fusefs

import (
	"sync"
	"sync/atomic"
)

// chunkSize is how many handles a table grows by.
const chunkSize = 256

type chunk[T any] [chunkSize]atomic.Pointer[T]

// table maps the handle numbers that the kernel is given to open objects.
// A number is an index plus one, so 0 is never one, and is used again after
// remove. get takes no lock: it is on the path of every read and write.
type table[T any] struct {
	mu     sync.Mutex // for add, remove and drain
	free   []uint64   // indexes
	chunks atomic.Pointer[[]*chunk[T]]
}

// add stores p and returns its number.
func (t *table[T]) add(p *T) uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.free) == 0 {
		t.grow()
	}
	i := t.free[len(t.free)-1]
	t.free = t.free[:len(t.free)-1]
	t.slot(i).Store(p)
	return i + 1
}

// grow adds a chunk. Readers go on with the old slice of chunks, which is
// never changed.
func (t *table[T]) grow() {
	var old []*chunk[T]
	if p := t.chunks.Load(); p != nil {
		old = *p
	}
	chunks := append(append(make([]*chunk[T], 0, len(old)+1), old...), new(chunk[T]))
	t.chunks.Store(&chunks)
	first := uint64(len(old)) * chunkSize
	for i := uint64(chunkSize); i > 0; i-- {
		t.free = append(t.free, first+i-1)
	}
}

// slot returns the place of an index, nil if there is none.
func (t *table[T]) slot(i uint64) *atomic.Pointer[T] {
	p := t.chunks.Load()
	if p == nil || i/chunkSize >= uint64(len(*p)) {
		return nil
	}
	return &(*p)[i/chunkSize][i%chunkSize]
}

// get returns what add stored under fh, or nil.
func (t *table[T]) get(fh uint64) *T {
	// fh 0 wraps round to an index that no table has.
	if s := t.slot(fh - 1); s != nil {
		return s.Load()
	}
	return nil
}

// remove takes fh out and returns what it was; nil if it isn't there, or not
// any more.
func (t *table[T]) remove(fh uint64) *T {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.slot(fh - 1)
	if s == nil {
		return nil
	}
	p := s.Swap(nil)
	if p != nil {
		t.free = append(t.free, fh-1)
	}
	return p
}

// drain takes out everything and hands it to release.
func (t *table[T]) drain(release func(*T)) {
	p := t.chunks.Load()
	if p == nil {
		return
	}
	for fh := uint64(1); fh <= uint64(len(*p))*chunkSize; fh++ {
		if h := t.remove(fh); h != nil {
			release(h)
		}
	}
}
