package tests

import (
	"os"
	"strings"

	"github.com/seamfs/seamfs/tests/check"
	"golang.org/x/sys/unix"
)

// A permPlace is what an operation of the permission matrix is done in: a
// directory with things in it, and another one that is open to all.
type permPlace struct{ dir, out string }

// A permOp is one operation of the matrix, done by the actor.
type permOp struct {
	name  string
	do    func(p permPlace) error
	reads bool // and changes nothing
}

func opened(path string, flags int) error {
	fd, err := unix.Open(path, flags|unix.O_CLOEXEC|unix.O_NONBLOCK, 0o666)
	if err != nil {
		return err
	}
	return unix.Close(fd)
}

// through opens a file and does something with its descriptor.
func through(path string, flags int, do func(fd int) error) error {
	fd, err := unix.Open(path, flags|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return do(fd)
}

func times(path string, atime, mtime unix.Timespec) error {
	return unix.UtimesNanoAt(unix.AT_FDCWD, path, []unix.Timespec{atime, mtime}, unix.AT_SYMLINK_NOFOLLOW)
}

var (
	past = unix.Timespec{Sec: 1000, Nsec: 1}
	now  = unix.Timespec{Nsec: unix.UTIME_NOW}
	omit = unix.Timespec{Nsec: unix.UTIME_OMIT}
)

// anyUserACL grants everything to everybody, in the form of the xattr.
var anyUserACL = []byte("\x02\x00\x00\x00" + "\x01\x00\x07\x00\xff\xff\xff\xff" + "\x02\x00\x07\x00\xeb\x03\x00\x00" +
	"\x04\x00\x07\x00\xff\xff\xff\xff" + "\x10\x00\x07\x00\xff\xff\xff\xff" + "\x20\x00\x07\x00\xff\xff\xff\xff")

// attrOps change or read the attributes of the object called name.
func attrOps(name string) []permOp {
	at := func(p permPlace) string { return p.dir + name }
	var ops []permOp
	add := func(name string, do func(path string) error) {
		ops = append(ops, permOp{name: name, do: func(p permPlace) error { return do(at(p)) }})
	}
	reads := func(name string, do func(path string) error) {
		add(name, do)
		ops[len(ops)-1].reads = true
	}
	add("chmod", func(f string) error { return unix.Chmod(f, 0o640) })
	add("chmod-setgid", func(f string) error { return unix.Chmod(f, 0o2775) })
	add("chmod-suid-sticky", func(f string) error { return unix.Chmod(f, 0o5711) })
	add("chown-away", func(f string) error { return unix.Lchown(f, 1003, -1) })
	add("chown-own-group", func(f string) error { return unix.Lchown(f, -1, 1000) })
	add("chown-its-group", func(f string) error { return unix.Lchown(f, -1, 2000) })
	add("chown-nothing", func(f string) error { return unix.Lchown(f, -1, -1) })
	add("chown-same", func(f string) error { return unix.Lchown(f, 1000, 2000) })
	add("utimens-now", func(f string) error { return times(f, now, now) })
	add("utimens-past", func(f string) error { return times(f, past, past) })
	add("utimens-omit", func(f string) error { return times(f, omit, omit) })
	add("utimens-half-now", func(f string) error { return times(f, now, omit) })
	add("setxattr", func(f string) error { return unix.Lsetxattr(f, "user.new", []byte("v"), 0) })
	reads("getxattr", func(f string) error { _, err := unix.Lgetxattr(f, "user.old", make([]byte, 10)); return err })
	add("removexattr", func(f string) error { return unix.Lremovexattr(f, "user.old") })
	reads("listxattr", func(f string) error { _, err := unix.Llistxattr(f, make([]byte, 1000)); return err })
	add("set-trusted", func(f string) error { return unix.Lsetxattr(f, "trusted.x", []byte("v"), 0) })
	reads("get-trusted", func(f string) error { _, err := unix.Lgetxattr(f, "trusted.x", make([]byte, 10)); return err })
	add("set-security", func(f string) error { return unix.Lsetxattr(f, "security.x", []byte("v"), 0) })
	add("set-acl", func(f string) error { return unix.Setxattr(f, "system.posix_acl_access", anyUserACL, 0) })
	add("set-default-acl", func(f string) error { return unix.Setxattr(f, "system.posix_acl_default", anyUserACL, 0) })
	reads("access-r", func(f string) error { return unix.Access(f, unix.R_OK) })
	reads("access-w", func(f string) error { return unix.Access(f, unix.W_OK) })
	reads("access-x", func(f string) error { return unix.Access(f, unix.X_OK) })
	reads("eaccess-rwx", func(f string) error { return unix.Faccessat2(unix.AT_FDCWD, f, 7, unix.AT_EACCESS) })
	add("setflags", func(f string) error { return check.SetFlags(f, check.NoDump, 0) })
	return ops
}

// fileOps are those on the file f in the directory.
func fileOps() []permOp {
	ops := attrOps("/f")
	open := func(name string, flags int) {
		ops = append(ops, permOp{name: "open-" + name, do: func(p permPlace) error { return opened(p.dir+"/f", flags) },
			reads: flags&unix.O_TRUNC == 0})
	}
	open("r", unix.O_RDONLY)
	open("w", unix.O_WRONLY)
	open("rw", unix.O_RDWR)
	open("neither", 3)
	open("path", unix.O_PATH)
	open("r-trunc", unix.O_RDONLY|unix.O_TRUNC)
	open("w-trunc", unix.O_WRONLY|unix.O_TRUNC)
	open("w-append", unix.O_WRONLY|unix.O_APPEND)
	open("rw-create", unix.O_RDWR|unix.O_CREAT)
	open("w-create-trunc", unix.O_WRONLY|unix.O_CREAT|unix.O_TRUNC)
	open("w-create-excl", unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL)
	open("r-noatime", unix.O_RDONLY|unix.O_NOATIME)
	open("r-directory", unix.O_RDONLY|unix.O_DIRECTORY)
	return append(ops, []permOp{
		{name: "truncate", do: func(p permPlace) error { return unix.Truncate(p.dir+"/f", 2) }},
		{name: "truncate-same", do: func(p permPlace) error { return unix.Truncate(p.dir+"/f", 4) }},
		{name: "write", do: func(p permPlace) error {
			return through(p.dir+"/f", unix.O_WRONLY, func(fd int) error { _, err := unix.Write(fd, []byte("w")); return err })
		}},
		{name: "fallocate", do: func(p permPlace) error {
			return through(p.dir+"/f", unix.O_WRONLY, func(fd int) error { return unix.Fallocate(fd, 0, 0, 100) })
		}},
		{name: "fchmod-of-path", do: func(p permPlace) error {
			return through(p.dir+"/f", unix.O_PATH, func(fd int) error { return unix.Fchmod(fd, 0o600) })
		}},
		{name: "link", do: func(p permPlace) error { return unix.Link(p.dir+"/f", p.out+"/new") }},
		{name: "unlink", do: func(p permPlace) error { return unix.Unlink(p.dir + "/f") }},
		{name: "rename", do: func(p permPlace) error { return unix.Rename(p.dir+"/f", p.out+"/new") }},
		{name: "stat", do: func(p permPlace) error { return unix.Lstat(p.dir+"/f", new(unix.Stat_t)) }, reads: true},
		{name: "below-a-file", do: func(p permPlace) error { return unix.Lstat(p.dir+"/f/x", new(unix.Stat_t)) }},
	}...)
}

// dirOps are those on the directory and what is in it: f of the matrix's
// owner, o of somebody else, sub and full, directories of the owner. In out
// there are in, a file of the actor, and indir, a directory of his.
func dirOps() []permOp {
	renamed := func(name, from, to string, flags uint) permOp {
		return permOp{name: name, do: func(p permPlace) error {
			return unix.Renameat2(unix.AT_FDCWD, p.path(from), unix.AT_FDCWD, p.path(to), flags)
		}}
	}
	return append(attrOps(""), []permOp{
		{name: "readdir", do: func(p permPlace) error { _, err := os.ReadDir(p.dir); return err }, reads: true},
		{name: "chdir", do: func(p permPlace) error {
			if err := unix.Chdir(p.dir); err != nil {
				return err
			}
			return unix.Chdir("/")
		}, reads: true},
		{name: "open-w", do: func(p permPlace) error { return opened(p.dir, unix.O_WRONLY) }, reads: true},
		{name: "open-creat", do: func(p permPlace) error { return opened(p.dir, unix.O_CREAT) }, reads: true},
		{name: "search", do: func(p permPlace) error { return unix.Lstat(p.dir+"/f", new(unix.Stat_t)) }, reads: true},
		{name: "search-nothing", do: func(p permPlace) error { return unix.Lstat(p.dir+"/nothing", new(unix.Stat_t)) }, reads: true},
		{name: "search-dotdot", do: func(p permPlace) error { return unix.Lstat(p.dir+"/..", new(unix.Stat_t)) }, reads: true},
		{name: "open-in-it", do: func(p permPlace) error { return opened(p.dir+"/f", unix.O_RDONLY) }, reads: true},
		{name: "create", do: func(p permPlace) error { return opened(p.dir+"/new", unix.O_CREAT|unix.O_WRONLY) }},
		{name: "create-existing", do: func(p permPlace) error { return opened(p.dir+"/o", unix.O_CREAT|unix.O_WRONLY) }, reads: true},
		{name: "create-excl-existing", do: func(p permPlace) error { return opened(p.dir+"/o", unix.O_CREAT|unix.O_EXCL|unix.O_WRONLY) }},
		{name: "tmpfile", do: func(p permPlace) error { return opened(p.dir, unix.O_TMPFILE|unix.O_RDWR) }},
		{name: "mkdir", do: func(p permPlace) error { return unix.Mkdir(p.dir+"/new", 0o777) }},
		{name: "mkdir-setgid", do: func(p permPlace) error { return unix.Mkdir(p.dir+"/new", 0o2777) }},
		{name: "mkdir-existing", do: func(p permPlace) error { return unix.Mkdir(p.dir+"/f", 0o777) }},
		{name: "symlink", do: func(p permPlace) error { return unix.Symlink("target", p.dir+"/new") }},
		{name: "mknod-fifo", do: func(p permPlace) error { return unix.Mknod(p.dir+"/new", unix.S_IFIFO|0o666, 0) }},
		{name: "mknod-file", do: func(p permPlace) error { return unix.Mknod(p.dir+"/new", unix.S_IFREG|0o2755, 0) }},
		{name: "mknod-char", do: func(p permPlace) error { return unix.Mknod(p.dir+"/new", unix.S_IFCHR|0o666, int(unix.Mkdev(1, 3))) }},
		{name: "mknod-whiteout", do: func(p permPlace) error { return unix.Mknod(p.dir+"/new", unix.S_IFCHR, 0) }},
		{name: "bind", do: bindSocket},
		{name: "link-in", do: func(p permPlace) error { return unix.Link(p.out+"/in", p.dir+"/new") }},
		{name: "link-over", do: func(p permPlace) error { return unix.Link(p.out+"/in", p.dir+"/f") }},
		{name: "link-out", do: func(p permPlace) error { return unix.Link(p.dir+"/f", p.out+"/new") }},
		{name: "unlink", do: func(p permPlace) error { return unix.Unlink(p.dir + "/f") }},
		{name: "unlink-others", do: func(p permPlace) error { return unix.Unlink(p.dir + "/o") }},
		{name: "unlink-nothing", do: func(p permPlace) error { return unix.Unlink(p.dir + "/nothing") }},
		{name: "unlink-dir", do: func(p permPlace) error { return unix.Unlink(p.dir + "/sub") }},
		{name: "rmdir", do: func(p permPlace) error { return unix.Rmdir(p.dir + "/sub") }},
		{name: "rmdir-full", do: func(p permPlace) error { return unix.Rmdir(p.dir + "/full") }},
		{name: "rmdir-file", do: func(p permPlace) error { return unix.Rmdir(p.dir + "/o") }},
		{name: "rmdir-it", do: func(p permPlace) error { return unix.Rmdir(p.dir) }},
		renamed("rename-it", "/", "out/new", 0),
		renamed("rename", "/f", "/new", 0),
		renamed("rename-others", "/o", "/new", 0),
		renamed("rename-over-others", "/f", "/o", 0),
		renamed("rename-out", "/f", "out/new", 0),
		renamed("rename-others-out", "/o", "out/new", 0),
		renamed("rename-in", "out/in", "/new", 0),
		renamed("rename-in-over", "out/in", "/f", 0),
		renamed("rename-in-over-others", "out/in", "/o", 0),
		renamed("rename-in-over-dir", "out/in", "/sub", 0),
		renamed("rename-dir-out", "/sub", "out/new", 0),
		renamed("rename-dir-in", "out/indir", "/new", 0),
		renamed("rename-dir-in-over", "out/indir", "/sub", 0),
		renamed("rename-dir-in-over-full", "out/indir", "/full", 0),
		renamed("rename-in-noreplace", "out/in", "/new", unix.RENAME_NOREPLACE),
		renamed("rename-in-noreplace-over", "out/in", "/o", unix.RENAME_NOREPLACE),
		renamed("exchange", "out/in", "/f", unix.RENAME_EXCHANGE),
		renamed("exchange-others", "out/in", "/o", unix.RENAME_EXCHANGE),
		renamed("exchange-dir", "out/indir", "/f", unix.RENAME_EXCHANGE),
		renamed("rename-nothing", "/nothing", "out/new", 0),
	}...)
}

// path is a name in the directory ("/" is itself), or after "out/" one in the
// other.
func (p permPlace) path(name string) string {
	if rest, ok := strings.CutPrefix(name, "out/"); ok {
		return p.out + "/" + rest
	}
	return strings.TrimSuffix(p.dir+name, "/")
}

// bindSocket makes a socket by bind(2). That takes short paths only, so it
// goes through the working directory.
func bindSocket(p permPlace) error {
	if err := unix.Chdir(p.dir); err != nil {
		return err
	}
	defer unix.Chdir("/")
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return unix.Bind(fd, &unix.SockaddrUnix{Name: "new"})
}
