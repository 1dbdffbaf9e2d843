package main

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/seamfs/seamfs/fusefs/ctl"
)

// fakeDaemonEnv tells a test binary that was started as a daemon how to fare.
const fakeDaemonEnv = "SEAMFS_TEST_DAEMON"

// TestMain lets the test binary be the daemon, over a fake platform, and the
// program itself.
func TestMain(m *testing.M) {
	if os.Getenv(programEnv) != "" {
		beProgram()
	}
	if isDaemon() {
		p := &fakePlatform{ns: newFakeNamespace()}
		switch os.Getenv(fakeDaemonEnv) {
		case "fail":
			p.openErr = fail(exitBusy, "backend d is in use")
		case "die":
			os.Exit(7)
		}
		os.Exit((&app{stdout: os.Stdout, stderr: os.Stderr, platform: p}).daemonMain())
	}
	os.Exit(m.Run())
}

func startFakeDaemon(t *testing.T, fate string, cfg *mountConfig) error {
	t.Helper()
	t.Setenv(fakeDaemonEnv, fate)
	exe, err := os.Executable()
	must(t, err)
	return superviseStart(exec.Command(exe), cfg)
}

func TestDaemonReportsReady(t *testing.T) {
	cfg := fakeConfig(t)
	cfg.Source = "not \xff UTF-8" // gob keeps any bytes
	must(t, startFakeDaemon(t, "", cfg))
	c := ctl.NewClient(cfg.socket())
	defer c.Close()
	_, err := c.Status(t.Context(), "/", false)
	must(t, err)
	pid := c.DaemonPID()
	sid, err := unix.Getsid(pid)
	if err != nil || sid != pid {
		t.Errorf("the daemon's session is %d, want its own (%d): %v", sid, pid, err)
	}
	for _, fd := range []string{"0", "1", "2"} {
		if to, err := os.Readlink("/proc/" + strconv.Itoa(pid) + "/fd/" + fd); err != nil || to != "/dev/null" {
			t.Errorf("descriptor %s of the daemon is %q, %v", fd, to, err)
		}
	}
	if cwd, err := os.Readlink("/proc/" + strconv.Itoa(pid) + "/cwd"); err != nil || cwd != "/" {
		t.Errorf("the daemon's directory is %q, %v", cwd, err)
	}
	_, err = c.Umount(t.Context(), ctl.UmountOptions{}, nil)
	must(t, err)
	must(t, waitForExit(pid, closePatience))
}

func TestDaemonReportsItsError(t *testing.T) {
	err := startFakeDaemon(t, "fail", fakeConfig(t))
	if exitCode(err) != exitBusy || err.Error() != "backend d is in use" {
		t.Errorf("got %v with code %d", err, exitCode(err))
	}
}

func TestDaemonDies(t *testing.T) {
	err := startFakeDaemon(t, "die", fakeConfig(t))
	if exitCode(err) != exitFailed || !strings.Contains(err.Error(), "died before the mount answered") || !strings.Contains(err.Error(), "exit status 7") {
		t.Errorf("got %v", err)
	}
}

func TestSignalBeforeReadyIsReported(t *testing.T) {
	r, w, err := os.Pipe()
	must(t, err)
	defer r.Close()
	if code := sendReport(w, nil); code != exitFailed {
		t.Errorf("code %d", code)
	}
	w.Close()
	raw, err := io.ReadAll(r)
	if err != nil || !strings.Contains(string(raw), "stopped before the mount answered") {
		t.Errorf("report %q, %v", raw, err)
	}
	if code := sendReport(w, errors.New("x")); code != exitFailed {
		t.Errorf("to a closed pipe: code %d", code)
	}
}
