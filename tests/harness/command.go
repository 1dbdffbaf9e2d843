package harness

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/seamfs/seamfs/tests/check"
)

// commandTimeout bounds every program a test runs.
const commandTimeout = 2 * time.Minute

// A commandError is a command that failed.
type commandError struct {
	args   []string
	stderr string
	err    error
}

func (e *commandError) Error() string {
	return fmt.Sprintf("seamfs %v: %v: %s", e.args, e.err, e.stderr)
}

func (e *commandError) Unwrap() error { return e.err }

// Stderr is what the command that failed with err wrote to stderr, without
// the last newline.
func Stderr(err error) string {
	var e *commandError
	if errors.As(err, &e) {
		return e.stderr
	}
	return ""
}

// Seamfs runs the seamfs command and returns its output. The error says the
// exit code and what was written to stderr.
func (d *Daemon) Seamfs(args ...string) (string, error) {
	return d.SeamfsAs("seamfs", args...)
}

// SeamfsAs is Seamfs under another name, as a link to the binary calls it.
func (d *Daemon) SeamfsAs(name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), commandTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, d.Bin, args...)
	cmd.Args[0] = name
	cmd.Env = d.Env()
	// Who keeps the output open after the command has ended makes it fail.
	cmd.WaitDelay = 10 * time.Second
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), &commandError{args, strings.TrimSuffix(stderr.String(), "\n"), err}
	}
	return stdout.String(), nil
}

// ExitCode is the exit code within an error of Seamfs: 0 for nil, -1 when the
// command didn't exit by itself.
func ExitCode(err error) int {
	if err == nil {
		return 0
	}
	var e *exec.ExitError
	if errors.As(err, &e) {
		return e.ExitCode()
	}
	return -1
}

// Run runs a program with a time limit and stops the test when it fails.
func Run(t testing.TB, name string, args ...string) string {
	t.Helper()
	return RunIn(t, "", name, args...)
}

// RunIn is Run in a working directory.
func RunIn(t testing.TB, dir, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), commandTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, Tool(t, name), args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return string(out)
}

// Settle waits until nothing under the path, from the namespace's root, is
// unsettled.
func (d *Daemon) Settle(path string) {
	d.t.Helper()
	if _, err := d.Seamfs("wait", "--timeout", "110", d.Path(path)); err != nil {
		status, _ := d.Seamfs("status", "--json", d.MNT)
		d.t.Fatalf("%v\nstatus: %s", err, tail(status, 4000))
	}
}

// State is the state of the object at the path from the namespace's root.
func (d *Daemon) State(path string) string {
	d.t.Helper()
	s, err := check.Xattr(d.Path(path), "seamfs.state")
	if err != nil {
		d.t.Fatalf("state of %s: %v", path, err)
	}
	return s
}

// Requests are the numbers of FUSE requests by name that the daemon has
// answered. Those of which the kernel chooses the moment are left out.
func (d *Daemon) Requests() map[string]int64 {
	d.t.Helper()
	out, err := d.Seamfs("status", "--json", d.MNT)
	if err != nil {
		d.t.Fatal(err)
	}
	var s struct {
		Requests map[string]int64 `json:"requests"`
	}
	if err := json.Unmarshal([]byte(out), &s); err != nil {
		d.t.Fatalf("status --json: %v in %s", err, tail(out, 2000))
	}
	if len(s.Requests) == 0 {
		d.t.Fatalf("status --json counts no requests: %s", tail(out, 2000))
	}
	for _, name := range []string{"FORGET", "BATCH_FORGET", "INTERRUPT"} {
		delete(s.Requests, name)
	}
	return s.Requests
}

// Eventually waits until cond is true and fails the test when it isn't within
// a minute.
func Eventually(t testing.TB, what string, cond func() bool) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for !cond() {
		if time.Now().After(deadline) {
			t.Fatalf("not within a minute: %s", what)
		}
		time.Sleep(5 * time.Millisecond) // between two looks at the condition
	}
}
