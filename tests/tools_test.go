package tests

import (
	"fmt"
	"os"
	"testing"

	"github.com/seamfs/seamfs/tests/check"
	"github.com/seamfs/seamfs/tests/harness"
	"golang.org/x/sys/unix"
)

// TestSandboxDisk does with a qcow2 chain what a micro-VM sandbox does: its
// top image, kept open, is renamed to the store's bases, and a new overlay on
// it takes the old path.
func TestSandboxDisk(t *testing.T) {
	qemu := harness.Tool(t, "qemu-img")
	harness.EachPair(t, func(t *testing.T, p harness.Pair) {
		d := p.Mount(t)
		check.OK(t, os.MkdirAll(d.Path("store/bases"), 0o755))
		raw, want := d.Path("scratch/raw"), d.Path("store/want")
		check.Write(t, raw, "")
		check.OK(t, os.Truncate(raw, 256*mib))
		check.Random(t, raw, 16*mib, 40*mib, 1)
		base, mid, top := d.Path("scratch/base.qcow2"), d.Path("scratch/mid.qcow2"), d.Path("scratch/disk.qcow2")
		harness.Run(t, qemu, "convert", "-q", "-f", "raw", "-O", "qcow2", raw, base)
		harness.Run(t, qemu, "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", base, mid)
		harness.Run(t, qemu, "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", mid, top)
		harness.Run(t, "qemu-io", "-f", "qcow2", "-c", "write -q -P 77 100M 8M", top)
		harness.Run(t, qemu, "convert", "-q", "-f", "qcow2", "-O", "raw", top, want)
		good := func(when, image string) {
			t.Helper()
			harness.Run(t, qemu, "check", "-q", image)
			harness.Run(t, qemu, "compare", "-q", "-f", "qcow2", "-F", "raw", image, want)
			t.Logf("%s is good %s the move", image, when)
		}
		good("before", top)
		open := check.Open(t, top, os.O_RDONLY, 0)
		sum := check.Sum(t, top)

		moved := d.Path("store/bases/disk.qcow2")
		check.OK(t, os.Rename(top, moved))
		harness.Run(t, qemu, "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", moved, top)
		good("during", moved)
		good("during", top)
		check.Equal(t, "read through the old descriptor", check.SumOf(t, open), sum)

		d.Settle("/")
		good("after", moved)
		good("after", top)
		check.Equal(t, "read through the old descriptor when settled", check.SumOf(t, open), sum)
		check.Equal(t, "on the store itself", check.Sum(t, d.Backends.Store+"/store/bases/disk.qcow2"), sum)
	})
}

// TestCopiesShareExtents: copies of one blob within a store that can reflink
// take no space.
func TestCopiesShareExtents(t *testing.T) {
	for _, p := range harness.Pairs {
		if p.Store != "xfs" && p.Store != "btrfs" {
			continue
		}
		t.Run(p.Name, func(t *testing.T) {
			d := p.Mount(t)
			check.Random(t, d.Path("store/blob"), 0, 256*mib, 1)
			fsyncPath(t, d.Path("store/blob"))
			used := func() int64 {
				// Space that is reserved for delayed allocation isn't used yet.
				fd, err := unix.Open(d.Backends.Store, unix.O_RDONLY|unix.O_DIRECTORY, 0)
				check.OK(t, err)
				defer unix.Close(fd)
				check.OK(t, unix.Syncfs(fd))
				var s unix.Statfs_t
				check.OK(t, unix.Statfs(d.Backends.Store, &s))
				return int64(s.Blocks-s.Bfree) * s.Bsize
			}
			before := used()
			const copies = 10
			for i := range copies {
				harness.Run(t, "cp", "--reflink=auto", d.Path("store/blob"), d.Path("store", fmt.Sprint("copy", i)))
			}
			grown := used() - before
			check.True(t, grown*100 < copies*256*mib, "%d copies of 256 MiB took %d KiB", copies, grown>>10)
			check.Equal(t, "sum of a copy", check.Sum(t, d.Path("store/copy7")), check.Sum(t, d.Path("store/blob")))
		})
	}
}

// TestGit works with a repository that is renamed to the store in the middle.
func TestGit(t *testing.T) {
	git := harness.Tool(t, "git")
	d := harness.TmpfsExt4.Mount(t)
	repo := d.Path("scratch/repo")
	run := func(args ...string) string {
		t.Helper()
		return harness.RunIn(t, repo, git, append([]string{"-c", "user.name=t", "-c", "user.email=t@example.org"}, args...)...)
	}
	check.OK(t, os.Mkdir(repo, 0o755))
	run("init", "-q", "-b", "main")
	commit := func(i int) {
		check.OK(t, os.MkdirAll(fmt.Sprintf("%s/d%d", repo, i%3), 0o755))
		for j := range 30 {
			check.Write(t, fmt.Sprintf("%s/d%d/f%d-%d", repo, i%3, i, j), fmt.Sprint("content ", i, j))
		}
		run("add", ".")
		run("commit", "-q", "-m", fmt.Sprint("commit ", i))
	}
	commit(0)
	commit(1)
	check.OK(t, os.Rename(repo, d.Path("store/repo")))
	repo = d.Path("store/repo")
	check.Equal(t, "status after the rename", run("status", "--porcelain"), "")
	commit(2)
	run("checkout", "-q", "-b", "side", "HEAD~1")
	commit(3)
	run("checkout", "-q", "main")
	run("merge", "-q", "-m", "merge", "side")
	run("gc", "-q")
	run("fsck", "--strict")
	d.Settle("/store")
	run("fsck", "--strict")
	check.Equal(t, "status when settled", run("status", "--porcelain"), "")
	harness.RunIn(t, d.Path("scratch"), git, "clone", "-q", repo, "clone")
}

// TestSQLite writes to a database, in both journal modes, before and after its
// directory is renamed to the store.
func TestSQLite(t *testing.T) {
	sqlite := harness.Tool(t, "sqlite3")
	for _, mode := range []string{"delete", "wal"} {
		t.Run(mode, func(t *testing.T) {
			d := harness.TmpfsExt4.Mount(t)
			dir := d.Path("scratch/db")
			check.OK(t, os.Mkdir(dir, 0o755))
			sql := func(stmt string) string { t.Helper(); return harness.Run(t, sqlite, dir+"/data.db", stmt) }
			sql("pragma journal_mode=" + mode + "; create table t(a integer primary key, b text);")
			insert := func(n int) {
				sql(fmt.Sprintf("begin; with recursive c(x) as (values(1) union all select x+1 from c where x<%d) "+
					"insert into t(b) select hex(randomblob(50)) from c; commit;", n))
			}
			insert(2000)
			check.OK(t, os.Rename(dir, d.Path("store/db")))
			dir = d.Path("store/db")
			for range 5 {
				insert(500)
			}
			sql("delete from t where a % 3 = 0; vacuum;")
			check.Equal(t, "integrity during the move", sql("pragma integrity_check;"), "ok\n")
			d.Settle("/store")
			insert(100)
			check.Equal(t, "integrity when settled", sql("pragma integrity_check; select count(*) from t;"), "ok\n3100\n")
		})
	}
}

// TestTarAndRsync copies a tree into the mount and out of it: nothing of
// seamfs comes along, nothing is lost.
func TestTarAndRsync(t *testing.T) {
	d := harness.TmpfsExt4.Mount(t)
	outside := harness.Disk(t, "ext4", 2<<30)
	check.OK(t, os.Mkdir(outside+"/in", 0o755))
	staging(t, outside+"/in")
	check.OK(t, os.Remove(outside+"/in/rootfs/long")) // longer than ustar names, and not the point
	options := check.TreeOptions{Times: true, NoDirNlink: true}
	want := check.TakeTree(t, outside+"/in", options)

	check.OK(t, os.MkdirAll(d.Path("scratch/tar"), 0o755))
	harness.Run(t, "tar", "-C", outside+"/in", "--xattrs", "--xattrs-include=*", "--sparse", "-cf", outside+"/t.tar", ".")
	harness.Run(t, "tar", "-C", d.Path("scratch/tar"), "--xattrs", "--xattrs-include=*", "--same-owner", "-xpf", outside+"/t.tar")
	check.OK(t, os.Rename(d.Path("scratch/tar"), d.Path("store/tar")))
	got := check.TakeTree(t, d.Path("store/tar"), check.TreeOptions{NoDirNlink: true})
	check.SameTree(t, "tar into the mount", got, check.TakeTree(t, outside+"/in", check.TreeOptions{NoDirNlink: true}))

	check.OK(t, os.Mkdir(outside+"/back", 0o755))
	harness.Run(t, "rsync", "-aHAXS", outside+"/in/", d.Path("store/rsync")+"/")
	harness.Run(t, "rsync", "-aHAXS", d.Path("store/rsync")+"/", outside+"/back/")
	check.SameTree(t, "rsync there and back", check.TakeTree(t, outside+"/back", options), want)
	d.Settle("/store")
}
