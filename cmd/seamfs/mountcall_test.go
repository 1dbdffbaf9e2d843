package main

import (
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestIsMountCall(t *testing.T) {
	for args, want := range map[string]bool{
		"src /mnt -o rw,dev,suid": true,
		"-o rw src /mnt":          true,
		"src /mnt":                false,
		"src -o rw":               false,
		"statsu /mnt":             false,
		"moutn --adopt /mnt":      false,
	} {
		if got := isMountCall(strings.Fields(args)); got != want {
			t.Errorf("isMountCall(%s) = %v", args, got)
		}
	}
}

func TestParseCall(t *testing.T) {
	const b = "backend.a=/x"
	for _, tc := range []struct {
		args  string
		from  caller
		flags uintptr
		fake  bool
	}{
		{"src /mnt -o rw," + b, byMount, defaultFlags, false},
		{"src /mnt -f -n -s -v -o ro," + b, byMount, defaultFlags | unix.MS_RDONLY, true},
		{"src /mnt -t fuse.seamfs -o suid,dev," + b, byMount, 0, false},
		// mount.fuse3 adds dev,suid at the end, after those that were asked for.
		{"src /mnt -o rw,dev,suid," + b, byMountFuse, defaultFlags, false},
		{"src /mnt -o rw,suid," + b + ",dev,suid", byMountFuse, unix.MS_NODEV, false},
		{"src /mnt -o rw,nosuid,nodev," + b, byMountFuse, defaultFlags, false},
		{"src /mnt -o rw,dev=true," + b + ",dev,suid", byMountFuse, unix.MS_NOSUID, false},
	} {
		c, fake, err := parseCall(strings.Fields(tc.args), tc.from)
		if err != nil {
			t.Errorf("%s: %v", tc.args, err)
			continue
		}
		if c.Mountpoint != "/mnt" || c.Source != "src" || c.Flags != tc.flags || fake != tc.fake || c.DryRun || c.Foreground {
			t.Errorf("%s: fake %v, %+v", tc.args, fake, c)
		}
	}
}

func TestParseCallRefuses(t *testing.T) {
	for _, args := range []string{"src", "src /mnt more -o rw", "src /mnt -N 12 -o backend.a=/x", "src /mnt -o bogus", "src /mnt -o rw"} {
		if _, _, err := parseCall(strings.Fields(args), byMount); exitCode(err) != exitUsage {
			t.Errorf("%s: %v, want an error of usage", args, err)
		}
	}
}
