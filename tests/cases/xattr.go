package cases

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/seamfs/seamfs/tests/check"
	"golang.org/x/sys/unix"
)

var xattrCases = []Case{
	{"XattrSetGetRemove", xattrSetGetRemove},
	{"XattrFlags", xattrFlags},
	{"XattrSizes", xattrSizes},
	{"XattrUnknownPrefix", xattrUnknownPrefix},
	{"XattrSecurityCapability", xattrSecurityCapability},
}

func xattrSetGetRemove(t *testing.T, mnt string) {
	check.Write(t, mnt+"/f", "")
	check.OK(t, os.Mkdir(mnt+"/d", 0o755))
	for _, p := range []string{mnt + "/f", mnt + "/d"} {
		for _, name := range []string{"user.one", "trusted.two", "security.three"} {
			check.OK(t, unix.Lsetxattr(p, name, []byte("v "+name), 0))
			v, err := check.Xattr(p, name)
			check.OK(t, err)
			check.Equal(t, name, v, "v "+name)
		}
		check.Equal(t, "list", fmt.Sprint(check.XattrNames(t, p)), "[security.three trusted.two user.one]")
		check.OK(t, unix.Lremovexattr(p, "user.one"))
		_, err := check.Xattr(p, "user.one")
		check.Errno(t, "get of a removed attribute", err, unix.ENODATA)
		check.Errno(t, "remove of a removed attribute", unix.Lremovexattr(p, "user.one"), unix.ENODATA)
		check.Equal(t, "list", fmt.Sprint(check.XattrNames(t, p)), "[security.three trusted.two]")
	}
}

func xattrFlags(t *testing.T, mnt string) {
	p := mnt + "/f"
	check.Write(t, p, "")
	check.Errno(t, "replace of nothing", unix.Setxattr(p, "user.a", []byte("1"), unix.XATTR_REPLACE), unix.ENODATA)
	check.OK(t, unix.Setxattr(p, "user.a", []byte("1"), unix.XATTR_CREATE))
	check.Errno(t, "create over one", unix.Setxattr(p, "user.a", []byte("2"), unix.XATTR_CREATE), unix.EEXIST)
	check.OK(t, unix.Setxattr(p, "user.a", []byte("3"), unix.XATTR_REPLACE))
	v, err := check.Xattr(p, "user.a")
	check.OK(t, err)
	check.Equal(t, "value", v, "3")
}

func xattrSizes(t *testing.T, mnt string) {
	p := mnt + "/f"
	check.Write(t, p, "")
	check.OK(t, unix.Setxattr(p, "user.empty", nil, 0))
	v, err := check.Xattr(p, "user.empty")
	check.OK(t, err)
	check.Equal(t, "empty value", v, "")
	check.OK(t, unix.Setxattr(p, "user.big", []byte(strings.Repeat("b", 2000)), 0))
	n, err := unix.Getxattr(p, "user.big", nil)
	check.OK(t, err)
	check.Equal(t, "size asked for", n, 2000)
	_, err = unix.Getxattr(p, "user.big", make([]byte, 1999))
	check.Errno(t, "get into too small a buffer", err, unix.ERANGE)
	_, err = unix.Listxattr(p, make([]byte, 3))
	check.Errno(t, "list into too small a buffer", err, unix.ERANGE)
	check.Errno(t, "set of 64 KiB and a byte", unix.Setxattr(p, "user.huge", make([]byte, 64<<10+1), 0), unix.E2BIG)
	check.Errno(t, "set of a name of 300 bytes", unix.Setxattr(p, "user."+strings.Repeat("n", 300), nil, 0), unix.ERANGE)
}

func xattrUnknownPrefix(t *testing.T, mnt string) {
	p := mnt + "/f"
	check.Write(t, p, "")
	check.Errno(t, "set of a name without a known prefix", unix.Setxattr(p, "nonsense.a", []byte("1"), 0), unix.EOPNOTSUPP)
	// Attributes go on working for other names.
	check.OK(t, unix.Setxattr(p, "user.a", []byte("1"), 0))
	check.AsUser(t, 1000, 1000, nil, func() {
		_, err := check.Xattr(p, "trusted.a")
		check.Errno(t, "get of trusted by a user", err, unix.ENODATA)
		check.Errno(t, "set of another's file", unix.Setxattr(p, "user.a", []byte("2"), 0), unix.EACCES)
	})
}

func xattrSecurityCapability(t *testing.T, mnt string) {
	p := mnt + "/f"
	check.Write(t, p, "")
	// VFS_CAP_REVISION_2 with CAP_NET_RAW permitted and effective.
	capability := []byte{1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
	check.OK(t, unix.Setxattr(p, "security.capability", capability, 0))
	v, err := check.Xattr(p, "security.capability")
	check.OK(t, err)
	check.Equal(t, "capability", v, string(capability))
	f := check.Open(t, p, os.O_WRONLY, 0)
	_, err = f.WriteString("changed")
	check.OK(t, err)
	_, err = check.Xattr(p, "security.capability")
	check.Errno(t, "capability after a write", err, unix.ENODATA)
}
