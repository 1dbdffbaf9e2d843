package tests

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/seamfs/seamfs/tests/check"
	"github.com/seamfs/seamfs/tests/harness"
	"golang.org/x/sys/unix"
)

// staging makes a directory as a sandbox stages it: links of both kinds,
// xattrs, odd modes, empty and deep directories, special files, sparse files.
func staging(t *testing.T, dir string) {
	t.Helper()
	check.OK(t, os.MkdirAll(dir+"/rootfs/usr/bin", 0o755))
	check.OK(t, os.MkdirAll(dir+"/rootfs/empty/deep/er", 0o700))
	for i := range 200 {
		check.Random(t, fmt.Sprintf("%s/rootfs/usr/bin/tool%03d", dir, i), 0, int64(i)*997, uint64(i))
	}
	bin := dir + "/rootfs/usr/bin/"
	check.OK(t, unix.Chmod(bin+"tool001", 0o4755))
	check.OK(t, unix.Chmod(bin+"tool002", 0))
	check.OK(t, unix.Chmod(bin+"tool003", 0o2711))
	check.OK(t, os.Link(bin+"tool004", bin+"hard1"))
	check.OK(t, os.Link(bin+"tool004", dir+"/rootfs/hard2"))
	check.OK(t, os.Symlink("usr/bin", dir+"/rootfs/bin"))
	check.OK(t, os.Symlink("/absolute/nowhere", dir+"/rootfs/dangling"))
	check.OK(t, os.Symlink(strings.Repeat("long/", 200), dir+"/rootfs/long"))
	check.OK(t, unix.Setxattr(bin+"tool005", "user.digest", []byte("sha256:…"), 0))
	check.OK(t, unix.Setxattr(dir+"/rootfs/empty", "trusted.overlay.opaque", []byte("y"), 0))
	check.OK(t, os.Lchown(dir+"/rootfs/dangling", 5, 6))
	check.OK(t, unix.Mkfifo(dir+"/rootfs/fifo", 0o620))
	check.OK(t, unix.Mknod(dir+"/rootfs/null", unix.S_IFCHR|0o666, int(unix.Mkdev(1, 3))))
	check.Write(t, dir+"/rootfs/sparse", "")
	check.OK(t, os.Truncate(dir+"/rootfs/sparse", 1<<30))
	check.OK(t, unix.Chmod(dir+"/rootfs/empty", 0o1777))
	check.OK(t, unix.Chmod(dir+"/rootfs", 0o711))
}

// picture is what must be the same at every moment. The checker reads files,
// so access times don't belong to it.
func picture(t *testing.T, dir string) check.Tree {
	return check.TakeTree(t, dir, check.TreeOptions{Times: true, Inode: true, NoDirNlink: true})
}

// TestStagingTreeIsCompleteAtEveryMoment renames a staging directory to the
// store and takes it in again and again until all of it has settled.
func TestStagingTreeIsCompleteAtEveryMoment(t *testing.T) {
	harness.EachPair(t, func(t *testing.T, p harness.Pair) {
		d := p.Mount(t)
		src, dst := d.Path("scratch/.box.staging"), d.Path("store/boxes/box")
		check.OK(t, os.Mkdir(d.Path("store/boxes"), 0o755))
		check.OK(t, os.Mkdir(src, 0o755))
		staging(t, src)
		want := picture(t, src)
		check.OK(t, os.Rename(src, dst))
		looks := 0
		harness.Eventually(t, "the tree is settled", func() bool {
			state := d.State("store/boxes/box")
			check.SameTree(t, fmt.Sprintf("look %d, state %s", looks, state), picture(t, dst), want)
			looks++
			return state == "settled"
		})
		d.Settle("/store")
		nothingLeft(t, d.Backends.Scratch, "store/boxes")
		onDisk := check.TakeTree(t, d.Backends.Store+"/store/boxes/box", check.TreeOptions{Times: true, NoDirNlink: true})
		inMount := check.TakeTree(t, dst, check.TreeOptions{Times: true, NoDirNlink: true})
		check.SameTree(t, "on the store itself", onDisk, inMount)
		t.Logf("looked %d times", looks)
	})
}

// TestHardLinksStayOneInode: a group with names in one tree, renamed one after
// the other, is one inode at every moment and on the store.
func TestHardLinksStayOneInode(t *testing.T) {
	harness.EachPair(t, func(t *testing.T, p harness.Pair) {
		d := p.Mount(t)
		check.Random(t, d.Path("scratch/a"), 0, 8*mib, 3)
		for _, n := range []string{"b", "c"} {
			check.OK(t, os.Link(d.Path("scratch/a"), d.Path("scratch", n)))
		}
		ino := check.Lstat(t, d.Path("scratch/a")).Ino
		at := map[string]string{"a": "scratch", "b": "scratch", "c": "scratch"}
		one := func() {
			for n, dir := range at {
				st := check.Lstat(t, d.Path(dir, n))
				check.True(t, st.Ino == ino && st.Nlink == 3, "%s: inode %d (want %d), nlink %d", n, st.Ino, ino, st.Nlink)
			}
		}
		for _, n := range []string{"a", "b", "c"} {
			check.OK(t, os.Rename(d.Path("scratch", n), d.Path("store", n)))
			at[n] = "store"
			one()
		}
		harness.Eventually(t, "the group is settled", func() bool { one(); return d.State("store") == "settled" })
		one()
		a := check.Lstat(t, d.Backends.Store+"/store/a")
		for _, n := range []string{"b", "c"} {
			check.Equal(t, "inode on the store of "+n, check.Lstat(t, d.Backends.Store+"/store/"+n).Ino, a.Ino)
		}
		check.Equal(t, "nlink on the store", a.Nlink, 3)
	})
}
