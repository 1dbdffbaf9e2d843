package ctl

import (
	"strings"
	"testing"
)

const sampleMounts = `22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:45 / /mnt/my\040disk rw,nosuid,nodev - fuse.seamfs seamfs rw,user_id=0
31 22 0:45 /sub\134x /srv/bind rw shared:7 master:2 - fuse.seamfs seamfs rw
32 30 0:50 / /mnt/my\040disk/inner rw - tmpfs tmpfs rw
33 22 0:60 / /mnt/my\040disk rw - ext4 /dev/loop0 rw
`

func TestParseMountinfo(t *testing.T) {
	ms, err := parseMountinfo(strings.NewReader(sampleMounts))
	if err != nil {
		t.Fatal(err)
	}
	if len(ms) != 5 {
		t.Fatalf("%d mounts, want 5", len(ms))
	}
	want := MountEntry{Dev: "0:45", Root: `/sub\x`, Mountpoint: "/srv/bind", FSType: FSType, Source: "seamfs"}
	if ms[2] != want {
		t.Errorf("got %+v, want %+v", ms[2], want)
	}
	if got := TopAt(ms, "/mnt/my disk"); got == nil || got.FSType != "ext4" {
		t.Errorf("TopAt = %+v, want the later ext4", got)
	}
	if got := TopAt(ms, "/mnt"); got != nil {
		t.Errorf("TopAt of no mount point = %+v", got)
	}
	if got := rootOf(ms, &ms[2]); got != "/mnt/my disk" {
		t.Errorf("rootOf the bind mount = %q", got)
	}
}

func TestHolding(t *testing.T) {
	ms, err := parseMountinfo(strings.NewReader(sampleMounts))
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"/mnt/my disk/inner/f": "tmpfs",
		"/mnt/my disk/x":       "ext4",
		"/mnt/my disks":        "ext4",
		"/srv/bind":            FSType,
		"/srv/bind2":           "ext4",
	} {
		m := holding(ms, path)
		if m == nil || m.FSType != want {
			t.Errorf("holding(%q) = %+v, want %s", path, m, want)
		}
	}
	if m := holding(ms, "/mnt/my disks"); m.Mountpoint != "/" {
		t.Errorf("a sibling with the same beginning counts as below: %+v", m)
	}
}

func TestParseMountinfoRefuses(t *testing.T) {
	if _, err := parseMountinfo(strings.NewReader("22 1 8:1 / / rw\n")); err == nil {
		t.Error("a line without a separator was accepted")
	}
}
