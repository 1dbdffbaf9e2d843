package fusefs

import (
	"sync"
	"testing"
)

func TestTable(t *testing.T) {
	var tab table[int]
	if tab.get(0) != nil || tab.get(1) != nil || tab.remove(1) != nil {
		t.Fatal("an empty table has something")
	}
	values := make([]int, 3*chunkSize)
	handles := make(map[uint64]*int)
	for i := range values {
		fh := tab.add(&values[i])
		if fh == 0 || handles[fh] != nil {
			t.Fatalf("add gave %d, which is 0 or in use", fh)
		}
		handles[fh] = &values[i]
	}
	for fh, p := range handles {
		if got := tab.get(fh); got != p {
			t.Fatalf("get(%d) = %p, want %p", fh, got, p)
		}
	}
	if tab.get(0) != nil || tab.get(3*chunkSize+1) != nil || tab.get(^uint64(0)) != nil {
		t.Error("get finds handles that were never given")
	}
	if tab.remove(7) != handles[7] || tab.remove(7) != nil || tab.get(7) != nil {
		t.Error("handle 7 isn't removed exactly once")
	}
	if fh := tab.add(&values[0]); fh != 7 {
		t.Errorf("add after remove(7) gave %d: the table grows without need", fh)
	}
	var drained int
	tab.drain(func(*int) { drained++ })
	if drained != len(values) || tab.get(1) != nil {
		t.Errorf("drain released %d of %d", drained, len(values))
	}
}

func TestTableConcurrently(t *testing.T) {
	var tab table[uint64]
	var wg sync.WaitGroup
	for g := range uint64(8) {
		wg.Go(func() {
			for i := range uint64(2000) {
				v := g<<32 | i
				fh := tab.add(&v)
				if got := tab.get(fh); got != &v {
					t.Errorf("get(%d) = %p, want %p", fh, got, &v)
				}
				if got := tab.remove(fh); got != &v {
					t.Errorf("remove(%d) = %p, want %p", fh, got, &v)
				}
			}
		})
	}
	wg.Wait()
	tab.drain(func(v *uint64) { t.Errorf("handle of %d is left", *v) })
}
