package tests

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seamfs/seamfs/tests/check"
	"github.com/seamfs/seamfs/tests/harness"
	"golang.org/x/sys/unix"
)

// observers runs fn in n loops until stop is called, which fails the test with
// the first error and when an observer never looked.
func observers(t *testing.T, n int, fn func(i int) error) (stop func()) {
	var done atomic.Bool
	var wg sync.WaitGroup
	looks := make([]atomic.Int64, n)
	for i := range n {
		wg.Go(func() {
			for !done.Load() {
				if err := fn(i); err != nil {
					t.Errorf("observer %d: %v", i, err)
					return
				}
				looks[i].Add(1)
			}
		})
	}
	return func() {
		t.Helper()
		// Every observer sees the end, and at least something before.
		for i := range looks {
			harness.Eventually(t, "every observer has looked", func() bool { return t.Failed() || looks[i].Load() > 0 })
		}
		done.Store(true)
		wg.Wait()
		if t.Failed() {
			t.FailNow()
		}
	}
}

// version reads a file whose content is a version in a line repeated, and
// says what is wrong with it.
func version(path string) (string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	first, _, _ := strings.Cut(string(data), "\n")
	if len(data) == 0 || strings.Repeat(first+"\n", 100) != string(data) {
		return "", fmt.Errorf("%s is torn: %d bytes, %.40q", path, len(data), data)
	}
	return first, nil
}

// TestReplaceIsAtomic: while versions of a file are renamed over it from
// another backend, every look finds a whole version, never ENOENT, and never
// one older than the look before.
func TestReplaceIsAtomic(t *testing.T) {
	harness.EachPair(t, func(t *testing.T, p harness.Pair) {
		d := p.Mount(t)
		target := d.Path("store/target")
		put := func(dir string, v int) {
			src := d.Path(dir, "new")
			check.Write(t, src, strings.Repeat(fmt.Sprintf("%06d\n", v), 100))
			check.OK(t, os.Rename(src, target))
		}
		put("store", 0)
		last := make([]string, 3)
		stop := observers(t, len(last), func(i int) error {
			v, err := version(target)
			if err != nil {
				return err
			}
			if v < last[i] {
				return fmt.Errorf("version %s after %s", v, last[i])
			}
			last[i] = v
			return nil
		})
		for v := 1; v <= 300 && !t.Failed(); v++ {
			put([]string{"scratch", "store"}[v%2], v)
			if v%60 == 0 {
				d.Settle("/store")
			}
		}
		stop()
		v, err := version(target)
		check.OK(t, err)
		check.Equal(t, "last version", v, "000300")
	})
}

// TestRenameThereAndBackIsAtomic renames a file and a directory between the
// backends. The observers know between which renames they look: the object is
// at the one name and not at the other.
func TestRenameThereAndBackIsAtomic(t *testing.T) {
	harness.EachPair(t, func(t *testing.T, p harness.Pair) {
		for _, k := range []check.Kind{check.File, check.FullDir} {
			t.Run(string(k), func(t *testing.T) {
				d := p.Mount(t)
				names := [2]string{d.Path("scratch/x"), d.Path("store/y")}
				check.Make(t, k, names[0], "text")
				ino := check.Lstat(t, names[0]).Ino
				// Even: at names[turn/2%2]. Odd: a rename is under way.
				var turn atomic.Int64
				stop := observers(t, 2, func(int) error {
					before := turn.Load()
					at := before / 2 % 2
					var here, there unix.Stat_t
					errHere, errThere := unix.Lstat(names[at], &here), unix.Lstat(names[1-at], &there)
					if before%2 != 0 || turn.Load() != before {
						return nil // it was renamed meanwhile
					}
					if errHere != nil || errThere != unix.ENOENT || here.Ino != ino {
						return fmt.Errorf("turn %d: here %v (inode %d, want %d), there %v", before, errHere, here.Ino, ino, errThere)
					}
					return nil
				})
				for i := range 400 {
					turn.Add(1)
					check.OK(t, os.Rename(names[i%2], names[1-i%2]))
					turn.Add(1)
				}
				stop()
				check.Is(t, k, names[0], "text")
			})
		}
	})
}

// TestRenameStorm lets processes rename over each other among few names on all
// backends: no object is lost, doubled or torn.
func TestRenameStorm(t *testing.T) {
	harness.EachPair(t, func(t *testing.T, p harness.Pair) {
		d := p.Mount(t)
		const names = 6
		path := func(i int) string { return d.Path([]string{"scratch", "store"}[i%2], fmt.Sprint("n", i)) }
		for i := range names {
			check.Write(t, path(i), strings.Repeat(fmt.Sprintf("%06d\n", i), 100))
		}
		keep := d.Path("store/keep")
		check.Write(t, keep, strings.Repeat("keeper\n", 100))
		stop := observers(t, 1, func(int) error { _, err := version(keep); return err })
		storm(t, d, path, names)
		stop()
		found := 0
		for i := range names {
			if _, err := os.Lstat(path(i)); err != nil {
				continue
			}
			found++
			_, err := version(path(i))
			check.OK(t, err)
			check.Equal(t, "nlink of "+path(i), check.Lstat(t, path(i)).Nlink, 1)
		}
		check.True(t, found > 0, "no object survived renames")
		d.Settle("/")
	})
}

// storm runs shells that rename with mv and ln as fast as they can.
func storm(t *testing.T, d *harness.Daemon, path func(int) string, names int) {
	t.Helper()
	var procs []*exec.Cmd
	for w := range 4 {
		var script strings.Builder
		for i := range 150 {
			fmt.Fprintf(&script, "mv -f %s %s 2>/dev/null\n", path((i*(w+3)+w)%names), path((i*(w+5)+2*w+1)%names))
			if i%10 == w {
				fmt.Fprintf(&script, "cp %s %s.new 2>/dev/null && mv -f %s.new %s\n", d.Path("store/keep"), path(w), path(w), d.Path("store/keep"))
			}
		}
		cmd := exec.Command("sh", "-c", script.String())
		check.OK(t, cmd.Start())
		procs = append(procs, cmd)
	}
	for _, p := range procs {
		done := make(chan error, 1)
		go func() { done <- p.Wait() }()
		select {
		case <-done: // its last mv may well have found nothing
		case <-time.After(2 * time.Minute):
			p.Process.Kill()
			t.Fatal("a renaming process hangs")
		}
	}
}
