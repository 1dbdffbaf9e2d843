package fusefs

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/seamfs/seamfs/backend"
	"github.com/seamfs/seamfs/backend/posix"
	"github.com/seamfs/seamfs/placement"
	"github.com/seamfs/seamfs/placement/move"
)

// parked says the same of every object.
type parked struct{}

func (parked) Status(n *placement.Node) (move.Status, error) {
	return move.Status{State: move.Parked, ID: n.ID(), Error: strings.Repeat("é", 9000)}, nil
}

// mounted mounts a namespace of one backend. The process that serves it must
// not use os.File on it, nor exec from it: both can wait for themselves.
func mounted(t *testing.T) (*Server, string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("mounting needs root")
	}
	mountpoint := t.TempDir()
	b, err := posix.Open(posix.Config{Name: "disk", Path: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	ns, err := placement.New(placement.Config{
		Backends: []backend.Backend{b},
		Rules:    []placement.Rule{{Prefix: "/", Backends: []int{0}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	s, err := Mount(Options{Mountpoint: mountpoint, ControlSocket: "/run/ctl"}, ns, parked{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// A test that failed, or aborted the connection, leaves the mount.
		_ = unix.Unmount(mountpoint, unix.MNT_DETACH|unix.MNT_FORCE)
		ended(t, s)
		if err := errors.Join(ns.Close(), b.Close()); err != nil {
			t.Error(err)
		}
	})
	return s, mountpoint
}

func ended(t *testing.T, s *Server) {
	t.Helper()
	select {
	case <-s.Done():
	case <-time.After(20 * time.Second):
		t.Fatal("the session doesn't end")
	}
}

func create(t *testing.T, path string) int {
	t.Helper()
	fd, err := unix.Open(path, unix.O_CREAT|unix.O_RDWR|unix.O_CLOEXEC, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	return fd
}

func TestUnmount(t *testing.T) {
	s, mnt := mounted(t)
	fd := create(t, filepath.Join(mnt, "f"))
	if err := s.Unmount(); !errors.Is(err, unix.EBUSY) {
		t.Errorf("unmount while a file is open: %v, want EBUSY", err)
	}
	if err := unix.Close(fd); err != nil {
		t.Fatal(err)
	}
	// RELEASE, which the kernel sends after close returned, doesn't matter.
	if err := s.Unmount(); err != nil {
		t.Fatal(err)
	}
	s.Wait()
	s.InvalidateInode(2) // there is nobody to tell any more
}

func TestAbort(t *testing.T) {
	s, mnt := mounted(t)
	fd := create(t, filepath.Join(mnt, "f"))
	defer unix.Close(fd)
	if !s.connected() {
		t.Fatal("not connected to begin with")
	}
	if err := unix.Unmount(mnt, unix.MNT_FORCE); !errors.Is(err, unix.EBUSY) {
		t.Fatalf("forced unmount with an open file: %v, want EBUSY", err)
	}
	ended(t, s)
	s.fs.files.drain(func(*placement.File) { t.Error("a file is open after the session") })
}

// TestRequests counts what the kernel asks for, as INIT has agreed it.
func TestRequests(t *testing.T) {
	s, mnt := mounted(t)
	path := filepath.Join(mnt, "f")
	fd := create(t, path)
	defer unix.Close(fd)
	before := s.Requests()
	for range 50 {
		if _, err := unix.Pwrite(fd, []byte("x"), 0); err != nil {
			t.Fatal(err)
		}
	}
	for range 5 {
		other, err := unix.Open(path, unix.O_WRONLY|unix.O_TRUNC|unix.O_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := unix.Close(other); err != nil {
			t.Fatal(err)
		}
		_ = unix.Access(filepath.Join(mnt, "absent"), unix.F_OK)
	}
	after := s.Requests()
	for _, want := range []struct {
		name string
		most uint64
	}{
		{"WRITE", 50},
		{"OPEN", 5},
		{"GETXATTR", 1}, // security.capability once, not before each write
		{"SETATTR", 0},  // O_TRUNC comes with OPEN
		{"FLUSH", 1},
		{"LOOKUP", 1}, // absent names are cached
		{"ACCESS", 0},
	} {
		if n := after[want.name] - before[want.name]; n > want.most {
			t.Errorf("%d times %s, want at most %d", n, want.name, want.most)
		}
	}
	if n := after["WRITE"] - before["WRITE"]; n != 50 {
		t.Errorf("%d times WRITE: requests aren't counted", n)
	}
}

func TestVirtualXattrs(t *testing.T) {
	_, mnt := mounted(t)
	path := filepath.Join(mnt, "link")
	if err := unix.Symlink("nowhere", path); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 2*statusMax)
	n, err := unix.Lgetxattr(path, "seamfs.state", buf)
	if err != nil || string(buf[:n]) != "parked" {
		t.Errorf("state is %q, %v", buf[:max(n, 0)], err)
	}
	probe, err := unix.Lgetxattr(path, "seamfs.status", nil)
	if err != nil || probe == 0 || probe > statusMax {
		t.Errorf("size of status is %d, %v", probe, err)
	}
	if n, err = unix.Lgetxattr(path, "seamfs.status", buf); err != nil || n != probe {
		t.Errorf("status has %d bytes after a probe said %d, %v", n, probe, err)
	}
	if _, err = unix.Lgetxattr(path, "seamfs.status", buf[:10]); err != unix.ERANGE {
		t.Errorf("status into 10 bytes: %v, want ERANGE", err)
	}
	if n, err = unix.Getxattr(mnt, "user.seamfs.ctl", buf); err != nil || string(buf[:n]) != "/run/ctl" {
		t.Errorf("ctl of the root is %q, %v", buf[:max(n, 0)], err)
	}
	for _, attr := range []string{"seamfs.ctl", "seamfs.nothing"} {
		if _, err := unix.Lgetxattr(path, attr, buf); err != unix.ENODATA {
			t.Errorf("%s of a link: %v, want ENODATA", attr, err)
		}
	}
	if n, err = unix.Listxattr(mnt, buf); err != nil || strings.Contains(string(buf[:n]), "seamfs") {
		t.Errorf("listed are %q, %v", buf[:max(n, 0)], err)
	}
	if err := unix.Setxattr(mnt, "user.seamfs.state", []byte("x"), 0); err != unix.EPERM {
		t.Errorf("set state: %v, want EPERM", err)
	}
	if err := unix.Removexattr(mnt, "user.seamfs.state"); err != unix.EPERM {
		t.Errorf("remove state: %v, want EPERM", err)
	}
}

// TestSuidIsNotCached checks that exec can't see a suid bit that a write has
// dropped: attributes of such a file are asked for every time.
func TestSuidIsNotCached(t *testing.T) {
	s, mnt := mounted(t)
	fd := create(t, filepath.Join(mnt, "f"))
	defer unix.Close(fd)
	asked := func() uint64 {
		before := s.Requests()["GETATTR"]
		for range 10 {
			var st unix.Stat_t
			if err := unix.Fstat(fd, &st); err != nil {
				t.Fatal(err)
			}
		}
		return s.Requests()["GETATTR"] - before
	}
	if n := asked(); n > 1 {
		t.Errorf("a plain file's attributes are asked for %d times out of 10", n)
	}
	if err := unix.Fchmod(fd, 0o4755); err != nil {
		t.Fatal(err)
	}
	if n := asked(); n != 10 {
		t.Errorf("a suid file's attributes are asked for %d times out of 10", n)
	}
}

func TestInvalidateInode(t *testing.T) {
	s, mnt := mounted(t)
	fd := create(t, filepath.Join(mnt, "f"))
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		t.Fatal(err)
	}
	before := s.Requests()["GETATTR"]
	s.InvalidateInode(st.Ino)
	waitFor(t, "the kernel to ask again", func() bool {
		if err := unix.Fstat(fd, &st); err != nil {
			t.Fatal(err)
		}
		return s.Requests()["GETATTR"] > before
	})
}

func TestListing(t *testing.T) {
	_, mnt := mounted(t)
	const files = 500
	for i := range files {
		if err := unix.Close(create(t, filepath.Join(mnt, "a-name-of-some-length-"+string(rune('a'+i%26))+strings.Repeat("x", i/26)))); err != nil {
			t.Fatal(err)
		}
	}
	fd, err := unix.Open(mnt, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	for _, size := range []int{1 << 16, 1 << 10} { // the second time from a rewound handle
		if _, err := unix.Seek(fd, 0, 0); err != nil {
			t.Fatal(err)
		}
		var names []string
		for buf := make([]byte, size); ; {
			n, err := unix.Getdents(fd, buf)
			if err != nil {
				t.Fatal(err)
			}
			if n == 0 {
				break
			}
			_, _, names = unix.ParseDirent(buf[:n], -1, names)
		}
		seen := make(map[string]bool)
		for _, name := range names {
			seen[name] = true
		}
		if len(names) != files || len(seen) != files {
			t.Errorf("%d names, %d different, want %d", len(names), len(seen), files)
		}
	}
}
