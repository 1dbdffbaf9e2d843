package cases

import (
	"encoding/binary"
	"os"
	"testing"

	"github.com/seamfs/seamfs/tests/check"
	"golang.org/x/sys/unix"
)

var aclCases = []Case{
	{"ACLGrants", aclGrants},
	{"ACLMaskIsGroupMode", aclMaskIsGroupMode},
	{"ACLDefaultInherited", aclDefaultInherited},
	{"ACLDefaultBeatsUmask", aclDefaultBeatsUmask},
}

const (
	aclUserObj  = 0x01
	aclUser     = 0x02
	aclGroupObj = 0x04
	aclMask     = 0x10
	aclOther    = 0x20
	aclAccess   = "system.posix_acl_access"
	aclDefault  = "system.posix_acl_default"
)

type aclEntry struct {
	tag, perm uint16
	id        uint32
}

// acl encodes entries as the posix_acl xattrs hold them (version 2).
func acl(entries ...aclEntry) []byte {
	b := binary.LittleEndian.AppendUint32(nil, 2)
	for _, e := range entries {
		b = binary.LittleEndian.AppendUint16(b, e.tag)
		b = binary.LittleEndian.AppendUint16(b, e.perm)
		if e.tag != aclUser {
			e.id = ^uint32(0)
		}
		b = binary.LittleEndian.AppendUint32(b, e.id)
	}
	return b
}

// forUser is an ACL u::rw-,u:1000:PERM,g::r--,m::rwx,o::--- .
func forUser(perm uint16) []byte {
	return acl(aclEntry{aclUserObj, 6, 0}, aclEntry{aclUser, perm, 1000}, aclEntry{aclGroupObj, 4, 0},
		aclEntry{aclMask, 7, 0}, aclEntry{aclOther, 0, 0})
}

func readable(t *testing.T, path string) error {
	var err error
	check.AsUser(t, 1000, 1000, nil, func() { _, err = os.ReadFile(path) })
	return err
}

func aclGrants(t *testing.T, mnt string) {
	check.Write(t, mnt+"/f", "x")
	check.OK(t, os.Chmod(mnt+"/f", 0o600))
	check.Errno(t, "read without an ACL", readable(t, mnt+"/f"), unix.EACCES)
	check.OK(t, unix.Setxattr(mnt+"/f", aclAccess, forUser(4), 0))
	check.Errno(t, "read with an ACL", readable(t, mnt+"/f"), 0)
	got, err := check.Xattr(mnt+"/f", aclAccess)
	check.OK(t, err)
	check.Equal(t, "ACL", got, string(forUser(4)))
	check.OK(t, unix.Setxattr(mnt+"/f", aclAccess, forUser(0), 0))
	check.Errno(t, "read with an ACL that denies", readable(t, mnt+"/f"), unix.EACCES)
	check.OK(t, unix.Removexattr(mnt+"/f", aclAccess))
	check.Errno(t, "read after removal", readable(t, mnt+"/f"), unix.EACCES)
}

func aclMaskIsGroupMode(t *testing.T, mnt string) {
	check.Write(t, mnt+"/f", "x")
	check.OK(t, unix.Setxattr(mnt+"/f", aclAccess, forUser(4), 0))
	check.Equal(t, "mode after setting an ACL", check.Lstat(t, mnt+"/f").Mode&0o7777, 0o670)
	check.OK(t, os.Chmod(mnt+"/f", 0o600))
	check.Errno(t, "read with a closed mask", readable(t, mnt+"/f"), unix.EACCES)
	check.OK(t, os.Chmod(mnt+"/f", 0o640))
	check.Errno(t, "read with an open mask", readable(t, mnt+"/f"), 0)
}

func aclDefaultInherited(t *testing.T, mnt string) {
	check.OK(t, os.Mkdir(mnt+"/d", 0o777))
	check.OK(t, unix.Setxattr(mnt+"/d", aclDefault, forUser(7), 0))
	check.Write(t, mnt+"/d/f", "x")
	check.OK(t, os.Mkdir(mnt+"/d/e", 0o777))
	got, err := check.Xattr(mnt+"/d/e", aclDefault)
	check.OK(t, err)
	check.Equal(t, "default ACL of the child", got, string(forUser(7)))
	check.Errno(t, "read of the child file", readable(t, mnt+"/d/f"), 0)
	check.OK(t, unix.Mkfifo(mnt+"/d/p", 0o666))
	_, err = check.Xattr(mnt+"/d/p", aclAccess)
	check.OK(t, err)
}

func aclDefaultBeatsUmask(t *testing.T, mnt string) {
	check.OK(t, os.Mkdir(mnt+"/d", 0o777))
	check.OK(t, unix.Setxattr(mnt+"/d", aclDefault, forUser(7), 0))
	old := unix.Umask(0o077)
	defer unix.Umask(old)
	fd, err := unix.Open(mnt+"/d/f", unix.O_CREAT|unix.O_WRONLY, 0o666)
	check.OK(t, err)
	check.OK(t, unix.Close(fd))
	check.Equal(t, "mode of a file under a default ACL and umask 077", check.Lstat(t, mnt+"/d/f").Mode&0o777, 0o660)
	check.OK(t, unix.Mkdir(mnt+"/d/e", 0o777))
	check.Equal(t, "mode of a directory under a default ACL and umask 077", check.Lstat(t, mnt+"/d/e").Mode&0o777, 0o670)
}
