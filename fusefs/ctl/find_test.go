package ctl

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

func TestResolveKeepsLastLink(t *testing.T) {
	base, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	must(t, os.Mkdir(filepath.Join(base, "d"), 0o755))
	must(t, os.Symlink("d", filepath.Join(base, "dirlink")))
	must(t, os.Symlink("nowhere", filepath.Join(base, "d", "last")))
	got, err := Resolve(filepath.Join(base, "dirlink", "last"))
	if err != nil || got != filepath.Join(base, "d", "last") {
		t.Errorf("Resolve = %q, %v", got, err)
	}
	if got, err := Resolve("/"); err != nil || got != "/" {
		t.Errorf("Resolve(/) = %q, %v", got, err)
	}
	if _, err := ResolveMountpoint(filepath.Join(base, "d", "last")); !errors.Is(err, unix.ENOENT) {
		t.Errorf("ResolveMountpoint of a dangling link: %v, want ENOENT", err)
	}
	if _, err := Resolve(filepath.Join(base, "no", "last")); !errors.Is(err, unix.ENOENT) {
		t.Errorf("Resolve below nothing: %v, want ENOENT", err)
	}
}

func TestFindOutsideAnyMount(t *testing.T) {
	dir := t.TempDir()
	if _, err := Find(dir); !errors.Is(err, ErrNoMount) {
		t.Errorf("Find(%s): %v, want ErrNoMount", dir, err)
	}
}

func TestFindResolvesLoop(t *testing.T) {
	loop := filepath.Join(t.TempDir(), "loop")
	must(t, os.Symlink("loop", loop))
	if _, err := Find(loop); err == nil {
		t.Error("a looping link was found in a mount")
	}
}

func TestMountID(t *testing.T) {
	a, b := MountID("/mnt/a"), MountID("/mnt/b")
	if len(a) != 12 || a == b || a != MountID("/mnt/a/") {
		t.Errorf("MountID: %q %q", a, b)
	}
}

func TestRunDirFromEnvironment(t *testing.T) {
	t.Setenv(RunDirEnv, "/x")
	if got, want := SocketPath("/m"), "/x/"+MountID("/m")+"/ctl"; got != want {
		t.Errorf("SocketPath = %q, want %q", got, want)
	}
	t.Setenv(RunDirEnv, "")
	if got := RunDir(); got != defaultRunDir {
		t.Errorf("RunDir = %q", got)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
