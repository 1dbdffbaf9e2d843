package cases

import (
	"os"
	"syscall"
	"testing"
	"unsafe"

	"github.com/seamfs/seamfs/tests/check"
	"golang.org/x/sys/unix"
)

var flagAcrossCases = []Across{
	{"SealedTarget", sealedTarget},
	{"SealedMergedDir", sealedMergedDir},
}

var flagCases = []Case{
	{"FlagsSetAndGet", flagsSetAndGet},
	{"FlagsFsxattr", flagsFsxattr},
	{"FlagsCtime", flagsCtime},
	{"FlagsRights", flagsRights},
	{"FlagsInherited", flagsInherited},
	{"SealedFile", sealedFile},
	{"SealedDir", sealedDir},
	{"AppendOnlyWrites", appendOnlyWrites},
}

func flagsSetAndGet(t *testing.T, mnt string) {
	check.Write(t, mnt+"/f", "")
	check.OK(t, os.Mkdir(mnt+"/d", 0o755))
	for _, p := range []string{mnt + "/f", mnt + "/d"} {
		plain := check.Flags(t, p)
		for _, flag := range []uint32{check.NoDump, check.NoAtime, check.Immutable, check.Append} {
			check.OK(t, check.SetFlags(p, flag, 0))
			check.Equal(t, "flags of "+p, check.Flags(t, p), plain|flag)
			check.OK(t, check.SetFlags(p, 0, flag))
			check.Equal(t, "flags of "+p+", reset", check.Flags(t, p), plain)
		}
		check.Errno(t, "a flag that nobody has", check.SetFlags(p, 0x4000000, 0), unix.EOPNOTSUPP)
		check.Equal(t, "flags afterwards", check.Flags(t, p), plain)
	}
}

func fsxattr(path string, request uintptr, x *[7]uint32) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, _, e := unix.Syscall(unix.SYS_IOCTL, f.Fd(), request, uintptr(unsafe.Pointer(x))); e != 0 {
		return e
	}
	return nil
}

func flagsFsxattr(t *testing.T, mnt string) {
	const get, set, nodump, noatime, project = 0x801c581f, 0x401c5820, 0x80, 0x40, 3
	check.Write(t, mnt+"/f", "")
	var x [7]uint32
	check.OK(t, check.SetFlags(mnt+"/f", check.NoDump, 0))
	check.OK(t, fsxattr(mnt+"/f", get, &x))
	check.Equal(t, "flags by FSGETXATTR", x[0]&(nodump|noatime), nodump)
	x[0] = x[0]&^nodump | noatime
	check.OK(t, fsxattr(mnt+"/f", set, &x))
	check.Equal(t, "flags after FSSETXATTR", check.Flags(t, mnt+"/f")&(check.NoDump|check.NoAtime), check.NoAtime)
	check.Equal(t, "project id", x[project], 0)
}

func flagsCtime(t *testing.T, mnt string) {
	check.Write(t, mnt+"/f", "")
	before := check.Lstat(t, mnt+"/f")
	var after *unix.Stat_t
	for after = before; after.Ctim == before.Ctim; after = check.Lstat(t, mnt+"/f") {
		// The clock of a filesystem ticks every few milliseconds.
		check.OK(t, check.SetFlags(mnt+"/f", check.NoDump, 0))
		check.OK(t, check.SetFlags(mnt+"/f", 0, check.NoDump))
	}
	check.True(t, after.Ctim.Nano() > before.Ctim.Nano(), "ctime went back from %v to %v", before.Ctim, after.Ctim)
	check.Equal(t, "mtime", after.Mtim, before.Mtim)
}

func flagsRights(t *testing.T, mnt string) {
	check.Write(t, mnt+"/own", "")
	check.OK(t, os.Chown(mnt+"/own", 1000, 1000))
	check.Write(t, mnt+"/other", "")
	check.AsUser(t, 1000, 1000, nil, func() {
		check.OK(t, check.SetFlags(mnt+"/own", check.NoDump, 0))
		check.Errno(t, "immutable by the owner", check.SetFlags(mnt+"/own", check.Immutable, 0), unix.EPERM)
		check.Errno(t, "append-only by the owner", check.SetFlags(mnt+"/own", check.Append, 0), unix.EPERM)
		check.Errno(t, "nodump of another's file", check.SetFlags(mnt+"/other", check.NoDump, 0), unix.EPERM)
		check.Equal(t, "flags", check.Flags(t, mnt+"/own")&(check.NoDump|check.Immutable|check.Append), check.NoDump)
		check.Equal(t, "flags of another's file", check.Flags(t, mnt+"/other")&check.NoDump, 0)
	})
	check.Seal(t, mnt+"/own", check.Immutable)
	check.AsUser(t, 1000, 1000, nil, func() {
		check.Errno(t, "mutable by the owner", check.SetFlags(mnt+"/own", 0, check.Immutable), unix.EPERM)
	})
}

func flagsInherited(t *testing.T, mnt string) {
	check.OK(t, os.Mkdir(mnt+"/d", 0o755))
	check.OK(t, check.SetFlags(mnt+"/d", check.Append, 0))
	defer func() { check.OK(t, check.SetFlags(mnt+"/d", 0, check.Append)) }()
	check.Write(t, mnt+"/d/f", "")
	check.Equal(t, "append-only of a file in an append-only directory", check.Flags(t, mnt+"/d/f")&check.Append, 0)
}

// deed is something done to a sealed object, and what it says if that is
// immutable or append-only.
type deed struct {
	name              string
	do                func() error
	immutable, append syscall.Errno
}

func opened(path string, flags int) error {
	fd, err := unix.Open(path, flags, 0o644)
	if err == nil {
		err = unix.Close(fd)
	}
	return err
}

func sealedFile(t *testing.T, mnt string) {
	f, g, tmp := mnt+"/f", mnt+"/g", unix.O_TMPFILE|unix.O_WRONLY
	check.Write(t, f, "content")
	check.Write(t, g, "other")
	check.OK(t, unix.Setxattr(f, "user.there", []byte("x"), 0))
	past := []unix.Timespec{{Sec: 1}, {Sec: 2}}
	now := []unix.Timespec{{Nsec: unix.UTIME_NOW}, {Nsec: unix.UTIME_NOW}}
	half := []unix.Timespec{{Nsec: unix.UTIME_OMIT}, {Nsec: unix.UTIME_NOW}}
	deeds := []deed{
		{"open to read", func() error { return opened(f, unix.O_RDONLY) }, 0, 0},
		{"O_WRONLY", func() error { return opened(f, unix.O_WRONLY) }, unix.EPERM, unix.EPERM},
		{"O_RDWR", func() error { return opened(f, unix.O_RDWR) }, unix.EPERM, unix.EPERM},
		{"O_APPEND", func() error { return opened(f, unix.O_WRONLY|unix.O_APPEND) }, unix.EPERM, 0},
		{"O_APPEND to read", func() error { return opened(f, unix.O_RDONLY|unix.O_APPEND) }, 0, 0},
		{"O_CREAT and O_APPEND", func() error { return opened(f, unix.O_CREAT|unix.O_RDWR|unix.O_APPEND) }, unix.EPERM, 0},
		{"O_TRUNC", func() error { return opened(f, unix.O_WRONLY|unix.O_TRUNC) }, unix.EPERM, unix.EPERM},
		{"O_TRUNC and O_APPEND", func() error { return opened(f, unix.O_WRONLY|unix.O_TRUNC|unix.O_APPEND) }, unix.EPERM, unix.EPERM},
		{"truncate", func() error { return unix.Truncate(f, 3) }, unix.EPERM, unix.EPERM},
		{"truncate to its size", func() error { return unix.Truncate(f, 7) }, unix.EPERM, unix.EPERM},
		{"chmod", func() error { return unix.Chmod(f, 0o600) }, unix.EPERM, unix.EPERM},
		{"chown", func() error { return unix.Chown(f, 1, 1) }, unix.EPERM, unix.EPERM},
		{"utimensat", func() error { return unix.UtimesNanoAt(unix.AT_FDCWD, f, past, 0) }, unix.EPERM, unix.EPERM},
		{"utimensat now", func() error { return unix.UtimesNanoAt(unix.AT_FDCWD, f, now, 0) }, unix.EPERM, 0},
		{"utimensat half now", func() error { return unix.UtimesNanoAt(unix.AT_FDCWD, f, half, 0) }, unix.EPERM, unix.EPERM},
		{"setxattr", func() error { return unix.Setxattr(f, "user.a", []byte("x"), 0) }, unix.EPERM, unix.EPERM},
		{"removexattr", func() error { return unix.Removexattr(f, "user.there") }, unix.EPERM, unix.EPERM},
		{"link", func() error { return unix.Link(f, mnt+"/new") }, unix.EPERM, unix.EPERM},
		{"link over", func() error { return unix.Link(g, f) }, unix.EEXIST, unix.EEXIST},
		{"unlink", func() error { return unix.Unlink(f) }, unix.EPERM, unix.EPERM},
		{"rename", func() error { return unix.Rename(f, mnt+"/new") }, unix.EPERM, unix.EPERM},
		{"rename over", func() error { return unix.Rename(g, f) }, unix.EPERM, unix.EPERM},
		{"rename to itself", func() error { return unix.Rename(f, f) }, 0, 0},
		{"rename NOREPLACE over", func() error {
			return unix.Renameat2(unix.AT_FDCWD, g, unix.AT_FDCWD, f, unix.RENAME_NOREPLACE)
		}, unix.EEXIST, unix.EEXIST},
		{"exchange", func() error {
			return unix.Renameat2(unix.AT_FDCWD, g, unix.AT_FDCWD, f, unix.RENAME_EXCHANGE)
		}, unix.EPERM, unix.EPERM},
		{"O_TMPFILE beside it", func() error { return opened(mnt, tmp) }, 0, 0},
	}
	run(t, f, deeds)
	check.Content(t, f, "content")
	check.Content(t, g, "other")
	check.OK(t, unix.Unlink(f))
}

// run does all deeds on an object when it is immutable, then append-only.
func run(t *testing.T, path string, deeds []deed) {
	for _, seal := range []struct {
		name string
		flag uint32
		want func(d deed) syscall.Errno
	}{
		{"immutable", check.Immutable, func(d deed) syscall.Errno { return d.immutable }},
		{"append-only", check.Append, func(d deed) syscall.Errno { return d.append }},
	} {
		unseal := check.Seal(t, path, seal.flag)
		for _, d := range deeds {
			check.Errno(t, d.name+" of what is "+seal.name, d.do(), seal.want(d))
		}
		unseal()
	}
}

func sealedDir(t *testing.T, mnt string) {
	d := mnt + "/d"
	check.OK(t, os.MkdirAll(d+"/sub", 0o755))
	check.Write(t, d+"/f", "in it")
	check.Write(t, mnt+"/g", "beside")
	n := 0
	fresh := func() string { n++; return d + "/new" + string(rune('a'+n)) }
	outside := func() string {
		p := mnt + "/outside"
		check.Write(t, p, "")
		return p
	}
	deeds := []deed{
		{"create in", func() error { return opened(fresh(), unix.O_CREAT|unix.O_EXCL|unix.O_WRONLY) }, unix.EPERM, 0},
		{"mkdir in", func() error { return unix.Mkdir(fresh(), 0o755) }, unix.EPERM, 0},
		{"mkfifo in", func() error { return unix.Mkfifo(fresh(), 0o644) }, unix.EPERM, 0},
		{"symlink in", func() error { return unix.Symlink("x", fresh()) }, unix.EPERM, 0},
		{"link into", func() error { return unix.Link(mnt+"/g", fresh()) }, unix.EPERM, 0},
		{"rename into", func() error { return unix.Rename(outside(), fresh()) }, unix.EPERM, 0},
		{"O_TMPFILE in", func() error { return opened(d, unix.O_TMPFILE|unix.O_WRONLY) }, unix.EPERM, 0},
		{"mkdir over", func() error { return unix.Mkdir(d+"/sub", 0o755) }, unix.EEXIST, unix.EEXIST},
		{"write of a file in", func() error { return os.WriteFile(d+"/f", []byte("in it"), 0) }, 0, 0},
		{"chmod of a file in", func() error { return unix.Chmod(d+"/f", 0o640) }, 0, 0},
		{"create in a directory in", func() error { return opened(d+"/sub/x", unix.O_CREAT|unix.O_WRONLY) }, 0, 0},
		{"unlink in", func() error { return unix.Unlink(d + "/f") }, unix.EPERM, unix.EPERM},
		{"rmdir in", func() error { return unix.Rmdir(d + "/sub") }, unix.EPERM, unix.EPERM},
		{"rename out of", func() error { return unix.Rename(d+"/f", mnt+"/out") }, unix.EPERM, unix.EPERM},
		{"rename within", func() error { return unix.Rename(d+"/f", d+"/f2") }, unix.EPERM, unix.EPERM},
		{"rename over one in", func() error { return unix.Rename(outside(), d+"/f") }, unix.EPERM, unix.EPERM},
		{"chmod", func() error { return unix.Chmod(d, 0o700) }, unix.EPERM, unix.EPERM},
		{"rename", func() error { return unix.Rename(d, mnt+"/d2") }, unix.EPERM, unix.EPERM},
		{"rmdir", func() error { return unix.Rmdir(d) }, unix.EPERM, unix.EPERM},
	}
	run(t, d, deeds)
	check.Content(t, d+"/f", "in it")
	check.OK(t, os.RemoveAll(d))
}

func appendOnlyWrites(t *testing.T, mnt string) {
	p := mnt + "/log"
	check.Write(t, p, "one ")
	before := check.Open(t, p, os.O_WRONLY, 0) // keeps what it was opened with
	unseal := check.Seal(t, p, check.Append)
	a, b := check.Open(t, p, os.O_WRONLY|os.O_APPEND, 0), check.Open(t, p, os.O_RDWR|os.O_APPEND, 0)
	for _, w := range []*os.File{a, b, a} {
		_, err := w.WriteString("more ")
		check.OK(t, err)
	}
	check.Content(t, p, "one more more more ")
	check.Errno(t, "ftruncate", unix.Ftruncate(int(a.Fd()), 0), unix.EPERM)
	check.Errno(t, "punch", unix.Fallocate(int(a.Fd()), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, 0, 4), unix.EPERM)
	_, err := unix.CopyFileRange(int(b.Fd()), new(int64), int(a.Fd()), nil, 3, 0)
	check.Errno(t, "copy_file_range", err, unix.EBADF)
	_, err = before.WriteAt([]byte("ONE"), 0)
	check.OK(t, err)
	check.Content(t, p, "ONE more more more ")
	unseal()
	_, err = unix.FcntlInt(b.Fd(), unix.F_SETFL, 0)
	check.OK(t, err)
	_, err = unix.Pwrite(int(b.Fd()), []byte("two"), 0)
	check.OK(t, err)
	_, err = a.WriteString("end")
	check.OK(t, err)
	check.Content(t, p, "two more more more end")
}

// sealedTarget: what is immutable or append-only stays in its place, wherever
// the other side of the rename is.
func sealedTarget(t *testing.T, a, b string) {
	check.Write(t, a+"/f", "source")
	check.Write(t, b+"/g", "target")
	check.OK(t, os.MkdirAll(a+"/d", 0o755))
	check.OK(t, os.MkdirAll(b+"/e", 0o755))
	rename := func(from, to string, flags uint) func() error {
		return func() error { return unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, flags) }
	}
	run(t, b+"/g", []deed{
		{"rename over", rename(a+"/f", b+"/g", 0), unix.EPERM, unix.EPERM},
		{"exchange", rename(a+"/f", b+"/g", unix.RENAME_EXCHANGE), unix.EPERM, unix.EPERM},
		{"rename across", rename(b+"/g", a+"/g", 0), unix.EPERM, unix.EPERM},
		{"rename across over", rename(b+"/g", a+"/f", 0), unix.EPERM, unix.EPERM},
		{"link across", func() error { return unix.Link(b+"/g", a+"/l") }, unix.EPERM, unix.EPERM},
	})
	run(t, b+"/e", []deed{
		{"rename over", rename(a+"/d", b+"/e", 0), unix.EPERM, unix.EPERM},
		{"rename across", rename(b+"/e", a+"/e", 0), unix.EPERM, unix.EPERM},
		{"exchange", rename(a+"/d", b+"/e", unix.RENAME_EXCHANGE), unix.EPERM, unix.EPERM},
	})
	check.Content(t, a+"/f", "source")
	check.Content(t, b+"/g", "target")
}

// sealedMergedDir: a directory of which a part came from elsewhere is one
// directory.
func sealedMergedDir(t *testing.T, a, b string) {
	d := b + "/d"
	check.OK(t, os.Mkdir(d, 0o755))
	check.Write(t, d+"/old", "old")
	check.Write(t, a+"/new", "new")
	check.Write(t, a+"/f", "f")
	check.OK(t, os.Rename(a+"/new", d+"/new"))
	run(t, d, []deed{
		{"unlink of what was there", func() error { return unix.Unlink(d + "/old") }, unix.EPERM, unix.EPERM},
		{"unlink of what came", func() error { return unix.Unlink(d + "/new") }, unix.EPERM, unix.EPERM},
		{"rename of what came", func() error { return unix.Rename(d+"/new", a+"/back") }, unix.EPERM, unix.EPERM},
		{"rename over what came", func() error { return unix.Rename(a+"/f", d+"/new") }, unix.EPERM, unix.EPERM},
		{"rename into", func() error { return unix.Rename(a+"/f", d+"/f") }, unix.EPERM, 0},
		{"create in", func() error { return opened(d+"/g", unix.O_CREAT|unix.O_WRONLY) }, unix.EPERM, 0},
		{"rename", func() error { return unix.Rename(d, a+"/d") }, unix.EPERM, unix.EPERM},
	})
	check.Content(t, d+"/old", "old")
	check.Content(t, d+"/new", "new")
	check.Content(t, d+"/f", "f")
}
