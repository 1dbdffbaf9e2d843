package placement

import (
	"bytes"
	"runtime/pprof"
	"time"
)

// within runs fn, which takes a moment unless it hangs: then all goroutines
// are shown, and the test ends and leaves the namespace as it is.
func (w *world) within(what string, fn func() error) {
	w.Helper()
	done := make(chan error, 1)
	go func() { done <- fn() }()
	select {
	case err := <-done:
		if err != nil {
			w.Errorf("%s: %v", what, err)
		}
	case <-time.After(10 * time.Second):
		w.hung = true
		w.Fatalf("%s hangs:\n%s", what, goroutines())
	}
}

func goroutines() []byte {
	var b bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&b, 1); err != nil {
		return []byte(err.Error())
	}
	return b.Bytes()
}
