package placement

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unsafe"
)

// fillWindow fills a window from names, which don't lie on any backend.
func fillWindow(w *window, from uint64, names []string) {
	w.reset(from)
	for _, name := range names {
		w.add(name, 0, &store{})
	}
	w.sort()
	w.rank()
	w.valid = true
}

// TestWindowsPartition: window after window gives each name once, in the order
// of positions, however many the names are and whatever order they come in.
func TestWindowsPartition(t *testing.T) {
	for _, length := range []int{12, 250} {
		t.Run(fmt.Sprint(length, " bytes a name"), func(t *testing.T) {
			count := 5 * windowNames / 2
			if length > 100 {
				count = 5 * windowBytes / length
			}
			names := make([]string, count)
			for i := range names {
				names[i] = fmt.Sprintf("%0*d", length, i)
			}
			seen := make(map[string]bool, count)
			w := newWindow()
			windows := 0
			for from := uint64(0); from != windowEnd; from = w.to {
				rand.Shuffle(count, func(i, j int) { names[i], names[j] = names[j], names[i] })
				fillWindow(&w, from, names)
				last := from
				for i := range w.names {
					n := &w.names[i]
					if n.pos <= last || n.pos > w.to || seen[w.name(n)] {
						t.Fatalf("%s at %d, after %d, of a window to %d, seen: %t", w.name(n), n.pos, last, w.to, seen[w.name(n)])
					}
					seen[w.name(n)], last = true, n.pos
				}
				if len(w.names) >= 2*windowNames || len(w.bytes) >= 2*windowBytes {
					t.Fatalf("a window of %d names and %d bytes", len(w.names), len(w.bytes))
				}
				windows++
			}
			if len(seen) != count || windows < 2 {
				t.Fatalf("%d of %d names in %d windows", len(seen), count, windows)
			}
		})
	}
}

// TestWindowRanks: names of one digest have positions of their own, also in a
// window that begins among them.
func TestWindowRanks(t *testing.T) {
	same := func(from uint64) *window {
		w := &window{}
		w.reset(from)
		for i, name := range []string{"c", "a", "b"} {
			w.names = append(w.names, windowName{pos: 64, at: uint32(i), len: 1})
			w.bytes = append(w.bytes, name...)
		}
		w.sort()
		w.rank()
		w.valid = true
		return w
	}
	for from, want := range map[uint64]string{0: "a64 b65 c66", 63: "a64 b65 c66", 64: "b65 c66", 65: "c66", 66: ""} {
		var got []string
		w := same(from)
		for i := range w.names {
			got = append(got, fmt.Sprintf("%s%d", w.name(&w.names[i]), w.names[i].pos))
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("behind %d: %q, want %q", from, s, want)
		}
	}
	if w := same(0); w.name(w.after(64)) != "b" || w.name(w.after(0)) != "a" || w.after(66) != nil {
		t.Error("the name behind a position is wrong")
	}
}

// TestPosition: positions fit an off_t, leave room for the ranks and for what
// comes before all names, and don't change from one version to the next, since
// programs hold them over a restart.
func TestPosition(t *testing.T) {
	for i := range 10000 {
		p := position(fmt.Sprint(i))
		if p&rankMask != 0 || p < 8 || int64(p|rankMask) < 0 {
			t.Fatalf("position %#x", p)
		}
	}
	if p := position("name"); p != 0x4151a9bff86de738 {
		t.Errorf("position of a fixed name: %#x", p)
	}
}

// TestWindowSize: what a window costs is what its bounds promise.
func TestWindowSize(t *testing.T) {
	if size := unsafe.Sizeof(windowName{}); size != 16 {
		t.Errorf("%d bytes a name", size)
	}
	w := newWindow()
	w.names, w.valid, w.to = make([]windowName, windowNames), true, windowEnd
	w.shrink(77)
	if !w.covers(77) || w.covers(76) || w.after(77) != nil || w.names != nil {
		t.Errorf("after the end of a large listing: %+v", w)
	}
	small := newWindow()
	small.names, small.valid, small.to = []windowName{{pos: 8}}, true, windowEnd
	small.shrink(8)
	if !small.covers(0) || small.after(0) == nil {
		t.Error("a small listing is forgotten at its end")
	}
}
