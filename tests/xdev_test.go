package tests

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/seamfs/seamfs/tests/check"
	"github.com/seamfs/seamfs/tests/harness"
)

// onlyRenames checks that a trace of mv shows exactly one rename that
// succeeded and nothing with which data or names could be copied.
func onlyRenames(t *testing.T, calls []call, src string) {
	t.Helper()
	renames := 0
	for _, c := range calls {
		switch c.name {
		case "renameat2", "renameat", "rename":
			if c.ok() {
				renames++
			}
		case "copy_file_range", "sendfile", "splice", "unlink", "unlinkat", "rmdir", "mkdir", "mkdirat", "mknodat",
			"symlinkat", "linkat", "fchown", "lchown", "fchownat", "utimensat", "fsetxattr", "lsetxattr", "write", "pwrite64":
			t.Fatalf("mv copies: %s\n%s", c.line, dump(calls))
		case "ioctl":
			check.True(t, !strings.Contains(c.line, "FICLONE"), "mv copies: %s", c.line)
		case "openat", "open":
			check.True(t, !strings.Contains(c.line, `"`+src), "mv opens the source: %s", c.line)
		}
	}
	if renames != 1 {
		t.Fatalf("mv renamed %d times, want once:\n%s", renames, dump(calls))
	}
}

// TestMvKinds moves each kind of object with mv, both ways, over nothing, into
// a directory and over a file.
func TestMvKinds(t *testing.T) {
	mv := harness.Tool(t, "mv")
	harness.EachPair(t, func(t *testing.T, p harness.Pair) {
		d := p.Mount(t)
		kinds := []check.Kind{check.File, check.FullDir, check.Symlink, check.Fifo, check.Socket, check.Char}
		for _, dirs := range [][2]string{{"scratch", "store"}, {"store", "scratch"}} {
			from, to := d.Path(dirs[0]), d.Path(dirs[1])
			for _, k := range kinds {
				t.Run(string(k)+"-to-"+dirs[1], func(t *testing.T) {
					src, dst := from+"/"+string(k), to+"/new-"+string(k)
					check.Make(t, k, src, "text")
					calls := straced(t, mv, src, dst)
					onlyRenames(t, calls, src)
					check.Is(t, k, dst, "text")
					check.Absent(t, src)
					check.OK(t, os.RemoveAll(dst))

					check.Make(t, k, src, "text")
					onlyRenames(t, straced(t, mv, src, to), src)
					check.Is(t, k, to+"/"+string(k), "text")
					check.OK(t, os.RemoveAll(to+"/"+string(k)))
				})
			}
		}
		check.Write(t, d.Path("scratch/f"), "new")
		check.Write(t, d.Path("store/f"), "old")
		onlyRenames(t, straced(t, mv, "-f", d.Path("scratch/f"), d.Path("store/f")), d.Path("scratch/f"))
		check.Content(t, d.Path("store/f"), "new")
	})
}

func TestMvHardLinks(t *testing.T) {
	d := harness.TmpfsExt4.Mount(t)
	check.Write(t, d.Path("scratch/a"), "text")
	check.OK(t, os.Link(d.Path("scratch/a"), d.Path("scratch/b")))
	harness.Run(t, "mv", d.Path("scratch/a"), d.Path("scratch/b"), d.Path("store"))
	a, b := check.Lstat(t, d.Path("store/a")), check.Lstat(t, d.Path("store/b"))
	check.Equal(t, "inode of the second name", b.Ino, a.Ino)
	check.Equal(t, "nlink", a.Nlink, 2)
	d.Settle("/store")
	check.Equal(t, "nlink when settled", check.Lstat(t, d.Path("store/a")).Nlink, 2)
	check.Equal(t, "nlink on the store itself", check.Lstat(t, d.Backends.Store+"/store/b").Nlink, 2)
}

func TestMvIntoItself(t *testing.T) {
	mv := harness.Tool(t, "mv")
	d := harness.TmpfsExt4.Mount(t)
	for _, place := range []string{"scratch", "store"} {
		dir := d.Path(place, "tree")
		check.OK(t, os.MkdirAll(dir+"/child/grandchild", 0o755))
		check.Write(t, dir+"/file", "text")
		before := check.TakeTree(t, d.Path(place), check.TreeOptions{Times: true, Inode: true})
		for _, to := range []string{dir + "/child", dir + "/child/grandchild", dir + "/new"} {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			out, err := exec.CommandContext(ctx, mv, dir, to).CombinedOutput()
			cancel()
			check.True(t, err != nil && strings.Contains(string(out), "subdirectory of itself"), "mv %s %s: %v: %s", dir, to, err, out)
		}
		after := check.TakeTree(t, d.Path(place), check.TreeOptions{Times: true, Inode: true})
		check.SameTree(t, "tree after mv into itself", after, before)
	}
	for _, root := range []string{"scratch", "store"} {
		err := os.Rename(d.Path(root), d.Path("elsewhere"))
		check.Equal(t, "rename of the rule root "+root, check.ErrnoOf(err).Error(), "device or resource busy")
	}
}
