package tests

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seamfs/seamfs/tests/check"
	"github.com/seamfs/seamfs/tests/harness"
	"golang.org/x/sys/unix"
)

// treeFiles is how many files the largest tree has whose rename is counted.
const treeFiles = 100_000

// shapes makes, on the scratch backend itself and before it is mounted, what
// is moved: objects that differ by all that a rename must not depend on. Each
// exists as many times as it is moved.
func shapes(t *testing.T, scratch string, times int) []string {
	t.Helper()
	dir := scratch + "/scratch"
	check.OK(t, os.MkdirAll(dir, 0o755))
	for i := range times {
		check.Write(t, fmt.Sprintf("%s/empty%d", dir, i), "")
		f, err := os.Create(fmt.Sprintf("%s/sparse%d", dir, i))
		check.OK(t, err)
		check.OK(t, f.Truncate(10<<30))
		_, err = f.WriteAt([]byte("data"), 5<<30)
		check.OK(t, err)
		check.OK(t, f.Close())
		tree := fmt.Sprintf("%s/tree%d", dir, i)
		for j := range treeFiles / 1000 {
			sub := fmt.Sprintf("%s/%03d", tree, j)
			check.OK(t, os.MkdirAll(sub, 0o755))
			for k := range 1000 {
				fd, err := unix.Open(fmt.Sprintf("%s/%03d", sub, k), unix.O_CREAT|unix.O_WRONLY, 0o644)
				check.OK(t, err)
				check.OK(t, unix.Close(fd))
			}
		}
	}
	return []string{"empty", "sparse", "tree"}
}

// TestRenameCost: mv makes the same system calls and causes the same FUSE
// requests for an empty file, a sparse file of 10 GiB and a tree of 100,000
// files (promise P3).
func TestRenameCost(t *testing.T) {
	mv := harness.Tool(t, "mv")
	b := harness.TmpfsExt4.Make(t)
	names := shapes(t, b.Scratch, 1)
	d := harness.New(t, b.Args()...)
	d.Start()
	var wantCalls string
	var wantRequests map[string]int64
	for i, name := range names {
		src, dst := d.Path("scratch", name+"0"), d.Path("store", name)
		// Known to the kernel, so that mv's requests don't depend on what was
		// looked at before.
		check.Lstat(t, src)
		check.Lstat(t, d.Path("store"))
		before := d.Requests()
		calls := straced(t, mv, src, dst)
		after := d.Requests()
		onlyRenames(t, calls, src)
		requests := map[string]int64{}
		for n, v := range after {
			if v != before[n] {
				requests[n] = v - before[n]
			}
		}
		check.Equal(t, "RENAME requests for "+name, requests["RENAME"]+requests["RENAME2"], 1)
		if i == 0 {
			wantCalls, wantRequests = sequence(calls), requests
			continue
		}
		check.Equal(t, "system calls of mv for "+name, sequence(calls), wantCalls)
		check.True(t, maps.Equal(requests, wantRequests), "FUSE requests for %s: %v, for %s: %v", name, requests, names[0], wantRequests)
	}
}

// TestRenameCostInside: the daemon's own system calls for a rename across
// backends don't depend on what is renamed. The store's rule allows both
// backends, so that no move follows and only the rename is counted.
func TestRenameCostInside(t *testing.T) {
	b := harness.TmpfsExt4.Make(t)
	const rounds = 2 // the first warms the daemon up
	names := shapes(t, b.Scratch, rounds)
	d := harness.New(t, "--backend", "scratch="+b.Scratch, "--backend", "store="+b.Store,
		"--rule", "/scratch=scratch", "--rule", "/store=store,scratch", "--rule", "/=store")
	d.Start()
	// The scan at the start would be counted too.
	d.Settle("/")
	got := map[string]string{}
	for round := range rounds {
		for _, name := range names {
			src, dst := d.Path("scratch", fmt.Sprint(name, round)), d.Path("store", fmt.Sprint(name, round))
			check.Lstat(t, src)
			got[name] = daemonCalls(t, d, func() { check.OK(t, os.Rename(src, dst)) })
		}
	}
	for _, name := range names[1:] {
		check.Equal(t, "daemon's calls for "+name+" (wanted: those for "+names[0]+")", got[name], got[names[0]])
	}
	check.True(t, strings.Contains(got["tree"], "renameat2"), "no renameat2 among the daemon's calls: %s", got["tree"])
}

// daemonCalls returns the file system calls that the daemon makes while fn
// runs, in order.
func daemonCalls(t *testing.T, d *harness.Daemon, fn func()) string {
	t.Helper()
	out := filepath.Join(harness.Dir(t), "trace")
	cmd := exec.Command(harness.Tool(t, "strace"), "-f", "-p", fmt.Sprint(d.PID()), "-o", out,
		"-e", "trace=%file,fsync,fdatasync,syncfs,copy_file_range,sendfile,ioctl,pread64,pwrite64,fsetxattr,fgetxattr,getdents64,fallocate")
	stderr, err := cmd.StderrPipe()
	check.OK(t, err)
	check.OK(t, cmd.Start())
	attached := make(chan error, 1)
	go func() {
		buf := make([]byte, 256)
		_, err := stderr.Read(buf) // "strace: Process … attached"
		attached <- err
		for err == nil {
			_, err = stderr.Read(buf)
		}
	}()
	select {
	case err := <-attached:
		check.OK(t, err)
	case <-time.After(time.Minute):
		t.Fatal("strace did not attach within a minute")
	}
	fn()
	check.OK(t, cmd.Process.Signal(os.Interrupt))
	if err := cmd.Wait(); err != nil && cmd.ProcessState.ExitCode() != -1 && cmd.ProcessState.ExitCode() != 130 {
		t.Fatalf("strace: %v", err)
	}
	return sequence(parseTrace(t, out))
}
