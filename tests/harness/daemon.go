package harness

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A Daemon is a seamfs process that serves one mount.
type Daemon struct {
	MNT      string   // the mount point
	Backends Backends // zero when started by arguments alone
	RunDir   string   // its SEAMFS_RUNDIR
	Bin      string

	t    testing.TB
	args []string
	log  string // path of the collected log, of all starts
	cmd  *exec.Cmd
	done chan struct{} // closed when the process has been waited for
	err  error         // of the wait; read after done
	dog  *watchdog
	// killed tells that the process was ended by the test, so that its exit
	// status says nothing.
	killed bool
}

// startTimeout bounds how long a mount may take to answer. The slowest thing
// in it is the race detector's start on a busy machine.
const startTimeout = 60 * time.Second

// Mount makes the pair's backends and mounts them with the usual rules.
func (p Pair) Mount(t testing.TB, extra ...string) *Daemon {
	t.Helper()
	b := p.Make(t)
	d := New(t, append(b.Args(), extra...)...)
	d.Backends = b
	d.Start()
	return d
}

// New prepares a daemon with the given flags of the mount command; Start
// starts it. At the end of the test it is stopped and looked over.
func New(t testing.TB, args ...string) *Daemon {
	t.Helper()
	Root(t)
	dir := Dir(t)
	d := &Daemon{
		MNT: filepath.Join(dir, "mnt"), RunDir: filepath.Join(dir, "run"), Bin: Build(t),
		t: t, args: args, log: filepath.Join(dir, "log"),
	}
	must(t, os.Mkdir(d.MNT, 0o755))
	must(t, os.Mkdir(d.RunDir, 0o755))
	t.Cleanup(d.finish)
	return d
}

// Start starts the daemon, with the same arguments each time, and returns when
// the mount answers.
func (d *Daemon) Start() {
	d.t.Helper()
	if err := d.TryStart(); err != nil {
		d.t.Fatal(err)
	}
}

// TryStart is Start for a daemon that may fail to start.
func (d *Daemon) TryStart() error {
	logFile, err := os.OpenFile(d.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer logFile.Close()
	args := append([]string{"mount", "-f"}, d.args...)
	d.cmd = exec.Command(d.Bin, append(args, d.MNT)...)
	d.cmd.Env = d.Env()
	d.cmd.Stdout, d.cmd.Stderr = logFile, logFile
	// An interrupt from the terminal is for the test, which stops its daemon.
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	d.killed = false
	if err := d.cmd.Start(); err != nil {
		return err
	}
	done := make(chan struct{})
	d.done = done
	go func(cmd *exec.Cmd) { d.err = cmd.Wait(); close(done) }(d.cmd)
	if d.dog != nil {
		d.dog.stop()
	}
	d.dog = watch(d, defaultLimit)
	return d.answers()
}

// Env is the environment in which the daemon and the commands for it run.
func (d *Daemon) Env() []string {
	return append(os.Environ(), "SEAMFS_RUNDIR="+d.RunDir)
}

// answers waits until the mount point is a FUSE mount that replies to statfs.
func (d *Daemon) answers() error {
	deadline := time.Now().Add(startTimeout)
	for time.Now().Before(deadline) {
		select {
		case <-d.done:
			return fmt.Errorf("seamfs ended before the mount answered: %v\n%s", d.err, d.Log())
		default:
		}
		if m, ok := mountAt(d.MNT); ok && strings.HasPrefix(m.FSType, "fuse") {
			var st unix.Statfs_t
			if unix.Statfs(d.MNT, &st) == nil {
				return nil
			}
		}
		time.Sleep(2 * time.Millisecond) // between two looks at the condition
	}
	return fmt.Errorf("the mount did not answer within %v\n%s", startTimeout, d.Log())
}

// PID is the daemon's process id.
func (d *Daemon) PID() int { return d.cmd.Process.Pid }

// Log is all that the daemon has logged so far, over all starts.
func (d *Daemon) Log() string {
	data, _ := os.ReadFile(d.log)
	return string(data)
}

// Path joins a path in the namespace to the mount point.
func (d *Daemon) Path(parts ...string) string {
	return filepath.Join(append([]string{d.MNT}, parts...)...)
}
