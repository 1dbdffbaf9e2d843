package tests

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seamfs/seamfs/tests/check"
	"github.com/seamfs/seamfs/tests/harness"
)

// A call is one finished system call of a trace: its name, and the line.
type call struct{ name, line string }

// ok tells that the call succeeded.
func (c call) ok() bool { return !strings.Contains(c.line, " = -1 ") }

// straced runs a program under strace and returns its system calls, from the
// program's own start on (what the loader and the C library read before is the
// same for all).
func straced(t *testing.T, args ...string) []call {
	t.Helper()
	out := filepath.Join(harness.Dir(t), "trace")
	full := append([]string{"-f", "-o", out, "-e", "trace=all", "-s", "300"}, args...)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, harness.Tool(t, "strace"), full...)
	if msg, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("strace %v: %v\n%s", args, err, msg)
	}
	return parseTrace(t, out)
}

func parseTrace(t *testing.T, path string) []call {
	t.Helper()
	data, err := os.ReadFile(path)
	check.OK(t, err)
	var calls []call
	for line := range strings.Lines(string(data)) {
		_, rest, _ := strings.Cut(strings.TrimSpace(line), " ") // the process id
		rest = strings.TrimSpace(rest)
		if resumed, ok := strings.CutPrefix(rest, "<... "); ok {
			name, _, _ := strings.Cut(resumed, " ")
			calls = append(calls, call{name, rest})
			continue
		}
		name, _, ok := strings.Cut(rest, "(")
		if ok && !strings.Contains(rest, "<unfinished ...>") {
			calls = append(calls, call{name, rest})
		}
	}
	return calls
}

// sequence is the names of the calls, in order.
func sequence(calls []call) string {
	var names []string
	for _, c := range calls {
		names = append(names, c.name)
	}
	return strings.Join(names, " ")
}

func dump(calls []call) string {
	var b strings.Builder
	for _, c := range calls {
		b.WriteString(c.line + "\n")
	}
	return b.String()
}
