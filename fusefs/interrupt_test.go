package fusefs

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"
)

// stopped starts a command and stops it, so that signals stay pending.
func stopped(t *testing.T, args ...string) *os.Process {
	t.Helper()
	cmd := exec.Command(args[0], args[1:]...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cmd.StdinPipe(); err != nil { // open until Wait
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	if _, err := out.Read(make([]byte, 1)); err != nil {
		t.Fatalf("wait for %q: %v", args, err)
	}
	send(t, cmd.Process, syscall.SIGSTOP)
	waitFor(t, "the child to stop", func() bool {
		return strings.Contains(procStatus(t, cmd.Process.Pid), "State:\tT")
	})
	return cmd.Process
}

func send(t *testing.T, p *os.Process, s syscall.Signal) {
	t.Helper()
	if err := p.Signal(s); err != nil {
		t.Fatal(err)
	}
}

func procStatus(t *testing.T, pid int) string {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

func TestDying(t *testing.T) {
	const run = "echo; exec sleep 60"
	tests := []struct {
		name    string
		args    []string
		signals []syscall.Signal
		want    bool
	}{
		{"nothing", []string{"sh", "-c", run}, nil, false},
		{"default", []string{"sh", "-c", run}, []syscall.Signal{syscall.SIGTERM}, true},
		{"core", []string{"sh", "-c", run}, []syscall.Signal{syscall.SIGQUIT}, true},
		{"real-time", []string{"sh", "-c", run}, []syscall.Signal{40}, true},
		{"harmless", []string{"sh", "-c", run}, []syscall.Signal{syscall.SIGCHLD, syscall.SIGWINCH, syscall.SIGURG}, false},
		{"ignored", []string{"sh", "-c", "trap '' TERM; " + run}, []syscall.Signal{syscall.SIGTERM}, false},
		{"caught", []string{"sh", "-c", "trap : TERM; echo; read x"}, []syscall.Signal{syscall.SIGTERM}, false},
		{"blocked", []string{"env", "--block-signal=TERM", "sh", "-c", run}, []syscall.Signal{syscall.SIGTERM}, false},
		{"one of several", []string{"sh", "-c", "trap '' INT; " + run}, []syscall.Signal{syscall.SIGCHLD, syscall.SIGINT, syscall.SIGHUP}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := stopped(t, tt.args...)
			for _, s := range tt.signals {
				send(t, p, s)
			}
			if got := new(FS).dying(uint32(p.Pid)); got != tt.want {
				t.Errorf("dying is %v, want %v; %s", got, tt.want, procStatus(t, p.Pid))
			}
		})
	}
}

func TestDyingOfThreadsThatCannotBeSeen(t *testing.T) {
	if new(FS).dying(0) {
		t.Error("a thread of a foreign PID namespace is taken for dying")
	}
	cmd := exec.Command("true")
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	if !new(FS).dying(uint32(cmd.Process.Pid)) {
		t.Error("a process that has ended isn't taken for dying")
	}
}

func TestParseThreadNeedsAllFields(t *testing.T) {
	text := procStatus(t, os.Getpid())
	if _, err := parseThread(text); err != nil {
		t.Fatal(err)
	}
	if _, err := parseThread(strings.Replace(text, "SigBlk", "SigXxx", 1)); err == nil {
		t.Error("a missing mask isn't noticed")
	}
}

func TestWaitContext(t *testing.T) {
	var looks atomic.Int64
	f := &FS{alive: func() bool { looks.Add(1); return true }}
	p := stopped(t, "sh", "-c", "echo; exec sleep 60")
	cancel := make(chan struct{})
	ctx, stop := f.waitContext(cancel, uint32(p.Pid))
	defer stop()

	send(t, p, syscall.SIGTERM)
	if looks.Load() != 0 {
		t.Error("the caller is looked at without an interrupt")
	}
	close(cancel)
	wait(t, ctx)
}

func TestWaitContextGoesOnAfterHarmlessSignals(t *testing.T) {
	var looks atomic.Int64
	f := &FS{alive: func() bool { looks.Add(1); return true }}
	p := stopped(t, "sh", "-c", "echo; exec sleep 60")
	cancel := make(chan struct{})
	ctx, stop := f.waitContext(cancel, uint32(p.Pid))
	defer stop()

	send(t, p, syscall.SIGCHLD)
	close(cancel)
	waitFor(t, "several looks at the caller", func() bool { return looks.Load() >= 3 })
	if ctx.Err() != nil {
		t.Fatal("a harmless signal ended the wait")
	}
	send(t, p, syscall.SIGTERM)
	wait(t, ctx)
}

func TestWaitContextEndsWithTheConnection(t *testing.T) {
	var dead atomic.Bool
	f := &FS{alive: func() bool { return !dead.Load() }}
	cancel := make(chan struct{})
	ctx, stop := f.waitContext(cancel, uint32(os.Getpid()))
	defer stop()
	close(cancel)
	dead.Store(true)
	wait(t, ctx)
}

func wait(t *testing.T, ctx context.Context) {
	t.Helper()
	select {
	case <-ctx.Done():
	case <-time.After(20 * time.Second):
		t.Fatal("the wait doesn't end")
	}
}

func TestKeepsPriv(t *testing.T) {
	pid := uint32(os.Getpid())
	header := func(uid, pid uint32) *fuse.InHeader {
		return &fuse.InHeader{Caller: fuse.Caller{Owner: fuse.Owner{Uid: uid}, Pid: pid}}
	}
	if keepsPriv(header(1000, pid)) || keepsPriv(header(0, 0)) {
		t.Error("suid stays for a user, or for somebody unknown")
	}
	self, err := readThread(pid)
	if err != nil {
		t.Fatal(err)
	}
	const fsetid = 1 << 4
	if got, want := keepsPriv(header(0, pid)), self.capabilities&fsetid != 0; got != want {
		t.Errorf("keepsPriv is %v for a caller with capabilities %#x", got, self.capabilities)
	}
}
