package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/seamfs/seamfs/fusefs/ctl"
	"github.com/seamfs/seamfs/placement/move"
)

func sampleReport() *ctl.Report {
	return &ctl.Report{
		Mount:  ctl.MountInfo{Mountpoint: "/mnt"},
		Status: move.Status{Path: "/", State: move.Copying, Pending: 2, BytesDone: 1 << 20, BytesTotal: 4 << 20, Progress: 25, Scanning: true, ScanErrors: 1},
		Moves: []move.Status{
			{Path: "/store/a", State: move.Copying, Backend: "scratch", Home: "disk", BytesTotal: 1 << 30, Progress: 50},
			{Path: "/store/b\x1b", State: move.Parked, Backend: "scratch", Home: "disk", Error: "no space\nleft"},
		},
		Finished: []move.Status{{Path: "/store/c", Backend: "disk", Ended: new(time.Unix(0, 0))}},
		Counters: ctl.Counters{Misplaced: 3, LostFound: 1},
		Scan:     ctl.Scan{Directories: 7},
		Backends: []ctl.Backend{{Name: "disk", Path: "/disk", FSType: "ext4", Free: 1 << 30, Total: 2 << 30}, {Name: "scratch", FSType: "tmpfs", Volatile: true}},
	}
}

func TestTable(t *testing.T) {
	var b bytes.Buffer
	writeTable(&b, sampleReport())
	got := b.String()
	for _, want := range []string{
		"/mnt: copying, 2 objects unsettled, 1.0 MiB of 4.0 MiB (25 %)\n",
		"  still scanning: 7 directories read so far\n",
		"  1 directory could not be read",
		"  3 objects from before this mount",
		"  1 object in .seamfs/lost+found",
		"BACKEND  TYPE   KIND      FREE     SIZE     PATH\n",
		"disk     ext4   durable   1.0 GiB  2.0 GiB  /disk\n",
		"STATE    DONE  SIZE     FROM     TO    PATH\n",
		"copying  50 %  1.0 GiB  scratch  disk  /store/a\n",
		"/store/b?: no space?left\n",
		"0 B   disk     /store/c\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in:\n%s", want, got)
		}
	}
}

func TestTableOfPathLeavesBackendsOut(t *testing.T) {
	r := sampleReport()
	r.Status.Path = "/store"
	var b bytes.Buffer
	writeTable(&b, r)
	if strings.Contains(b.String(), "BACKEND  TYPE") || !strings.HasPrefix(b.String(), "/mnt/store: ") {
		t.Errorf("table:\n%s", b.String())
	}
}

func TestTableIsBounded(t *testing.T) {
	r := sampleReport()
	r.Moves = make([]move.Status, maxRows+5)
	var b bytes.Buffer
	writeTable(&b, r)
	if !strings.Contains(b.String(), "… and 5 more (--json lists all)\n") {
		t.Errorf("table:\n%s", b.String())
	}
}

func TestHumanBytes(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 1536: "1.5 KiB", 8 << 30: "8.0 GiB", 1<<63 - 1: "8.0 EiB"} {
		if got := humanBytes(n); got != want {
			t.Errorf("humanBytes(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestProgressPrinter(t *testing.T) {
	var b bytes.Buffer
	now := time.Unix(0, 0)
	pp := newProgressPrinter(&b, false, func() time.Time { return now })
	p := ctl.Progress{Phase: ctl.PhaseSettling, Pending: 1, BytesTotal: 1024, Current: "/x"}
	pp.show(p)
	if b.Len() != 0 {
		t.Errorf("a line at once: %q", b.String())
	}
	now = now.Add(progressEvery)
	pp.show(p)
	pp.show(p)
	pp.done()
	if got, want := b.String(), "settling: 1 object left, 0 B of 1.0 KiB, /x\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	b.Reset()
	tty := newProgressPrinter(&b, true, func() time.Time { return now })
	tty.show(p)
	tty.show(p)
	tty.done()
	if strings.Contains(b.String(), "\n") || strings.Count(b.String(), "settling") != 2 || !strings.HasSuffix(b.String(), "\r\x1b[K") {
		t.Errorf("on a terminal: %q", b.String())
	}
}
