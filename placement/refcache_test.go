package placement

import (
	"fmt"
	"testing"
)

func TestRefCacheIsBounded(t *testing.T) {
	w := newWorld(t)
	w.fs.dirRefs.limit = 8
	var held []*Node
	for i := range 40 {
		path := fmt.Sprintf("/d/x%d", i)
		w.ok(w.mkdir(path), w.create(path+"/f"))
		n, err := w.fs.Resolve(path)
		w.ok(err)
		held = append(held, n)
	}
	if open := w.openRefs(); open > 9 {
		t.Errorf("%d directory references are open", open)
	}
	for i, n := range held { // closed ones are opened again
		if got, err := w.read(fmt.Sprintf("/d/x%d/f", i)); err != nil || got == "" {
			t.Errorf("%q, %v", got, err)
		}
		w.fs.Release(n)
	}
	if open := w.openRefs(); open > 9 {
		t.Errorf("%d directory references are open", open)
	}
}

// openRefs counts the open directory references.
func (w *world) openRefs() (open int) {
	w.fs.nodes.each(func(n *Node) {
		if n.isDir() {
			for _, r := range n.dir.refs {
				if r != nil {
					open++
				}
			}
		}
	})
	return open
}

func TestRefOfRemovedDirectoryStays(t *testing.T) {
	w := newWorld(t)
	w.ok(w.mkdir("/d/x"))
	n, release := w.node("/d/x")
	defer release()
	w.ok(w.rmdir("/d/x"))
	w.fs.dirRefs.limit = 1
	for i := range 10 {
		w.ok(w.mkdir(fmt.Sprintf("/d/y%d", i)), w.create(fmt.Sprintf("/d/y%d/f", i)))
	}
	var a Attr
	if err := w.fs.GetAttr(n, nil, &a); err != nil || a.Ino != n.ID() {
		t.Errorf("attributes of a removed directory: %+v, %v", a, err)
	}
}

func TestSeqCount(t *testing.T) {
	var q seqCount
	seq := q.begin()
	if !q.same(seq) {
		t.Error("changed by itself")
	}
	q.writeBegin()
	if q.same(seq) {
		t.Error("a writer isn't seen")
	}
	q.writeEnd()
	if q.same(seq) || !q.same(q.begin()) {
		t.Error("the end of a writer isn't seen")
	}
}
