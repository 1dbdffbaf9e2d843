package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/seamfs/seamfs/fusefs/ctl"
)

// running is a serve under way.
type running struct {
	cfg    *mountConfig
	ns     *fakeNamespace
	client *ctl.Client
	ended  chan error
	cancel context.CancelFunc
}

// startServe serves a fake namespace until the test ends.
func startServe(t *testing.T, ns *fakeNamespace) *running {
	t.Helper()
	r := &running{cfg: fakeConfig(t), ns: ns, ended: make(chan error, 1)}
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel = cancel
	ready := make(chan struct{})
	go func() {
		err := serve(ctx, r.cfg, &fakePlatform{ns: ns}, quiet(), func() error { close(ready); return nil })
		r.ended <- err
	}()
	select {
	case <-ready:
	case err := <-r.ended:
		t.Fatalf("serve: %v", err)
	}
	r.client = ctl.NewClient(r.cfg.socket())
	t.Cleanup(func() { r.client.Close(); ns.setBusy(false); ns.umount8(); cancel() })
	return r
}

// end waits until serve has returned and checks what it leaves.
func (r *running) end(t *testing.T) {
	t.Helper()
	if err := <-r.ended; err != nil {
		t.Errorf("serve: %v", err)
	}
	if !r.ns.isClosed() {
		t.Error("the namespace isn't closed")
	}
	if _, err := os.Lstat(r.cfg.socket()); !os.IsNotExist(err) {
		t.Errorf("the socket stays: %v", err)
	}
	if free, err := lockIsFree(r.cfg.runDir()); err != nil || !free {
		t.Errorf("run lock free: %v, %v", free, err)
	}
}

func TestUmountDiscardsOnlySettledScratch(t *testing.T) {
	ns := newFakeNamespace()
	ns.left = ctl.Left{Objects: 2, Complete: true, Backends: []ctl.BackendLeft{{Name: "s", Objects: 2}}}
	r := startServe(t, ns)
	res, err := r.client.Umount(t.Context(), ctl.UmountOptions{DiscardScratch: true}, nil)
	must(t, err)
	if !reflect.DeepEqual(res.Kept, []string{"s"}) || !reflect.DeepEqual(res.Discarded, []string{"x"}) || res.Left.Objects != 2 {
		t.Errorf("result %+v", res)
	}
	r.end(t)
	if ns.drains != 2 {
		t.Errorf("%d drains, want one before and one after the unmount", ns.drains)
	}
}

func TestUmountKeepsScratch(t *testing.T) {
	for name, tc := range map[string]struct {
		discard, complete bool
		kept              int
	}{"not asked": {false, true, 2}, "not scanned": {true, false, 2}, "all settled": {true, true, 0}} {
		t.Run(name, func(t *testing.T) {
			ns := newFakeNamespace()
			ns.left.Complete = tc.complete
			r := startServe(t, ns)
			res, err := r.client.Umount(t.Context(), ctl.UmountOptions{DiscardScratch: tc.discard}, nil)
			must(t, err)
			if len(res.Kept) != tc.kept {
				t.Errorf("kept %v, want %d", res.Kept, tc.kept)
			}
			r.end(t)
		})
	}
}

func TestBusyMountServesOn(t *testing.T) {
	ns := newFakeNamespace()
	ns.busy = true
	r := startServe(t, ns)
	_, err := r.client.Umount(t.Context(), ctl.UmountOptions{}, nil)
	if !errors.Is(err, unix.EBUSY) || !strings.Contains(err.Error(), "/m is in use and stays mounted") {
		t.Errorf("umount: %v", err)
	}
	rep, err := r.client.Status(t.Context(), "/", false)
	must(t, err)
	if rep.Mount.Stopping || rep.Mount.PID != os.Getpid() || rep.Mount.Mountpoint != "/m" {
		t.Errorf("after a refused umount: %+v", rep.Mount)
	}
	ns.setBusy(false)
	_, err = r.client.Umount(t.Context(), ctl.UmountOptions{}, nil)
	must(t, err)
	r.end(t)
}

func TestSettleTimeoutBoundsTheDrain(t *testing.T) {
	ns := newFakeNamespace()
	ns.drain = func(ctx context.Context) { <-ctx.Done() }
	r := startServe(t, ns)
	none := 0.0
	_, err := r.client.Umount(t.Context(), ctl.UmountOptions{SettleSeconds: &none}, nil)
	must(t, err)
	r.end(t)
}

func TestClientThatLeavesTakesUmountBack(t *testing.T) {
	ns := newFakeNamespace()
	draining, drained := make(chan struct{}), make(chan struct{})
	ns.drain = func(ctx context.Context) { close(draining); <-ctx.Done(); close(drained) }
	r := startServe(t, ns)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-draining; cancel() }()
	if _, err := r.client.Umount(ctx, ctl.UmountOptions{}, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("umount: %v", err)
	}
	<-drained
	ns.mu.Lock()
	ns.drain = nil
	ns.mu.Unlock()
	// This one gets its turn only when the first has been given up.
	_, err := r.client.Umount(t.Context(), ctl.UmountOptions{}, nil)
	must(t, err)
	r.end(t)
	if ns.drains != 3 {
		t.Errorf("%d drains, want 3: one given up, two of the second umount", ns.drains)
	}
}

func TestUmount8Ends(t *testing.T) {
	r := startServe(t, newFakeNamespace())
	r.ns.umount8()
	r.end(t)
}

func TestSignalEndsAndSecondHurries(t *testing.T) {
	ns := newFakeNamespace()
	draining := make(chan struct{}, 4)
	ns.drain = func(ctx context.Context) { draining <- struct{}{}; <-ctx.Done() }
	r := startServe(t, ns)
	must(t, unix.Kill(os.Getpid(), unix.SIGTERM))
	<-draining
	must(t, unix.Kill(os.Getpid(), unix.SIGTERM))
	r.end(t)
}

func TestEndCutsWaitersOff(t *testing.T) {
	ns := newFakeNamespace()
	waiting := make(chan struct{})
	ns.wait = func(ctx context.Context) (*ctl.WaitResult, error) {
		close(waiting)
		<-ctx.Done()
		return nil, ctx.Err()
	}
	r := startServe(t, ns)
	other := ctl.NewClient(r.cfg.socket())
	defer other.Close()
	got := make(chan error, 1)
	go func() { _, err := other.Wait(context.Background(), "/", nil); got <- err }()
	<-waiting
	_, err := r.client.Umount(t.Context(), ctl.UmountOptions{}, nil)
	must(t, err)
	if err := <-got; !errors.Is(err, unix.ESHUTDOWN) || exitCode(err) != exitNoMount {
		t.Errorf("the waiter got %v", err)
	}
	r.end(t)
}

func TestFailedOpenDropsItsTmpfs(t *testing.T) {
	cfg := fakeConfig(t)
	must(t, os.MkdirAll(cfg.tmpfsDir("s"), 0o700)) // adopted: stays
	p := &fakePlatform{openErr: errors.New("no")}
	if err := serve(t.Context(), cfg, p, quiet(), func() error { return nil }); err == nil {
		t.Error("serve succeeded")
	}
	if _, err := os.Stat(cfg.tmpfsDir("s")); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(cfg.tmpfsDir("x")); !os.IsNotExist(err) {
		t.Errorf("the new tmpfs stays: %v", err)
	}
}

func TestUnheardReadyEndsTheMount(t *testing.T) {
	ns := newFakeNamespace()
	err := serve(t.Context(), fakeConfig(t), &fakePlatform{ns: ns}, quiet(), func() error { return unix.EPIPE })
	if !errors.Is(err, unix.EPIPE) || !ns.isClosed() {
		t.Errorf("serve: %v, closed %v", err, ns.isClosed())
	}
}

// The commands, over a served fake namespace.

func TestUmountCommandSaysWhatIsLeft(t *testing.T) {
	ns := newFakeNamespace()
	ns.left = ctl.Left{Objects: 1, Bytes: 2048, Complete: true, Backends: []ctl.BackendLeft{{Name: "s", Path: "/p", Objects: 1, Bytes: 2048}}}
	r := startServe(t, ns)
	var errs bytes.Buffer
	a := &app{stderr: &errs}
	res, err := r.client.Umount(t.Context(), ctl.UmountOptions{}, nil)
	must(t, err)
	a.sayLeft(res)
	want := "1 object (2.0 KiB) could not be settled and stay where they are, for the next start:\n  s: 1 object (2.0 KiB) in /p\nkept in memory for the next start: s, x\n"
	if errs.String() != want {
		t.Errorf("got %q, want %q", errs.String(), want)
	}
	r.end(t)
}

func TestWaitCommand(t *testing.T) {
	ns := newFakeNamespace()
	r := startServe(t, ns)
	var errs bytes.Buffer
	a := &app{stderr: &errs}
	if err := a.waitAt(t.Context(), r.client, "/"); err != nil {
		t.Errorf("settled: %v", err)
	}
	ns.wait = func(context.Context) (*ctl.WaitResult, error) {
		return &ctl.WaitResult{Unsettled: sampleReport().Moves[1:]}, nil
	}
	if err := a.waitAt(t.Context(), r.client, "/"); exitCode(err) != exitFailed || errs.String() != "/store/b?: parked: no space?left\n" {
		t.Errorf("parked: %v, %q", err, errs.String())
	}
	ns.wait = func(ctx context.Context) (*ctl.WaitResult, error) { <-ctx.Done(); return nil, ctx.Err() }
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := a.waitAt(ctx, r.client, "/"); exitCode(err) != exitTimeout {
		t.Errorf("timeout: %v", err)
	}
	r.ns.umount8()
	r.end(t)
}

func TestWatchEndsWhenSettled(t *testing.T) {
	r := startServe(t, newFakeNamespace())
	var out bytes.Buffer
	a := &app{stdout: &out}
	must(t, a.watch(t.Context(), r.client, "/", true))
	if strings.Count(out.String(), "\n") != 1 || !strings.Contains(out.String(), `"state":"settled"`) {
		t.Errorf("output %q", out.String())
	}
	if err := a.watch(t.Context(), r.client, "/missing", false); exitCode(err) != exitUsage {
		t.Errorf("a missing path: %v", err)
	}
	r.ns.umount8()
	r.end(t)
}

func TestWaitForExit(t *testing.T) {
	cmd := exec.Command("cat")
	in, err := cmd.StdinPipe()
	must(t, err)
	must(t, cmd.Start())
	if err := waitForExit(cmd.Process.Pid, 0); err == nil {
		t.Error("a living process counts as ended")
	}
	in.Close()
	if err := waitForExit(cmd.Process.Pid, time.Minute); err != nil {
		t.Error(err)
	}
	must(t, cmd.Wait())
	must(t, waitForExit(0, 0))
}
