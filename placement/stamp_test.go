package placement

import (
	"bytes"
	"reflect"
	"testing"
)

func TestStampRoundTrip(t *testing.T) {
	for name, st := range map[string]*stamp{
		"empty":      {},
		"id":         {own: []birthKey{1}, id: 2},
		"two births": {own: []birthKey{1, 1<<64 - 1}, id: 1<<63 - 1},
		"over":       {own: []birthKey{3}, id: 4, over: []birthKey{5, 6, 7}, flags: stampDue | stampScaffold},
		"tentative":  {own: []birthKey{3}, id: 4, over: []birthKey{5}, boot: 0xfedcba98, flags: stampTentative},
		"literal":    {own: []birthKey{3}, id: 4, flags: stampWhite},
	} {
		got, err := decodeStamp(st.encode())
		if err != nil || !reflect.DeepEqual(got, st) {
			t.Errorf("%s: %+v became %+v, %v", name, st, got, err)
		}
	}
}

func TestStampDamaged(t *testing.T) {
	good := (&stamp{own: []birthKey{3}, id: 4, over: []birthKey{5}, boot: 6, flags: stampTentative}).encode()
	for cut := range good {
		if st, err := decodeStamp(good[:cut]); err != errBadStamp {
			t.Errorf("cut to %d bytes: %+v, %v", cut, st, err)
		}
	}
	if st, err := decodeStamp(append(good, 0)); err != errBadStamp {
		t.Errorf("one byte more: %+v, %v", st, err)
	}
	newer := bytes.Clone(good)
	newer[0]++
	if st, err := decodeStamp(newer); err != errBadStamp {
		t.Errorf("of another version: %+v, %v", st, err)
	}
}

func FuzzStamp(f *testing.F) {
	f.Add((&stamp{own: []birthKey{3}, id: 4, over: []birthKey{5}, boot: 6, flags: stampTentative}).encode())
	f.Add([]byte{stampVersion, 0, 255, 255})
	f.Fuzz(func(t *testing.T, b []byte) {
		st, err := decodeStamp(b)
		if err == nil && !bytes.Equal(st.encode(), b) {
			t.Errorf("%x became %+v, which is %x", b, st, st.encode())
		}
	})
}

func TestStampClone(t *testing.T) {
	var none *stamp
	if none.has(stampDue) || none.clone() == nil {
		t.Error("no stamp isn't an empty one")
	}
	st := &stamp{own: []birthKey{1}, over: []birthKey{2}, flags: stampDue}
	c := st.clone()
	c.own[0], c.over[0], c.flags = 3, 4, 0
	if st.own[0] != 1 || st.over[0] != 2 || !st.has(stampDue) {
		t.Errorf("a change of the clone shows: %+v", st)
	}
}

func TestCopiedStampIsVoid(t *testing.T) {
	w := newWorld(t)
	w.ok(w.create("/v/f"), w.rename("/v/f", "/f"), w.settleAll(), w.create("/g"))
	f, err := w.attr("/f")
	w.ok(err)
	g, err := w.attr("/g")
	w.ok(err)
	w.shut()
	copyXattr(t, w.raw(beD, "f"), w.raw(beD, "g"), stampAttr)
	w.open()
	if a, err := w.attr("/f"); err != nil || a.Ino != f.Ino {
		t.Errorf("/f: %+v, %v; the id was %d", a, err, f.Ino)
	}
	if a, err := w.attr("/g"); err != nil || a.Ino != g.Ino {
		t.Errorf("/g, with a stamp of /f: %+v, %v; the id was %d", a, err, g.Ino)
	}
}
