package cases

import (
	"bytes"
	"os/exec"
	"testing"
)

// child starts a program; the function returned waits for it and returns what
// it printed. The test stops if it fails.
func child(t *testing.T, name string, args ...string) (wait func() string) {
	t.Helper()
	cmd := exec.Command(name, args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", name, err)
	}
	waited := false
	t.Cleanup(func() {
		if !waited {
			cmd.Process.Kill()
			cmd.Wait()
		}
	})
	return func() string {
		t.Helper()
		waited = true
		if err := cmd.Wait(); err != nil {
			t.Fatalf("%s %q: %v\n%s", name, args, err, out.String())
		}
		return out.String()
	}
}
