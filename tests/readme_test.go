package tests

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/seamfs/seamfs/tests/check"
	"github.com/seamfs/seamfs/tests/harness"
)

// A shown command is one of the README's console blocks, with what it prints.
type shown struct{ command, output string }

// readmeCommands returns the commands of the README's console blocks.
func readmeCommands(t *testing.T) []shown {
	t.Helper()
	data, err := os.ReadFile("../README.md")
	check.OK(t, err)
	var all []shown
	for _, block := range regexp.MustCompile("(?s)```console\n(.*?)```").FindAllStringSubmatch(string(data), -1) {
		for line := range strings.Lines(block[1]) {
			if command, ok := strings.CutPrefix(line, "$ "); ok {
				all = append(all, shown{command: strings.TrimSpace(command)})
				continue
			}
			check.True(t, len(all) > 0, "output before any command: %q", line)
			all[len(all)-1].output += line
		}
	}
	check.True(t, len(all) > 5, "the README shows only %d commands", len(all))
	return all
}

// readmeState is what the README shows while a move is under way; how far it
// is when the test looks depends on the machine.
var readmeState = regexp.MustCompile(`^(queued|copying|switching|settled)$`)

// TestReadme runs the commands of the README, in another directory, and
// compares what they print.
func TestReadme(t *testing.T) {
	harness.Root(t)
	harness.Tool(t, "getfattr")
	base := filepath.Join(harness.Dir(t), "srv")
	d := harness.New(t) // for its run directory, and to be cleaned up after
	t.Cleanup(func() {
		if isMounted(base + "/mnt") {
			d.Seamfs("umount", "--settle-timeout", "0", "--discard-scratch", base+"/mnt")
		}
	})
	for _, s := range readmeCommands(t) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		cmd := exec.CommandContext(ctx, "sh", "-c", strings.ReplaceAll(s.command, "/srv/vm", base))
		cmd.Env = append(d.Env(), "PATH="+filepath.Dir(d.Bin)+":"+os.Getenv("PATH"))
		out, err := cmd.CombinedOutput()
		cancel()
		if err != nil {
			t.Fatalf("$ %s\n%v\n%s", s.command, err, out)
		}
		got, want := strings.TrimSpace(strings.ReplaceAll(string(out), base, "/srv/vm")), strings.TrimSpace(s.output)
		if want == "copying" && readmeState.MatchString(got) {
			continue
		}
		check.Equal(t, "output of "+s.command, got, want)
	}
}

// TestReadmeExitCodes: the README's table is what "seamfs help exit-codes"
// says.
func TestReadmeExitCodes(t *testing.T) {
	out, err := exec.Command(harness.Build(t), "help", "exit-codes").Output()
	check.OK(t, err)
	readme, err := os.ReadFile("../README.md")
	check.OK(t, err)
	lines := 0
	for line := range strings.Lines(string(out)) {
		m := regexp.MustCompile(`^\s*(\d+)\s+(.*\S)\s*$`).FindStringSubmatch(line)
		if m == nil {
			continue
		}
		lines++
		check.True(t, strings.Contains(string(readme), "| "+m[1]+" | "+m[2]+" |"), "the README lacks exit code %s: %s", m[1], m[2])
	}
	check.True(t, lines >= 6, "help exit-codes lists %d codes: %s", lines, out)
}
