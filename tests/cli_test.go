package tests

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seamfs/seamfs/tests/check"
	"github.com/seamfs/seamfs/tests/harness"
	"golang.org/x/sys/unix"
)

// cli prepares backends and a daemon that the test itself mounts by command.
func cli(t *testing.T) *harness.Daemon {
	t.Helper()
	b := harness.TmpfsExt4.Make(t)
	d := harness.New(t, b.Args()...)
	d.Backends = b
	t.Cleanup(func() {
		if isMounted(d.MNT) {
			d.Seamfs("umount", "--settle-timeout", "0", d.MNT)
		}
	})
	return d
}

func isMounted(point string) bool {
	for _, m := range harness.Mounts() {
		if m.Point == point {
			return true
		}
	}
	return false
}

// TestMountInBackground: mount returns when the mount answers, and keeps
// nothing open of the caller's: the pipe from which its output is read here
// ends, or Seamfs would run into its time limit.
func TestMountInBackground(t *testing.T) {
	d := cli(t)
	out, err := d.Seamfs(append(append([]string{"mount"}, d.Backends.Args()...), d.MNT)...)
	check.OK(t, err)
	check.Equal(t, "output of mount", out, "")
	check.True(t, isMounted(d.MNT), "mount returned before the mount was there")
	check.Write(t, d.Path("store/f"), "x")
	_, err = d.Seamfs("umount", d.MNT)
	check.OK(t, err)
	check.True(t, !isMounted(d.MNT), "umount returned with the mount still there")
	// The backends' locks are free when umount returns.
	_, err = d.Seamfs(append(append([]string{"mount"}, d.Backends.Args()...), d.MNT)...)
	check.OK(t, err)
	check.Content(t, d.Path("store/f"), "x")
}

// TestMountOptions: each flag has an -o twin, and the form in which mount(8)
// calls works.
func TestMountOptions(t *testing.T) {
	d := cli(t)
	o := fmt.Sprintf("rw,dev,suid,backend.scratch=%s,backend.store=%s,rule./scratch=scratch,rule./=store", d.Backends.Scratch, d.Backends.Store)
	// mount.fuse3's call: PROG SOURCE MOUNTPOINT -o OPTIONS.
	_, err := d.SeamfsAs("mount.fuse.seamfs", "none", d.MNT, "-o", o)
	check.OK(t, err)
	check.Write(t, d.Path("scratch/f"), "x")
	check.Content(t, d.Backends.Scratch+"/scratch/f", "x")
	_, err = d.Seamfs("umount", d.MNT)
	check.OK(t, err)
	_, err = d.Seamfs("mount", "-o", o, d.MNT)
	check.OK(t, err)
	check.Content(t, d.Path("scratch/f"), "x")
}

// TestBadInput: what can't be mounted gives one line, an exit code, and
// changes nothing on disk.
func TestBadInput(t *testing.T) {
	d := cli(t)
	s, st := d.Backends.Scratch, d.Backends.Store
	check.Write(t, st+"/file", "")
	inside := filepath.Join(st, "inside")
	check.OK(t, os.Mkdir(inside, 0o755))
	cases := map[string]struct {
		args []string
		code int
	}{
		"unknown backend in a rule": {[]string{"--backend", "store=" + st, "--rule", "/=other", d.MNT}, 2},
		"backend missing":           {[]string{"--backend", "store=" + st + "/none", d.MNT}, 2},
		"backend is a file":         {[]string{"--backend", "store=" + st + "/file", d.MNT}, 2},
		"nested backends":           {[]string{"--backend", "a=" + st, "--backend", "b=" + inside, "--rule", "/=a", d.MNT}, 2},
		"identical backends":        {[]string{"--backend", "a=" + st, "--backend", "b=" + st, "--rule", "/=a", d.MNT}, 2},
		"mountpoint in a backend":   {[]string{"--backend", "store=" + st, inside}, 2},
		"relative prefix":           {[]string{"--backend", "store=" + st, "--rule", "scratch=store", d.MNT}, 2},
		"duplicate backend":         {[]string{"--backend", "a=" + st, "--backend", "a=" + s, "--rule", "/=a", d.MNT}, 2},
		"bad name":                  {[]string{"--backend", "a b=" + st, d.MNT}, 2},
		"absurd size":               {[]string{"--backend", "a=tmpfs:size=-1", "--backend", "b=" + st, "--rule", "/=b", d.MNT}, 2},
		"no rule for / of two":      {[]string{"--backend", "a=" + st, "--backend", "b=" + s + "2", d.MNT}, 2},
		"no mount point":            {[]string{"--backend", "a=" + st}, 2},
		"mount point missing":       {[]string{"--backend", "a=" + st, d.MNT + "/none"}, 2},
		"unknown flag":              {[]string{"--nonsense", d.MNT}, 2},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := d.Seamfs(append([]string{"mount"}, c.args...)...)
			check.Equal(t, fmt.Sprintf("exit code (%v)", err), harness.ExitCode(err), c.code)
			stderr := harness.Stderr(err)
			check.True(t, stderr != "" && !strings.Contains(stderr, "\n"), "stderr isn't one line: %q", stderr)
			check.True(t, !isMounted(d.MNT), "mounted")
			check.Absent(t, st+"/.seamfs")
			check.Absent(t, s+"/.seamfs")
		})
	}
}

// TestBusyBackend: a backend serves one mount at a time.
func TestBusyBackend(t *testing.T) {
	d := harness.TmpfsExt4.Mount(t)
	other := harness.New(t)
	_, err := other.Seamfs("mount", "--backend", "store="+d.Backends.Store, other.MNT)
	check.Equal(t, fmt.Sprintf("exit code (%v)", err), harness.ExitCode(err), 4)
	check.True(t, !isMounted(other.MNT), "mounted twice")
}

// TestDryRun says what would be and does nothing.
func TestDryRun(t *testing.T) {
	d := cli(t)
	out, err := d.Seamfs(append(append([]string{"mount", "--dry-run"}, d.Backends.Args()...), d.MNT)...)
	check.OK(t, err)
	check.True(t, strings.Contains(out, d.Backends.Store) && strings.Contains(out, "/scratch"), "dry run says: %s", out)
	check.True(t, !isMounted(d.MNT), "a dry run mounted")
	check.Absent(t, d.Backends.Store+"/.seamfs")
}

// TestWhichStatusWait: the three commands that tell about moves, and their
// exit codes. A file that also has a name outside the backend can't move, so
// it stays where it is for as long as the test looks.
func TestWhichStatusWait(t *testing.T) {
	b := harness.TmpfsExt4.Make(t)
	d := harness.New(t, b.Args()...)
	d.Backends = b
	outside := filepath.Join(filepath.Dir(b.Scratch), "outside")
	check.OK(t, os.Mkdir(b.Scratch+"/scratch", 0o755))
	check.Write(t, b.Scratch+"/scratch/f", "x")
	check.OK(t, os.Link(b.Scratch+"/scratch/f", outside))
	d.Start()
	out, err := d.Seamfs("which", d.Path("scratch/f"))
	check.OK(t, err)
	check.Equal(t, "which", out, "scratch\nscratch\nsettled\n")

	check.OK(t, os.Rename(d.Path("scratch/f"), d.Path("store/f")))
	harness.Eventually(t, "the move is pinned", func() bool { return d.State("store/f") == "pinned" })
	reason, err := check.Xattr(d.Path("store/f"), "seamfs.error")
	check.OK(t, err)
	check.True(t, reason != "", "pinned for no reason")
	out, err = d.Seamfs("which", d.Path("store/f"))
	check.OK(t, err)
	check.Equal(t, "which", out, "scratch\nstore\npinned\n")
	_, err = d.Seamfs("wait", "--timeout", "0.2", d.MNT)
	check.Equal(t, "exit code of wait that runs out", harness.ExitCode(err), 124)
	out, err = d.Seamfs("status", d.MNT)
	check.OK(t, err)
	check.True(t, strings.Contains(out, "store/f") && strings.Contains(out, "pinned"), "status: %s", out)
	out, err = d.Seamfs("status", "--json", d.MNT)
	check.OK(t, err)
	check.True(t, json.Valid([]byte(out)) && strings.Contains(out, `/store/f`), "status --json: %s", out)

	check.OK(t, os.Remove(outside))
	_, err = d.Seamfs("wait", "--timeout", "60", d.MNT)
	check.OK(t, err)
	out, err = d.Seamfs("which", d.Path("store/f"))
	check.OK(t, err)
	check.Equal(t, "which", out, "store\nstore\nsettled\n")
}

// TestExitCodesOfOtherCommands for what isn't there.
func TestExitCodesOfOtherCommands(t *testing.T) {
	d := cli(t)
	for _, args := range [][]string{{"umount", d.MNT}, {"status", d.MNT}, {"wait", d.MNT}, {"which", d.MNT}} {
		_, err := d.Seamfs(args...)
		check.Equal(t, fmt.Sprintf("exit code of %s (%v)", args[0], err), harness.ExitCode(err), 5)
	}
	for _, args := range [][]string{{}, {"nonsense"}, {"umount"}, {"wait", "--timeout", "soon", d.MNT}} {
		_, err := d.Seamfs(args...)
		check.Equal(t, fmt.Sprintf("exit code of %v", args), harness.ExitCode(err), 2)
	}
	out, err := d.Seamfs("version")
	check.OK(t, err)
	check.True(t, strings.HasPrefix(out, "seamfs"), "version: %q", out)
}

// TestUmountBySystem: umount(8) and SIGTERM end the daemon as the umount
// command does.
func TestUmountBySystem(t *testing.T) {
	for name, end := range map[string]func(d *harness.Daemon) error{
		"umount":  func(d *harness.Daemon) error { return unix.Unmount(d.MNT, 0) },
		"sigterm": func(d *harness.Daemon) error { return unix.Kill(d.PID(), unix.SIGTERM) },
	} {
		t.Run(name, func(t *testing.T) {
			d := harness.TmpfsExt4.Mount(t)
			check.Random(t, d.Path("scratch/f"), 0, 64*mib, 1)
			sum := check.Sum(t, d.Path("scratch/f"))
			check.OK(t, os.Rename(d.Path("scratch/f"), d.Path("store/f")))
			check.OK(t, end(d))
			harness.Eventually(t, "the daemon has ended", func() bool { return !d.Running() })
			check.True(t, !isMounted(d.MNT), "still mounted")
			check.Equal(t, "sum on the store", check.Sum(t, d.Backends.Store+"/store/f"), sum)
		})
	}
}
