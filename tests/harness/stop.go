package harness

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// ExitLeft is umount's exit code for: unmounted, with something unsettled kept
// for the next start.
const ExitLeft = 6

// Running tells whether the daemon's process lives.
func (d *Daemon) Running() bool {
	if d.cmd == nil || d.cmd.Process == nil {
		return false
	}
	select {
	case <-d.done:
		return false
	default:
		return true
	}
}

// Stop unmounts with the umount command and its extra flags, and waits for the
// daemon to end. It returns what the command printed, and its error.
func (d *Daemon) Stop(flags ...string) (string, error) {
	d.t.Helper()
	out, err := d.Seamfs(append(append([]string{"umount"}, flags...), d.MNT)...)
	if err != nil && ExitCode(err) != ExitLeft {
		return out, err
	}
	select {
	case <-d.done:
	case <-time.After(startTimeout):
		d.t.Fatalf("the daemon lives on after umount\n%s", d.dump())
	}
	return out, err
}

// Kill ends the daemon with SIGKILL and takes the dead mount away, as after a
// crash and a restart of the machine's service; the backends stay as they are.
func (d *Daemon) Kill() {
	d.t.Helper()
	d.KillKeep()
	for {
		if _, ok := mountAt(d.MNT); !ok {
			return
		}
		if err := unix.Unmount(d.MNT, unix.MNT_DETACH); err != nil {
			d.t.Fatalf("unmount %s: %v", d.MNT, err)
		}
	}
}

// KillKeep ends the daemon with SIGKILL and leaves the dead mount in place.
func (d *Daemon) KillKeep() {
	d.t.Helper()
	d.killed = true
	if !d.Running() {
		return
	}
	d.cmd.Process.Kill()
	select {
	case <-d.done:
	case <-time.After(startTimeout):
		d.t.Fatalf("the daemon survives SIGKILL")
	}
}

// finish stops what still runs and looks the daemon over.
func (d *Daemon) finish() {
	d.t.Helper()
	fired := d.dog != nil && d.dog.stop()
	if d.Running() {
		// Most tests end with moves pending, which umount reports by ExitLeft.
		if _, err := d.Stop("--settle-timeout", "0"); err != nil && ExitCode(err) != ExitLeft {
			d.t.Errorf("stop the daemon: %v", err)
		}
	}
	if !fired { // it was ended in the middle of something
		d.checkStaging()
	}
	d.Kill()
	d.unmountPrivate()
	log := d.Log()
	if trouble.MatchString(log) && !fired {
		d.t.Errorf("the daemon crashed or raced")
	}
	if d.t.Failed() {
		d.t.Logf("log of seamfs mount %s:\n%s", strings.Join(d.args, " "), tail(log, 60_000))
	}
}

var trouble = regexp.MustCompile(`(?m)^(panic:|fatal error:|WARNING: DATA RACE|unexpected fault address)`)

// checkStaging fails the test when a backend's staging directory holds
// anything after a clean stop.
func (d *Daemon) checkStaging() {
	if d.cmd == nil || d.killed || d.Backends == (Backends{}) {
		return
	}
	for _, b := range []string{d.Backends.Scratch, d.Backends.Store} {
		if left := Staged(d.t, b); len(left) > 0 {
			d.t.Errorf("left in the staging directory of %s: %v", b, left)
		}
	}
}

// Staged lists what is in a backend's staging directory, but for the
// directories that are kept ready there.
func Staged(t testing.TB, backend string) []string {
	t.Helper()
	es, err := os.ReadDir(filepath.Join(backend, ".seamfs", "stage"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range es {
		if !strings.HasPrefix(e.Name(), "spare") {
			names = append(names, e.Name())
		}
	}
	return names
}

// unmountPrivate takes away the tmpfs that the daemon mounted for itself.
func (d *Daemon) unmountPrivate() {
	for _, m := range Mounts() {
		if strings.HasPrefix(m.Point, d.RunDir+"/") {
			if err := unix.Unmount(m.Point, unix.MNT_DETACH); err != nil {
				d.t.Errorf("unmount %s: %v", m.Point, err)
			}
		}
	}
}

// dump has the daemon write its goroutines to the log, which ends it.
func (d *Daemon) dump() string {
	d.cmd.Process.Signal(syscall.SIGQUIT)
	select {
	case <-d.done:
	case <-time.After(5 * time.Second):
		d.cmd.Process.Signal(os.Kill)
	}
	return tail(d.Log(), 60_000)
}

func tail(s string, n int) string {
	if len(s) > n {
		return "…" + s[len(s)-n:]
	}
	return s
}
