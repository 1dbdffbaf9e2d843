package placement

import (
	"syscall"
	"testing"
)

func TestExchange(t *testing.T) {
	eachPair(t, func(w *world, from, to string) {
		w.ok(w.create(from+"/f"), w.mkdir(to+"/x"), w.create(to+"/x/g"), w.symlink("l", to+"/l"))
		w.ok(w.exchange(from+"/f", to+"/x"))
		if got, err := w.read(from + "/f/g"); err != nil || got != "content of 3" {
			w.Errorf("%q, %v", got, err)
		}
		w.ok(w.exchange(to+"/l", to+"/x"), w.exchange(from+"/f/g", to+"/l"))
		if got, err := w.read(from + "/f/g"); err != nil || got != "content of 1" {
			w.Errorf("%q, %v", got, err)
		}
		if got, err := w.read(to + "/x"); err != nil || got != "l" {
			w.Errorf("%q, %v", got, err)
		}
		before := w.mustLook()
		w.is(w.exchange(from+"/f", from+"/f/g"), syscall.EINVAL, "exchange with what is below")
		w.is(w.exchange(from+"/f/g", from+"/f"), syscall.EINVAL, "exchange with what is above")
		w.is(w.exchange(to+"/x", to+"/none"), syscall.ENOENT, "exchange with nothing")
		w.same(before)
		w.restart()
		w.same(before)
	})
}
