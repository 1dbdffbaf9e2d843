package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/seamfs/seamfs/fusefs/ctl"
)

// Environment of a test binary that is to be the program.
const (
	programEnv = "SEAMFS_TEST_PROGRAM"
	dropEnv    = "SEAMFS_TEST_DROP" // without CAP_SYS_ADMIN
)

// beProgram runs the main function and exits.
func beProgram() {
	if os.Getenv(dropEnv) != "" {
		runtime.LockOSThread() // capabilities are those of a thread
		hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		var data [2]unix.CapUserData
		if err := unix.Capget(&hdr, &data[0]); err != nil {
			panic(err)
		}
		data[0].Effective &^= 1 << unix.CAP_SYS_ADMIN
		if err := unix.Capset(&hdr, &data[0]); err != nil {
			panic(err)
		}
	}
	main()
}

// program runs the program in dir and returns its exit code and output.
func program(t *testing.T, dir string, env []string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	exe, err := os.Executable()
	must(t, err)
	cmd := exec.Command(exe, args...)
	var out, errs bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, &errs
	cmd.Env = append(append(os.Environ(), programEnv+"=1"), env...)
	err = cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

// listing describes all that is below dir: names, modes, sizes, times.
func listing(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		fi, err := d.Info()
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%s %v %d %v\n", p, fi.Mode(), fi.Size(), fi.ModTime().UnixNano())
		return nil
	})
	must(t, err)
	return b.String()
}

// fixture is a directory with backends and mount points: a, b, a/in, mnt,
// mnt/below, file, link (to a), busy (its lock is held).
func fixture(t *testing.T) string {
	t.Helper()
	base, err := filepath.EvalSymlinks(t.TempDir())
	must(t, err)
	for _, d := range []string{"a/in", "b", "mnt/below", "busy/.seamfs"} {
		must(t, os.MkdirAll(filepath.Join(base, d), 0o755))
	}
	must(t, os.WriteFile(filepath.Join(base, "file"), nil, 0o644))
	must(t, os.Symlink("a", filepath.Join(base, "link")))
	lock, err := os.Create(filepath.Join(base, "busy/.seamfs/lock"))
	must(t, err)
	must(t, unix.Flock(int(lock.Fd()), unix.LOCK_EX))
	t.Cleanup(func() { lock.Close() })
	return base
}

type badInput struct {
	args string // split at spaces
	code int
	want string // in the line on standard error
}

// Bad input that needs no rights to be found.
var badInputs = []badInput{
	{"", 2, "no command"},
	{"frobnicate", 2, `unknown command "frobnicate"`},
	{"help frobnicate", 2, `unknown command "frobnicate"`},
	{"mount", 2, "argument is missing"},
	{"mount --bogus mnt", 2, "bogus"},
	{"mount --backend a=a mnt more", 2, `unexpected argument "more"`},
	{"mount mnt", 2, "no backend given"},
	{"mount --backend a mnt", 2, `bad backend "a"`},
	{"mount --backend a= mnt", 2, "directory is missing"},
	{"mount --backend a.b=a mnt", 2, `bad name "a.b"`},
	{"mount --backend =a mnt", 2, `bad name ""`},
	{"mount --backend ctl=a mnt", 2, `can't be called "ctl"`},
	{"mount --backend a=a --backend a=b mnt", 2, "two backends are called a"},
	{"mount --backend a=nowhere --rule /=a mnt", 2, "no such directory"},
	{"mount --backend a=nowhere mnt", 2, "no such"},
	{"mount --backend a=file --rule /=a mnt", 2, "not a directory"},
	{"mount --backend a=a --backend b=a/in --rule /=a mnt", 2, "overlap"},
	{"mount --backend a=a --backend b=a --rule /=a mnt", 2, "same directory"},
	{"mount --backend a=a --backend b=link --rule /=a mnt", 2, "same directory"},
	{"mount --backend a=a --rule /=a a/in", 2, "overlap"},
	{"mount --backend a=mnt/below --rule /=a mnt", 2, "overlap"},
	{"mount --backend a=mnt --rule /=a mnt", 2, "same directory"},
	{"mount --backend a=a --rule /=a nowhere", 2, "no such file"},
	{"mount --backend a=a --rule /=a file", 2, "not a directory"},
	{"mount --backend a=a --rule /=b mnt", 2, `no backend called "b"`},
	{"mount --backend a=a --rule x=a mnt", 2, "is relative"},
	{"mount --backend a=a --rule /x mnt", 2, "must be PREFIX=NAME"},
	{"mount --backend a=a --rule /x= mnt", 2, "name of a backend is missing"},
	{"mount --backend a=a --rule /x=a,a mnt", 2, "twice"},
	{"mount --backend a=a --rule /x=a --rule /x/=a mnt", 2, "two rules for /x"},
	{"mount --backend a=a --rule /.seamfs/x=a mnt", 2, "private name"},
	{"mount --backend a=a --io /x=managed mnt", 2, "no rule with this prefix"},
	{"mount --backend a=a --rule /x=a --io /x=fast mnt", 2, "managed or passthrough"},
	{"mount --backend a=a --rule /x=a --io /x=managed --io /x=managed mnt", 2, "two values of io"},
	{"mount --backend s=tmpfs mnt", 2, "no durable backend"},
	{"mount --backend s=tmpfs:size=0 --rule /=s mnt", 2, "less than one page"},
	{"mount --backend s=tmpfs:size=-1G --rule /=s mnt", 2, "not a number"},
	{"mount --backend s=tmpfs:size=99999999999T --rule /=s mnt", 2, "too large"},
	{"mount --backend s=tmpfs:size=8X --rule /=s mnt", 2, "not a number"},
	{"mount --backend s=tmpfs:mode=0 --rule /=s mnt", 2, "unknown tmpfs option"},
	{"mount --backend a=a --settle-timeout -5 mnt", 2, "out of range"},
	{"mount --backend a=a --settle-timeout soon mnt", 2, "not a duration"},
	{"mount --backend a=a --rule /=a --log-level loud mnt", 2, "bad log level"},
	{"mount -o backend.a=a,bogus mnt", 2, `unknown mount option "bogus"`},
	{`mount -o backend.a=a\x mnt`, 2, "bad escape"},
	{"mount -o backend.a mnt", 2, "must be backend.NAME=SPEC"},
	{"mount -o backend.a=a,suid=perhaps mnt", 2, "bad value"},
	{"mount -o backend.a=a,log-file mnt", 2, "needs a value"},
	{"mount -o backend.a=a,rule.x=a mnt", 2, "is relative"},
	{"mount -n --backend a=a --rule /=b mnt", 2, `no backend called "b"`},
	{"src mnt -o rw,bogus", 2, `unknown mount option "bogus"`},
	{"src nowhere -o rw,backend.a=a", 2, "no such file"},
	{"umount", 2, "argument is missing"},
	{"umount mnt", 5, "is not a seamfs mount"},
	{"umount nowhere", 2, "no such file"},
	{"umount --settle-timeout x mnt", 2, "not a duration"},
	{"status mnt", 5, "not in a seamfs mount"},
	{"status nowhere", 2, "no such file"},
	{"status --bogus", 2, "bogus"},
	{"wait", 2, "argument is missing"},
	{"wait mnt", 5, "not in a seamfs mount"},
	{"wait --timeout never mnt", 2, "not a duration"},
	{"which mnt", 5, "not in a seamfs mount"},
	{"version more", 2, "unexpected argument"},
}

// checkBad runs one case.
func checkBad(t *testing.T, base string, env []string, tc badInput) {
	t.Helper()
	before := listing(t, base)
	code, stdout, stderr := program(t, base, append(env, ctl.RunDirEnv+"="+filepath.Join(base, "run")), strings.Fields(tc.args)...)
	if code != tc.code {
		t.Errorf("exit code %d, want %d", code, tc.code)
	}
	if stdout != "" {
		t.Errorf("on standard output: %q", stdout)
	}
	if strings.Count(stderr, "\n") != 1 || !strings.HasPrefix(stderr, "seamfs") || !strings.Contains(stderr, tc.want) {
		t.Errorf("on standard error: %q, want one line with %q", stderr, tc.want)
	}
	if after := listing(t, base); after != before {
		t.Errorf("changed on disk:\nbefore\n%safter\n%s", before, after)
	}
}

func TestBadInput(t *testing.T) {
	base := fixture(t)
	for _, tc := range badInputs {
		t.Run(tc.args, func(t *testing.T) { checkBad(t, base, nil, tc) })
	}
}

// canMount skips a test on a machine that can't mount.
func canMount(t *testing.T) {
	t.Helper()
	if err := newMachine().checkFUSE(); err != nil {
		t.Skip(err)
	}
}

func TestBadInputOfThoseWhoMayMount(t *testing.T) {
	canMount(t)
	base := fixture(t)
	ro := filepath.Join(base, "readonly")
	must(t, os.Mkdir(ro, 0o755))
	must(t, unix.Mount("none", ro, "tmpfs", unix.MS_RDONLY, ""))
	t.Cleanup(func() { must(t, unix.Unmount(ro, unix.MNT_DETACH)) })
	for _, tc := range []badInput{
		{"mount --backend a=readonly --rule /=a mnt", 2, "can't be written"},
		{"mount --backend a=busy --rule /=a mnt", 4, "in use by another seamfs mount"},
		{"mount --backend a=a --rule /=a --log-file a mnt", 2, "is a directory"},
		{"mount --backend a=a --rule /=a --log-file no/log mnt", 2, "can't be written"},
	} {
		t.Run(tc.args, func(t *testing.T) { checkBad(t, base, nil, tc) })
	}
}

func TestWithoutRightToMount(t *testing.T) {
	base := fixture(t)
	checkBad(t, base, []string{dropEnv + "=1"}, badInput{"mount --backend a=a --rule /=a mnt", 3, "--cap-add SYS_ADMIN"})
}

func TestDryRunChangesNothing(t *testing.T) {
	base := fixture(t)
	before := listing(t, base)
	code, stdout, stderr := program(t, base, []string{ctl.RunDirEnv + "=" + filepath.Join(base, "run"), dropEnv + "=1"},
		"mount", "--dry-run", "--backend", "a=a", "--backend", "s=tmpfs:size=1M", "--rule", "/=a", "--rule", "/in=s", "mnt")
	if code != 0 || stderr != "" || !strings.Contains(stdout, "rule         /in: s\n") {
		t.Errorf("code %d, %q, %q", code, stdout, stderr)
	}
	if after := listing(t, base); after != before {
		t.Errorf("changed on disk:\nbefore\n%safter\n%s", before, after)
	}
}

// deadMount leaves a mount of our type whose daemon is gone.
func deadMount(t *testing.T, dir string) {
	t.Helper()
	fd, err := unix.Open("/dev/fuse", unix.O_RDWR|unix.O_CLOEXEC, 0)
	must(t, err)
	err = unix.Mount("seamfs", dir, ctl.FSType, 0, fmt.Sprintf("fd=%d,rootmode=40000,user_id=0,group_id=0", fd))
	must(t, errors.Join(err, unix.Close(fd)))
	t.Cleanup(func() {
		// EINVAL: the test has cleared it.
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil && !errors.Is(err, unix.EINVAL) {
			t.Error(err)
		}
	})
	if !isDead(dir) {
		t.Fatal("the mount isn't dead")
	}
}

func TestDeadMountIsCleared(t *testing.T) {
	canMount(t)
	base := fixture(t)
	mnt := filepath.Join(base, "mnt")
	t.Setenv(ctl.RunDirEnv, filepath.Join(base, "run"))
	deadMount(t, mnt)
	if code, _, stderr := program(t, base, nil, "mount", "-n", "--backend", "a=a", "--rule", "/=a", "mnt"); code != exitBusy || strings.Count(stderr, "\n") != 1 {
		t.Errorf("dry run: code %d, %q", code, stderr)
	}
	if !isDead(mnt) {
		t.Fatal("a dry run cleared the dead mount")
	}
	cfg, err := parseMount("--backend", "a="+filepath.Join(base, "a"), mnt)
	must(t, err)
	must(t, (&app{}).prepare(cfg))
	if isDead(mnt) {
		t.Error("the dead mount is still there")
	}
	deadMount(t, mnt)
	if code, _, stderr := program(t, base, nil, "umount", "mnt"); code != 0 || !strings.Contains(stderr, "the daemon had died") {
		t.Errorf("umount: code %d, %q", code, stderr)
	}
	if isDead(mnt) {
		t.Error("umount left the dead mount")
	}
}
