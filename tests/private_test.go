package tests

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/seamfs/seamfs/tests/check"
	"github.com/seamfs/seamfs/tests/harness"
	"golang.org/x/sys/unix"
)

// TestPrivateDirectoryIsHidden: .seamfs at the namespace's root is neither
// listed nor reachable by any call, and can't be made, replaced or linked.
func TestPrivateDirectoryIsHidden(t *testing.T) {
	d := harness.TmpfsExt4.Mount(t)
	check.Lstat(t, d.Backends.Store+"/.seamfs/format")
	es, err := os.ReadDir(d.MNT)
	check.OK(t, err)
	for _, e := range es {
		check.True(t, e.Name() != ".seamfs", ".seamfs is listed")
	}
	check.Write(t, d.Path("store/f"), "x")
	private := d.Path(".seamfs")
	var st unix.Stat_t
	refused := map[string]error{
		"lstat":        unix.Lstat(private, &st),
		"lstat inside": unix.Lstat(private+"/format", &st),
		"mkdir":        unix.Mkdir(private, 0o755),
		"symlink":      unix.Symlink("x", private),
		"mknod":        unix.Mknod(private, unix.S_IFREG|0o644, 0),
		"rename to":    unix.Rename(d.Path("store/f"), private),
		"rename from":  unix.Rename(private, d.Path("store/g")),
		"link to":      unix.Link(d.Path("store/f"), private),
		"unlink":       unix.Unlink(private),
		"rmdir":        unix.Rmdir(private),
		"create":       createErr(private),
	}
	for what, err := range refused {
		check.True(t, err != nil, "%s of .seamfs succeeded", what)
		check.True(t, check.ErrnoOf(err) != unix.EIO, "%s of .seamfs: %v", what, err)
	}
	check.Lstat(t, d.Backends.Store+"/.seamfs/format")
	check.Content(t, d.Path("store/f"), "x")
	// Only the root's own: elsewhere the name is a name.
	check.OK(t, os.Mkdir(d.Path("store/.seamfs"), 0o755))
	check.Write(t, d.Path("store/.seamfs/format"), "user's")
	check.Content(t, d.Path("store/.seamfs/format"), "user's")
}

func createErr(path string) error {
	fd, err := unix.Open(path, unix.O_CREAT|unix.O_WRONLY, 0o644)
	if err == nil {
		unix.Close(fd)
	}
	return err
}

// TestPrivateXattrsAreRefused: the names that seamfs keeps for itself can be
// neither set nor removed, and aren't listed, also where a stamp is there.
func TestPrivateXattrsAreRefused(t *testing.T) {
	d := harness.TmpfsExt4.Mount(t)
	check.Write(t, d.Path("scratch/f"), "new")
	check.Write(t, d.Path("store/f"), "old")
	check.OK(t, os.Rename(d.Path("scratch/f"), d.Path("store/f")))
	p := d.Path("store/f")
	for _, settled := range []bool{false, true} {
		for _, name := range []string{"user.seamfs.state", "user.seamfs.anything", "seamfs.state", "seamfs.x", "trusted.seamfs", "trusted.seamfs.x"} {
			check.True(t, unix.Lsetxattr(p, name, []byte("v"), 0) != nil, "setxattr of %s succeeded", name)
			check.True(t, unix.Lremovexattr(p, name) != nil, "removexattr of %s succeeded", name)
		}
		_, err := check.Xattr(p, "trusted.seamfs")
		check.Errno(t, "getxattr of a private name", err, unix.ENODATA)
		for _, n := range check.XattrNames(t, p) {
			check.True(t, !strings.Contains(n, "seamfs"), "listed: %s", n)
		}
		if !settled {
			d.Settle("/store")
		}
	}
}

// TestVirtualXattrs are there on every type of object, for every user, and
// say the same under both names.
func TestVirtualXattrs(t *testing.T) {
	d := harness.TmpfsExt4.Mount(t)
	names := []string{"state", "backend", "home", "bytes_done", "bytes_total", "progress", "error", "status"}
	for _, k := range []check.Kind{check.File, check.Dir, check.FullDir, check.Symlink, check.Fifo, check.Socket, check.Char} {
		p := d.Path("store", string(k))
		check.Make(t, k, p, "text")
		for _, n := range names {
			v, err := check.Xattr(p, "seamfs."+n)
			if err != nil {
				t.Fatalf("seamfs.%s of a %s: %v", n, k, err)
			}
			check.True(t, !strings.Contains(v, "\n") && len(v) <= 4096, "seamfs.%s of a %s: %q", n, k, v)
			if k == check.File || k == check.Dir || k == check.FullDir {
				u, err := check.Xattr(p, "user.seamfs."+n)
				check.OK(t, err)
				check.Equal(t, "user.seamfs."+n, u, v)
			}
		}
		v, err := check.Xattr(p, "seamfs.backend")
		check.OK(t, err)
		check.Equal(t, "backend of a "+string(k), v, "store")
		v, err = check.Xattr(p, "seamfs.status")
		check.OK(t, err)
		check.True(t, json.Valid([]byte(v)), "status isn't JSON: %s", v)
		_, err = check.Xattr(p, "seamfs.unknown")
		check.Errno(t, "an unknown name", err, unix.ENODATA)
		check.Equal(t, "listed attributes", len(check.XattrNames(t, p)), 0)
	}
	check.OK(t, os.Chmod(d.Path("store/file"), 0o644))
	check.AsUser(t, 1000, 1000, nil, func() {
		v, err := check.Xattr(d.Path("store/symlink"), "seamfs.state")
		check.OK(t, err)
		check.Equal(t, "state asked for by a user", v, "settled")
	})
}

// TestStatfsIsOfTheHome: df of a path answers for the backend on which the
// path belongs.
func TestStatfsIsOfTheHome(t *testing.T) {
	d := harness.TmpfsExt4.Mount(t)
	for path, backend := range map[string]string{"scratch": d.Backends.Scratch, "store": d.Backends.Store} {
		var got, want unix.Statfs_t
		check.OK(t, unix.Statfs(d.Path(path), &got))
		check.OK(t, unix.Statfs(backend, &want))
		check.Equal(t, "bytes of "+path, int64(got.Blocks)*got.Bsize, int64(want.Blocks)*want.Bsize)
	}
}

// TestOneDeviceEverywhere: whatever the backend, st_dev is that of the mount.
func TestOneDeviceEverywhere(t *testing.T) {
	harness.EachPair(t, func(t *testing.T, p harness.Pair) {
		d := p.Mount(t)
		dev := check.Lstat(t, d.MNT).Dev
		check.Write(t, d.Path("scratch/f"), "x")
		check.Write(t, d.Path("store/g"), "x")
		check.OK(t, os.Rename(d.Path("scratch/f"), d.Path("store/f")))
		for _, n := range []string{"scratch", "store", "store/f", "store/g"} {
			check.Equal(t, "device of "+n, check.Lstat(t, d.Path(n)).Dev, dev)
		}
		d.Settle("/")
		check.Equal(t, "device when settled", check.Lstat(t, d.Path("store/f")).Dev, dev)
	})
}
