package tests

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/seamfs/seamfs/tests/check"
	"github.com/seamfs/seamfs/tests/harness"
	"golang.org/x/sys/unix"
)

// TestListMillion: a merged directory of 1,000,000 names lists completely
// while the daemon's memory grows by less than 64 MiB.
func TestListMillion(t *testing.T) {
	const count, store = 1_000_000, 1000
	b := harness.TmpfsExt4.Make(t)
	makeNames(t, b.Scratch+"/scratch/big", store, count)
	makeNames(t, b.Store+"/scratch/big", 0, store)
	d := harness.New(t, b.Args()...)
	d.Start()
	// The scan at the start takes memory too.
	d.Settle("/")
	before := memory(t, d, "VmRSS")
	// From here on VmHWM is the peak since now.
	check.OK(t, os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", d.PID()), []byte("5"), 0))
	begin := time.Now()
	listNumbers(t, d.Path("scratch/big"), count)
	grown := memory(t, d, "VmHWM") - before
	t.Logf("%d names in %v, %d KiB more", count, time.Since(begin).Round(time.Millisecond), grown)
	if os.Getenv("SEAMFS_RACE") == "1" {
		t.Skip("the race detector takes several times the memory")
	}
	check.True(t, grown < 64<<10, "the daemon's memory grew by %d KiB, from %d KiB", grown, before)
}

// makeNames makes empty files whose names are the numbers from from to to - 1.
func makeNames(t *testing.T, dir string, from, to int) {
	t.Helper()
	check.OK(t, os.MkdirAll(dir, 0o755))
	d := check.Open(t, dir, os.O_RDONLY, 0)
	for i := from; i < to; i++ {
		check.OK(t, unix.Mknodat(int(d.Fd()), fmt.Sprintf("name-%08d", i), unix.S_IFREG|0o644, 0))
	}
}

// listNumbers reads a directory whose names are the numbers below count: each
// comes once.
func listNumbers(t *testing.T, dir string, count int) {
	t.Helper()
	d := check.Open(t, dir, os.O_RDONLY, 0)
	defer d.Close() // it would keep the mount
	seen := make([]bool, count)
	left := count
	buf := make([]byte, 64<<10)
	for {
		n, err := unix.Getdents(int(d.Fd()), buf)
		check.OK(t, err)
		if n == 0 {
			break
		}
		for _, name := range names(buf[:n]) {
			i, err := strconv.Atoi(strings.TrimPrefix(name, "name-"))
			if err != nil || i >= count || seen[i] {
				t.Fatalf("listed, wrongly or again: %s", name)
			}
			seen[i] = true
			left--
		}
	}
	check.Equal(t, "names that are not listed", left, 0)
}

// names are those in a buffer of getdents64, but "." and "..".
func names(buf []byte) []string {
	_, _, out := unix.ParseDirent(buf, -1, nil)
	return out
}

// memory is a value of the daemon's /proc/PID/status, in KiB.
func memory(t *testing.T, d *harness.Daemon, field string) (kib int) {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", d.PID()))
	check.OK(t, err)
	for l := range strings.Lines(string(status)) {
		if n, _ := fmt.Sscanf(l, field+": %d kB", &kib); n == 1 {
			return kib
		}
	}
	t.Fatalf("no %s in\n%s", field, status)
	return 0
}
