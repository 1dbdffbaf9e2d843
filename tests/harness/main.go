package harness

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// root is where all tests of the process keep their files. It is set once, by
// Main, before any test runs.
var root string

// Main runs the tests of a package and returns the process's exit code. It
// fails the run when mounts or loop devices of the tests are left.
func Main(m *testing.M) int {
	dir, err := os.MkdirTemp("", "seamfs-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "make a temporary directory:", err)
		return 1
	}
	// Other users must get to the mounts below it.
	if err := os.Chmod(dir, 0o755); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	// What package testing makes is looked over in the end too.
	if err := os.Setenv("TMPDIR", dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	root = dir
	unix.Umask(0o022)
	code := m.Run()
	if left := leftovers(dir); len(left) > 0 {
		fmt.Fprintf(os.Stderr, "FAIL: left behind by tests:\n%s\n", strings.Join(left, "\n"))
		return 1
	}
	os.RemoveAll(dir)
	return code
}

// leftovers lists the mounts and loop devices below dir.
func leftovers(dir string) []string {
	var left []string
	for _, m := range Mounts() {
		if strings.HasPrefix(m.Point, dir+"/") {
			left = append(left, "mount "+m.Point)
		}
	}
	out, _ := exec.Command("losetup", "-l", "-n", "-O", "NAME,BACK-FILE").Output()
	for l := range strings.Lines(string(out)) {
		if strings.Contains(l, dir+"/") {
			left = append(left, "loop device "+strings.TrimSpace(l))
		}
	}
	return left
}

// Dir makes a directory for one test, mode 0755 all the way, that is removed
// at its end unless the test left mounts in it.
func Dir(t testing.TB) string {
	t.Helper()
	if root == "" {
		t.Fatal("harness.Main is not used by this package's TestMain")
	}
	name := strings.Map(func(r rune) rune {
		if strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-", r) {
			return r
		}
		return '_'
	}, filepath.Base(t.Name()))
	dir, err := os.MkdirTemp(root, name+"-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if len(leftovers(dir)) == 0 {
			os.RemoveAll(dir)
		}
	})
	return dir
}

var build = sync.OnceValues(func() (string, error) {
	bin := filepath.Join(root, "seamfs")
	args := []string{"build", "-buildvcs=false", "-o", bin}
	env := append(os.Environ(), "CGO_ENABLED=0")
	if os.Getenv("SEAMFS_RACE") == "1" {
		args, env = append(args, "-race"), append(os.Environ(), "CGO_ENABLED=1")
	}
	cmd := exec.Command("go", append(args, "github.com/seamfs/seamfs/cmd/seamfs")...)
	cmd.Env = env
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build seamfs: %w\n%s", err, out)
	}
	return bin, nil
})

// Build returns the path of the seamfs binary, built once a process.
func Build(t testing.TB) string {
	t.Helper()
	bin, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return bin
}
