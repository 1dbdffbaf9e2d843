package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/seamfs/seamfs/fusefs/ctl"
)

func TestRunLock(t *testing.T) {
	t.Setenv(ctl.RunDirEnv, t.TempDir())
	cfg := &mountConfig{Mountpoint: "/m"}
	l, err := lockRunDir(context.Background(), cfg.runDir(), os.Getuid(), 0)
	must(t, err)
	if _, err := lockRunDir(context.Background(), cfg.runDir(), os.Getuid(), 0); exitCode(err) != exitBusy {
		t.Errorf("a second lock: %v, want busy", err)
	}
	if err := waitForPredecessor(cfg, 0); exitCode(err) != exitBusy {
		t.Errorf("waitForPredecessor: %v, want busy", err)
	}
	got := make(chan error, 1)
	go func() {
		next, err := lockRunDir(context.Background(), cfg.runDir(), os.Getuid(), time.Minute)
		if err == nil {
			next.release()
		}
		got <- err
	}()
	l.release()
	if err := <-got; err != nil {
		t.Errorf("the lock after a release: %v", err)
	}
	if _, err := os.Stat(cfg.runDir()); !os.IsNotExist(err) {
		t.Errorf("the run directory stays: %v", err)
	}
	must(t, waitForPredecessor(cfg, 0))
}

func TestRunDirStaysWhileSomethingIsKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "id")
	l, err := lockRunDir(context.Background(), dir, os.Getuid(), 0)
	must(t, err)
	must(t, os.Mkdir(filepath.Join(dir, "scratch"), 0o700))
	l.release()
	if free, err := lockIsFree(dir); err != nil || !free {
		t.Errorf("lock after release: %v, %v", free, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "scratch")); err != nil {
		t.Error(err)
	}
}
