package cases

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/seamfs/seamfs/tests/check"
	"golang.org/x/sys/unix"
)

var xattrLimitCases = []Case{
	{"XattrErrors", xattrErrors},
	{"XattrNames", xattrNames},
	{"XattrOnKinds", xattrOnKinds},
	{"XattrOfRemoved", xattrOfRemoved},
	{"ACLInheritance", aclInheritance},
	{"ACLErrors", aclErrors},
	{"Leases", leases},
}

func xattrErrors(t *testing.T, mnt string) {
	p := mnt + "/f"
	check.Write(t, p, "")
	get := func(name string, size int) error { _, err := unix.Getxattr(p, name, make([]byte, size)); return err }
	check.Errno(t, "get of none", get("user.none", 10), unix.ENODATA)
	check.Errno(t, "remove of none", unix.Removexattr(p, "user.none"), unix.ENODATA)
	check.Errno(t, "set without a name", unix.Setxattr(p, "", nil, 0), unix.ERANGE)
	check.Errno(t, "set of a bare prefix", unix.Setxattr(p, "user.", nil, 0), unix.EINVAL)
	check.Errno(t, "set of both flags", unix.Setxattr(p, "user.a", nil, 4), unix.EINVAL)
	check.Errno(t, "set of a name without a dot", unix.Setxattr(p, "user", nil, 0), unix.EOPNOTSUPP)
	check.Errno(t, "set of an unknown system name", unix.Setxattr(p, "system.none", nil, 0), unix.EOPNOTSUPP)
	check.Errno(t, "set of more than the most", unix.Setxattr(p, "user.a", make([]byte, 1<<16+1), 0), unix.E2BIG)
	check.OK(t, unix.Setxattr(p, "user.a", []byte("value"), 0))
	check.Errno(t, "get into a small buffer", get("user.a", 4), unix.ERANGE)
	check.Errno(t, "get into one that fits", get("user.a", 5), 0)
	check.Errno(t, "create over one", unix.Setxattr(p, "user.a", nil, unix.XATTR_CREATE), unix.EEXIST)
	check.Errno(t, "set of nothing's", unix.Setxattr(mnt+"/none", "user.a", nil, 0), unix.ENOENT)
	check.OK(t, unix.Setxattr(p, "user.a", []byte{}, unix.XATTR_REPLACE))
	v, err := check.Xattr(p, "user.a")
	check.True(t, err == nil && v == "", "empty value: %q, %v", v, err)
}

func xattrNames(t *testing.T, mnt string) {
	p := mnt + "/f"
	check.Write(t, p, "")
	longest := "user." + strings.Repeat("n", 255-len("user."))
	check.OK(t, unix.Setxattr(p, longest, []byte("v"), 0))
	check.Errno(t, "a name of 256 bytes", unix.Setxattr(p, longest+"n", nil, 0), unix.ERANGE)
	for _, odd := range []string{"user.a.b", "user. ", "user.\xff", "user.A", "user.a/b", "user.\n"} {
		check.OK(t, unix.Setxattr(p, odd, []byte(odd), 0))
		v, err := check.Xattr(p, odd)
		check.True(t, err == nil && v == odd, "value of %q: %q, %v", odd, v, err)
	}
	check.OK(t, os.Rename(p, mnt+"/g"))
	check.Equal(t, "attributes", len(check.XattrNames(t, mnt+"/g")), 7)
}

// xattrOnKinds: user.* on files and directories only.
func xattrOnKinds(t *testing.T, mnt string) {
	for _, k := range []check.Kind{check.File, check.Dir, check.Symlink, check.Fifo, check.Socket, check.Char} {
		p := mnt + "/" + string(k)
		check.Make(t, k, p, "target")
		want := unix.EPERM
		if k == check.File || k == check.Dir {
			want = 0
		}
		check.Errno(t, "set user.a of a "+string(k), unix.Lsetxattr(p, "user.a", []byte("v"), 0), want)
		if want != 0 {
			_, err := check.Xattr(p, "user.a")
			check.Errno(t, "get user.a of a "+string(k), err, unix.ENODATA)
			check.Errno(t, "remove user.a of a "+string(k), unix.Lremovexattr(p, "user.a"), unix.EPERM)
		}
		check.OK(t, unix.Lsetxattr(p, "trusted.a", []byte("v"), 0))
		check.True(t, strings.Contains(fmt.Sprint(check.XattrNames(t, p)), "trusted.a"), "trusted.a of a %s isn't listed", k)
	}
	check.AsUser(t, 1000, 1000, nil, func() {
		check.True(t, len(check.XattrNames(t, mnt+"/fifo")) == 0, "a user sees trusted attributes")
	})
}

func xattrOfRemoved(t *testing.T, mnt string) {
	f := check.Open(t, mnt+"/f", os.O_CREATE|os.O_RDWR, 0o644)
	check.OK(t, unix.Setxattr(mnt+"/f", "user.a", []byte("1"), 0))
	check.OK(t, os.Remove(mnt+"/f"))
	fd := int(f.Fd())
	check.OK(t, unix.Fsetxattr(fd, "user.b", []byte("2"), 0))
	buf := make([]byte, 100)
	n, err := unix.Fgetxattr(fd, "user.a", buf)
	check.True(t, err == nil && string(buf[:n]) == "1", "user.a: %q, %v", buf[:max(n, 0)], err)
	check.OK(t, unix.Fremovexattr(fd, "user.a"))
	n, err = unix.Flistxattr(fd, buf)
	check.True(t, err == nil && string(buf[:n]) == "user.b\x00", "listed: %q, %v", buf[:max(n, 0)], err)
}

// aclInheritance makes each kind with several modes under several default
// ACLs and umasks: the mode is what the ACL and the caller's mode have in
// common, the umask doesn't count.
func aclInheritance(t *testing.T, mnt string) {
	defer unix.Umask(unix.Umask(0o077))
	for i, perm := range []uint16{0, 4, 7} {
		d := fmt.Sprintf("%s/d%d", mnt, i)
		check.OK(t, os.Mkdir(d, 0o755))
		check.OK(t, unix.Setxattr(d, aclDefault, acl(aclEntry{aclUserObj, 6, 0}, aclEntry{aclUser, 7, 1000}, aclEntry{aclGroupObj, 5, 0},
			aclEntry{aclMask, perm, 0}, aclEntry{aclOther, 4, 0}), 0))
		for _, mode := range []uint32{0, 0o400, 0o640, 0o777} {
			want := mode & (0o604 | uint32(perm)<<3)
			made := fmt.Sprintf("%s/%o-", d, mode)
			fd, err := unix.Open(made+"file", unix.O_CREAT|unix.O_WRONLY, mode)
			check.OK(t, err)
			check.OK(t, unix.Close(fd))
			check.OK(t, unix.Mkdir(made+"dir", mode))
			check.OK(t, unix.Mknod(made+"fifo", unix.S_IFIFO|mode, 0))
			check.OK(t, unix.Mknod(made+"reg", unix.S_IFREG|mode, 0))
			check.OK(t, unix.Mknod(made+"char", unix.S_IFCHR|mode, int(unix.Mkdev(1, 3))))
			for _, k := range []string{"file", "dir", "fifo", "reg", "char"} {
				check.Equal(t, "mode of "+made+k, check.Lstat(t, made+k).Mode&0o7777, want)
				got, err := check.Xattr(made+k, aclAccess)
				check.OK(t, err)
				check.Equal(t, "ACL of "+made+k, got, string(acl(aclEntry{aclUserObj, uint16(want >> 6), 0}, aclEntry{aclUser, 7, 1000},
					aclEntry{aclGroupObj, 5, 0}, aclEntry{aclMask, uint16(want >> 3 & 7), 0}, aclEntry{aclOther, uint16(want & 7), 0})))
			}
			_, err = check.Xattr(made+"file", aclDefault)
			check.Errno(t, "default ACL of a file", err, unix.ENODATA)
			_, err = check.Xattr(made+"dir", aclDefault)
			check.OK(t, err)
		}
		check.OK(t, os.Symlink("x", d+"/link"))
		check.Equal(t, "mode of a link", check.Lstat(t, d+"/link").Mode&0o7777, 0o777)
	}
}

func aclErrors(t *testing.T, mnt string) {
	check.Write(t, mnt+"/f", "")
	check.Errno(t, "default ACL of a file", unix.Setxattr(mnt+"/f", aclDefault, forUser(4), 0), unix.EACCES)
	check.Errno(t, "an ACL without a mask", unix.Setxattr(mnt+"/f", aclAccess, acl(aclEntry{aclUserObj, 6, 0}, aclEntry{aclUser, 4, 1000},
		aclEntry{aclGroupObj, 4, 0}, aclEntry{aclOther, 0, 0}), 0), unix.EINVAL)
	check.Errno(t, "half an ACL", unix.Setxattr(mnt+"/f", aclAccess, forUser(4)[:30], 0), unix.EINVAL)
	check.Errno(t, "an ACL of another version", unix.Setxattr(mnt+"/f", aclAccess, []byte("\x01\x00\x00\x00"), 0), unix.EOPNOTSUPP)
	// An ACL that says no more than the mode is none.
	check.OK(t, unix.Setxattr(mnt+"/f", aclAccess, acl(aclEntry{aclUserObj, 6, 0}, aclEntry{aclGroupObj, 4, 0}, aclEntry{aclOther, 2, 0}), 0))
	_, err := check.Xattr(mnt+"/f", aclAccess)
	check.Errno(t, "get of an ACL that only says the mode", err, unix.ENODATA)
	check.Equal(t, "mode", check.Lstat(t, mnt+"/f").Mode&0o7777, 0o642)
	check.AsUser(t, 1000, 1000, nil, func() {
		check.Errno(t, "ACL of another's file", unix.Setxattr(mnt+"/f", aclAccess, forUser(7), 0), unix.EPERM)
	})
}

// leases are taken only on files that nobody else uses that way.
func leases(t *testing.T, mnt string) {
	check.Write(t, mnt+"/f", "")
	r := check.Open(t, mnt+"/f", os.O_RDONLY, 0)
	lease := func(f *os.File, kind int) error { _, err := unix.FcntlInt(f.Fd(), unix.F_SETLEASE, kind); return err }
	check.OK(t, lease(r, unix.F_RDLCK))
	check.Equal(t, "lease", fcntl(t, int(r.Fd()), unix.F_GETLEASE), unix.F_RDLCK)
	check.OK(t, lease(r, unix.F_UNLCK))
	check.Open(t, mnt+"/f", os.O_WRONLY, 0)
	check.Errno(t, "read lease beside a writer", lease(r, unix.F_RDLCK), unix.EAGAIN)
}
