package main

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/seamfs/seamfs/fusefs/ctl"
)

func TestMachineLacksSomething(t *testing.T) {
	yes := func(int) (bool, error) { return true, nil }
	no := func(int) (bool, error) { return false, nil }
	missing := filepath.Join(t.TempDir(), "fuse")
	for _, tc := range []struct {
		m    machine
		want string
	}{
		{machine{fuse: missing, hasCap: yes}, "is missing: modprobe fuse; in docker: --device /dev/fuse"},
		{machine{fuse: t.TempDir(), hasCap: yes}, "can't be opened"},
		{machine{fuse: "/dev/null", hasCap: no}, "in docker: --cap-add SYS_ADMIN --device /dev/fuse --security-opt apparmor=unconfined"},
	} {
		err := tc.m.checkFUSE()
		if exitCode(err) != exitMachine || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("got %v, want %q", err, tc.want)
		}
	}
	if err := (&machine{fuse: "/dev/null", hasCap: yes}).checkFUSE(); err != nil {
		t.Errorf("a machine that has all: %v", err)
	}
}

func TestIsVolatile(t *testing.T) {
	mounts, err := ctl.Mounts()
	must(t, err)
	seen := false
	for _, m := range mounts {
		if m.FSType != "tmpfs" && m.FSType != "ext4" && m.FSType != "overlay" || ctl.TopAt(mounts, m.Mountpoint).FSType != m.FSType {
			continue
		}
		v, err := isVolatile(m.Mountpoint)
		if errors.Is(err, unix.EACCES) || errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR) {
			continue
		}
		seen = true
		if err != nil || v != (m.FSType == "tmpfs") {
			t.Errorf("%s (%s): %v, %v", m.Mountpoint, m.FSType, v, err)
		}
	}
	if v, err := isVolatile("/proc"); err != nil || v {
		t.Errorf("/proc: %v, %v", v, err)
	}
	t.Logf("a tmpfs or disk was seen: %v", seen)
}
