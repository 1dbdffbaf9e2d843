package tests

import (
	"os"
	"strings"
	"testing"
	"unsafe"

	"github.com/seamfs/seamfs/tests/check"
	"github.com/seamfs/seamfs/tests/harness"
	"golang.org/x/sys/unix"
)

// flagsAmong are the flags of what is at path that all backends have.
func flagsAmong(t *testing.T, path string) uint32 {
	t.Helper()
	return check.Flags(t, path) & (check.NoDump | check.NoAtime | check.Immutable | check.Append)
}

// TestMoveKeepsFlags: a file, a directory and what is in it have their flags
// before, during and after a move, also those that change in between.
func TestMoveKeepsFlags(t *testing.T) {
	harness.EachPair(t, func(t *testing.T, p harness.Pair) {
		if p.Scratch == "" {
			t.Skip("a move within one filesystem copies nothing")
		}
		d := p.Mount(t)
		check.OK(t, os.MkdirAll(d.Path("scratch/tree/sub"), 0o755))
		names := []string{"tree", "tree/sub", "tree/both", "tree/sub/one", "tree/none", "tree/late"}
		want := map[string]uint32{"tree": check.NoDump, "tree/sub": check.NoAtime, "tree/both": check.NoDump | check.NoAtime,
			"tree/sub/one": check.NoAtime, "tree/late": check.NoAtime}
		for _, name := range names[2:] {
			check.Random(t, d.Path("scratch", name), 0, 4*mib, 1)
		}
		for _, name := range names {
			check.OK(t, check.SetFlags(d.Path("scratch", name), want[name], check.NoDump|check.NoAtime))
		}
		check.OK(t, os.Rename(d.Path("scratch/tree"), d.Path("store/tree")))
		check.OK(t, check.SetFlags(d.Path("store/tree/late"), check.NoDump, check.NoAtime))
		want["tree/late"] = check.NoDump
		for _, name := range names {
			check.Equal(t, "flags of "+name+" in between", flagsAmong(t, d.Path("store", name)), want[name])
		}
		d.Settle("/")
		for _, name := range names {
			check.Equal(t, "flags of "+name+" when settled", flagsAmong(t, d.Path("store", name)), want[name])
			check.Equal(t, "flags of "+name+" on the store itself", flagsAmong(t, d.Backends.Store+"/store/"+name), want[name])
		}
	})
}

// TestMoveKeepsNoCow: nocow has to be there before the data.
func TestMoveKeepsNoCow(t *testing.T) {
	d := harness.Pair{Name: "btrfs-btrfs", Scratch: "btrfs", Store: "btrfs"}.Mount(t)
	check.Write(t, d.Path("scratch/f"), "")
	check.OK(t, check.SetFlags(d.Path("scratch/f"), check.NoCow, 0))
	check.Random(t, d.Path("scratch/f"), 0, 4*mib, 2)
	sum := check.Sum(t, d.Path("scratch/f"))
	check.OK(t, os.Rename(d.Path("scratch/f"), d.Path("store/f")))
	d.Settle("/")
	check.Equal(t, "nocow when settled", check.Flags(t, d.Backends.Store+"/store/f")&check.NoCow, check.NoCow)
	check.Equal(t, "content when settled", check.Sum(t, d.Path("store/f")), sum)
}

// TestFlagThatHomeCannotHold parks the object, with the flag's name, until the
// flag is gone.
func TestFlagThatHomeCannotHold(t *testing.T) {
	d := harness.Pair{Name: "ext4-tmpfs", Scratch: "ext4", Store: "tmpfs"}.Mount(t)
	check.Write(t, d.Path("scratch/f"), "content")
	check.OK(t, check.SetFlags(d.Path("scratch/f"), check.Sync, 0))
	check.OK(t, os.Rename(d.Path("scratch/f"), d.Path("store/f")))
	rests(t, d, "store/f", "parked", "S (synchronous updates)")
	check.Equal(t, "the flag", check.Flags(t, d.Path("store/f"))&check.Sync, check.Sync)
	check.OK(t, check.SetFlags(d.Path("store/f"), 0, check.Sync))
	harness.Eventually(t, "it is settled", func() bool { return d.State("store/f") == "settled" })
	check.Content(t, d.Backends.Store+"/store/f", "content")
}

// rests waits for an object that can't move now, for a reason.
func rests(t *testing.T, d *harness.Daemon, path, state, reason string) {
	t.Helper()
	harness.Eventually(t, path+" is "+state, func() bool { return d.State(path) == state })
	text, err := check.Xattr(d.Path(path), "user.seamfs.error")
	check.OK(t, err)
	check.True(t, strings.Contains(text, reason), "the error of %s is %q and doesn't speak of %q", path, text, reason)
}

// TestSealedIsPinned: what is immutable or append-only, or is in such a
// directory, moves by itself when that ends.
func TestSealedIsPinned(t *testing.T) {
	for name, flag := range map[string]uint32{"immutable": check.Immutable, "append-only": check.Append} {
		for _, sealed := range []string{"f", "dir"} {
			t.Run(name+"-"+sealed, func(t *testing.T) {
				d := harness.TmpfsExt4.Mount(t)
				check.OK(t, os.MkdirAll(d.Path("scratch/tree/dir"), 0o755))
				check.Write(t, d.Path("scratch/tree/dir/f"), "content")
				check.Write(t, d.Path("scratch/tree/other"), "other")
				path := map[string]string{"f": "tree/dir/f", "dir": "tree/dir"}[sealed]
				check.OK(t, check.SetFlags(d.Path("scratch", path), flag, 0))
				check.OK(t, os.Rename(d.Path("scratch/tree"), d.Path("store/tree")))
				unseal := func() error { return check.SetFlags(d.Path("store", path), 0, flag) }
				defer unseal()
				rests(t, d, "store/tree/dir/f", "pinned", "immutable or append-only")
				harness.Eventually(t, "the other file is settled", func() bool { return d.State("store/tree/other") == "settled" })
				check.Content(t, d.Backends.Scratch+"/store/tree/dir/f", "content")
				check.Equal(t, "the flag", flagsAmong(t, d.Path("store", path)), flag)
				check.OK(t, unseal())
				harness.Eventually(t, "it is settled", func() bool { return d.State("store/tree/dir/f") == "settled" })
				d.Settle("/")
				check.Content(t, d.Backends.Store+"/store/tree/dir/f", "content")
				check.Equal(t, "flags when settled", flagsAmong(t, d.Path("store", path)), 0)
				nothingLeft(t, d.Backends.Scratch, "store/tree")
			})
		}
	}
}

// TestOtherIoctls: nothing but file flags gets through to what is below.
func TestOtherIoctls(t *testing.T) {
	const (
		version  = 0x80087601 // FS_IOC_GETVERSION
		shutdown = 0x8004587d // FS_IOC_SHUTDOWN
		trim     = 0xc0185879 // FITRIM
	)
	d := harness.TmpfsExt4.Mount(t)
	check.Write(t, d.Path("store/f"), "")
	for _, path := range []string{"store/f", "store"} {
		f := check.Open(t, d.Path(path), os.O_RDONLY, 0)
		for _, cmd := range []uintptr{version, shutdown, trim} {
			var buf [24]byte
			_, _, e := unix.Syscall(unix.SYS_IOCTL, f.Fd(), cmd, uintptr(unsafe.Pointer(&buf)))
			check.Equal(t, "ioctl on "+path, e, unix.ENOTTY)
		}
	}
	check.Write(t, d.Path("store/g"), "the store still works")
}

// TestAppendOnlyTakesItsEndOnly: the kernel lets a program take O_APPEND off
// its descriptor, and map the file, which on a disk it refuses. No byte changes
// all the same.
func TestAppendOnlyTakesItsEndOnly(t *testing.T) {
	d := harness.TmpfsExt4.Mount(t)
	path := d.Path("store/log")
	check.Write(t, path, "written once")
	defer check.Seal(t, path, check.Append)()
	f := check.Open(t, path, os.O_RDWR|os.O_APPEND, 0)
	_, err := unix.FcntlInt(f.Fd(), unix.F_SETFL, 0)
	check.OK(t, err)
	_, err = unix.Pwrite(int(f.Fd()), []byte("again"), 0)
	check.Errno(t, "a write over what is there", err, unix.EPERM)
	check.Content(t, path, "written once")
	m, err := unix.Mmap(int(f.Fd()), 0, 12, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	check.OK(t, err)
	copy(m, "again")
	check.Errno(t, "msync", unix.Msync(m, unix.MS_SYNC), unix.EPERM)
	check.OK(t, unix.Munmap(m))
	check.Content(t, d.Backends.Store+"/store/log", "written once")
}
