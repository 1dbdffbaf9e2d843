package placement

import (
	"context"
	"errors"
	"fmt"
)

// settle moves one object home by hand, step by step.
func (w *world) settle(n *Node) error {
	r, err := w.stage(n)
	if r == nil || err != nil {
		return err
	}
	if err := r.Switch(); err != nil {
		r.Abort()
		return fmt.Errorf("switch: %w", err)
	}
	if err := r.To().SyncFS(); err != nil {
		r.Abandon()
		return err
	}
	return r.Finish()
}

// stage begins a move and makes the copy; nil if there is nothing to move.
func (w *world) stage(n *Node) (*Relocation, error) {
	r, err := w.fs.Begin(n)
	if errors.Is(err, ErrSettled) || errors.Is(err, ErrGone) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("begin: %w", err)
	}
	err = r.Stage(context.Background(), nil)
	if err == nil {
		_, err = r.CatchUp(context.Background())
	}
	if err == nil {
		err = r.To().SyncFS()
	}
	if err != nil {
		r.Abort()
		return nil, fmt.Errorf("stage: %w", err)
	}
	return r, nil
}

// settlePath moves what is at a path home.
func (w *world) settlePath(path string) error { return w.on(path, w.settle) }

// settleAll brings everything home and removes what is hidden, as the mover
// does: it holds what it was told of, so that all names of a file get known,
// and tries again what waits for something else.
func (w *world) settleAll() (left error) {
	var held []*Node
	defer func() {
		for _, n := range held {
			w.fs.Release(n)
		}
	}()
	for round := 0; round < 4 || left != nil && round < 30; round++ {
		left = nil
		_, err := w.fs.WalkForeign(context.Background(), func(*Node) error { return nil })
		if err != nil {
			return err
		}
		_, err = w.fs.Walk(context.Background(), w.fs.root, func(n *Node) error {
			w.fs.Hold(n)
			held = append(held, n)
			err := w.settle(n)
			if errors.Is(err, ErrPinned) || errors.Is(err, ErrNotEmpty) || errors.Is(err, ErrBusy) {
				left, err = err, nil
			}
			return err
		})
		if err != nil {
			return err
		}
		w.fs.reaper.runJobs(w.fs)
		w.fs.reap()
	}
	_, err := w.fs.WalkForeign(context.Background(), func(*Node) error { return nil })
	w.fs.reap()
	return errors.Join(left, err)
}

// staged is a move whose copy is made; its node is held to the end of the test.
func (w *world) staged(path string) *Relocation {
	w.Helper()
	n, release := w.node(path)
	w.Cleanup(release)
	r, err := w.stage(n)
	if err != nil || r == nil {
		w.Fatalf("stage %s: %v, %v", path, r, err)
	}
	return r
}

// switched is a move that is switched and not finished.
func (w *world) switched(path string) *Relocation {
	w.Helper()
	r := w.staged(path)
	if err := r.Switch(); err != nil {
		r.Abort()
		w.Fatalf("switch %s: %v", path, err)
	}
	return r
}
