package placement

import "testing"

func TestDirtyMap(t *testing.T) {
	d := newDirtyMap()
	if !d.clean() || d.bytes(1<<30) != 0 {
		t.Error("not clean at first")
	}
	d.write(0, 0)
	if !d.clean() {
		t.Error("a write of nothing counts")
	}
	d.write(grain-1, 2)
	d.write(5*grain, 1)
	if got := d.bytes(1 << 30); got != 3*grain {
		t.Errorf("%d bytes", got)
	}
	if got := d.bytes(100); got != 100 {
		t.Errorf("%d bytes of a file of 100", got)
	}
	grains, rest, minEnd := d.take()
	for _, g := range []int64{0, 1, 5} {
		if _, ok := grains[g]; !ok {
			t.Errorf("grain %d is missing", g)
		}
	}
	if len(grains) != 3 || rest >= 0 || minEnd >= 0 || !d.clean() {
		t.Errorf("%v, rest %d, end %d", grains, rest, minEnd)
	}
}

func TestDirtyMapTruncate(t *testing.T) {
	d := newDirtyMap()
	d.truncate(500)
	d.truncate(100)
	d.truncate(900)
	if d.clean() {
		t.Error("clean after a truncation")
	}
	if _, _, minEnd := d.take(); minEnd != 100 {
		t.Errorf("smallest size %d", minEnd)
	}
}

func TestDirtyMapIsBounded(t *testing.T) {
	d := newDirtyMap()
	d.write(7*grain+1, 1<<62-7*grain-1)
	d.write(3*grain, (maxGrains+2)*grain)
	grains, rest, _ := d.take()
	if len(grains) > 0 || rest != 3*grain {
		t.Errorf("%d grains, all from %d", len(grains), rest)
	}
}
