package backend_test

import (
	"encoding/hex"
	"errors"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/seamfs/seamfs/backend"
	"github.com/seamfs/seamfs/backend/backendtest/disk"
)

// unhex writes values in the kernel's formats.
func unhex(t *testing.T, s string) string {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	ok(t, err)
	return string(b)
}

func setXattrs(t *testing.T, r backend.Ref, name string, attrs map[string]string) {
	t.Helper()
	for attr, value := range attrs {
		if err := r.SetXattr(name, attr, []byte(value), 0); err != nil {
			t.Fatalf("set %s: %v", attr, err)
		}
	}
}

// hasXattrs checks that the object has these attributes and no others.
func hasXattrs(t *testing.T, r backend.Ref, name string, want map[string]string) {
	t.Helper()
	buf := make([]byte, 64<<10)
	n, err := r.ListXattr(name, buf)
	ok(t, err)
	got := make(map[string]string)
	for attr := range strings.SplitSeq(strings.TrimSuffix(string(buf[:n]), "\x00"), "\x00") {
		value := make([]byte, 64<<10)
		n, err := r.GetXattr(name, attr, value)
		if attr == "" || attr == "security.selinux" || strings.HasPrefix(attr, "trusted.SGI_ACL_") {
			continue
		}
		ok(t, err)
		got[attr] = string(value[:n])
	}
	for attr, value := range want {
		if got[attr] != value {
			t.Errorf("%s: got %q, want %q", attr, got[attr], value)
		}
		delete(got, attr)
	}
	if len(got) > 0 {
		t.Errorf("attributes too many: %q", got)
	}
}

func TestCopyMeta(t *testing.T) {
	disk.Root(t)
	attrs := map[string]string{
		"user.plain":   "value",
		"user.empty":   "",
		"trusted.long": strings.Repeat("v", 1000),
		// cap_net_raw+ep, which a change of owner takes away
		"security.capability": unhex(t, "01000002 00200000 00000000 00000000 00000000"),
		// u::rwx u:1:rwx g::--- m::rwx o::r--: the mode's group bits are the mask
		"system.posix_acl_access": unhex(t, "02000000 01000700ffffffff 0200070001000000 04000000ffffffff 10000700ffffffff 20000400ffffffff"),
	}
	everyPair(t, func(t *testing.T, src, dst backend.Backend) {
		from, to := src.Root(), dst.Private(backend.StageDir)
		create(t, from, "from")
		create(t, to, "to")
		ok(t, from.SetAttr("from", &backend.SetAttr{UID: ptr(uint32(11)), GID: ptr(uint32(22))}))
		setXattrs(t, from, "from", attrs)
		setXattrs(t, from, "from", map[string]string{"trusted.seamfs": "stamp", "trusted.seamfs.other": "x"})
		ok(t, from.SetAttr("from", &backend.SetAttr{
			Mode:  ptr(uint32(06774)),
			Atime: &backend.Time{Sec: 1e9, Nsec: 123456789}, Mtime: &backend.Time{Sec: 2, Nsec: 987654321},
		}))
		setXattrs(t, to, "to", map[string]string{"user.extra": "goes", "user.plain": "changes", "trusted.seamfs": "stays"})
		var a, b backend.Attr
		ok(t, from.Stat("from", &a))
		for range 2 { // again is no harm
			ok(t, backend.CopyMeta(to, "to", from, "from", &a))
			ok(t, to.Stat("to", &b))
			if b.Mode != a.Mode || b.UID != a.UID || b.GID != a.GID || b.Atime != a.Atime || b.Mtime != a.Mtime {
				t.Fatalf("got  %+v\nwant %+v", b, a)
			}
			want := map[string]string{"trusted.seamfs": "stays"}
			for attr, value := range attrs {
				want[attr] = value
			}
			hasXattrs(t, to, "to", want)
		}
	})
}

// TestCopyMetaDir: by reference, with the ACL that children inherit.
func TestCopyMetaDir(t *testing.T) {
	disk.Root(t)
	attrs := map[string]string{
		"user.plain":               "value",
		"system.posix_acl_default": unhex(t, "02000000 01000700ffffffff 0200070001000000 04000500ffffffff 10000700ffffffff 20000000ffffffff"),
	}
	everyPair(t, func(t *testing.T, src, dst backend.Backend) {
		dirs := make([]backend.Ref, 0, 2)
		for i, b := range []backend.Backend{src, dst} {
			name := []string{"from", "to"}[i]
			ok(t, b.Root().Mkdir(name, 0700, backend.Cred{}))
			r, err := b.Root().OpenRef(name)
			ok(t, err)
			t.Cleanup(func() {
				ok(t, r.Close())
				ok(t, b.Root().Rmdir(name))
			})
			dirs = append(dirs, r)
		}
		setXattrs(t, dirs[0], "", attrs)
		ok(t, dirs[0].SetAttr("", &backend.SetAttr{Mode: ptr(uint32(03751)), GID: ptr(uint32(5)), Mtime: &backend.Time{Sec: 3, Nsec: 4}}))
		var a, b backend.Attr
		ok(t, dirs[0].Stat("", &a))
		ok(t, backend.CopyMeta(dirs[1], "", dirs[0], "", &a))
		ok(t, dirs[1].Stat("", &b))
		if b.Mode != a.Mode || b.GID != 5 || b.Mtime != a.Mtime {
			t.Fatalf("got  %+v\nwant %+v", b, a)
		}
		hasXattrs(t, dirs[1], "", attrs)
	})
}

// cannotHold checks the error, and that it names what.
func cannotHold(t *testing.T, err error, what string) {
	t.Helper()
	var errno syscall.Errno
	if !errors.Is(err, backend.ErrCannotHold) || !errors.As(err, &errno) || !strings.Contains(err.Error(), what) {
		t.Fatalf("got error %v, want one that says that %s can't be held", err, what)
	}
}

func TestCannotHold(t *testing.T) {
	xfs := openAt(t, filepath.Join(disk.New(t, "xfs", 0), "xfs")).Root()
	ext4 := openAt(t, filepath.Join(disk.New(t, "ext4", 0), "ext4")).Root()
	old := openAt(t, filepath.Join(disk.New(t, "ext4", 0, "-I", "128"), "old")).Root()
	create(t, xfs, "from")
	create(t, ext4, "to")
	create(t, old, "to")
	ok(t, xfs.SetXattr("from", "user.large", make([]byte, 60<<10), 0))
	var a backend.Attr
	ok(t, xfs.Stat("from", &a))
	cannotHold(t, backend.CopyMeta(ext4, "to", xfs, "from", &a), "user.large")

	ok(t, xfs.RemoveXattr("from", "user.large"))
	ok(t, backend.CopyMeta(ext4, "to", xfs, "from", &a))
	a.Mtime.Nsec = 5
	cannotHold(t, backend.CopyMeta(old, "to", xfs, "from", &a), "modification time")
}

func TestCopySpecial(t *testing.T) {
	everyPair(t, func(t *testing.T, src, dst backend.Backend) {
		from, to := src.Root(), dst.Private(backend.StageDir)
		ok(t, from.Symlink("../target", "link", backend.Cred{UID: 1, GID: 2}))
		ok(t, from.SetXattr("link", "trusted.a", []byte("v"), 0))
		ok(t, from.Mknod("fifo", syscall.S_IFIFO|0604, 0, backend.Cred{UID: 1, GID: 2}))
		ok(t, from.Mknod("sock", syscall.S_IFSOCK|0640, 0, backend.Cred{}))
		ok(t, from.Mknod("char", syscall.S_IFCHR|0666, 0x12345, backend.Cred{}))
		ok(t, from.Mknod("block", syscall.S_IFBLK|0600, 0x708, backend.Cred{}))
		for _, name := range []string{"link", "fifo", "sock", "char", "block"} {
			ok(t, from.SetAttr(name, &backend.SetAttr{Mtime: &backend.Time{Sec: 9, Nsec: 8}}))
			var a, b backend.Attr
			ok(t, from.Stat(name, &a))
			ok(t, backend.CopySpecial(to, name+"-copy", from, name, &a))
			ok(t, to.Stat(name+"-copy", &b))
			if a.Mode != b.Mode || a.UID != b.UID || a.GID != b.GID || a.Rdev != b.Rdev || a.Mtime != b.Mtime {
				t.Errorf("%s:\ngot  %+v\nwant %+v", name, b, a)
			}
			if err := backend.CopySpecial(to, name+"-copy", from, name, &a); !errors.Is(err, syscall.EEXIST) {
				t.Errorf("%s again: got error %v, want EEXIST", name, err)
			}
		}
		target, err := to.Readlink("link-copy")
		if err != nil || target != "../target" {
			t.Errorf("target %q, %v", target, err)
		}
		hasXattrs(t, to, "link-copy", map[string]string{"trusted.a": "v"})
		for _, name := range []string{"link", "fifo", "sock", "char", "block"} {
			ok(t, from.Unlink(name))
			ok(t, to.Unlink(name+"-copy"))
		}
	})
}

// TestCopySpecialFails: nothing is left.
func TestCopySpecialFails(t *testing.T) {
	xfs := openAt(t, filepath.Join(disk.New(t, "xfs", 0), "xfs")).Root()
	ext4 := openAt(t, filepath.Join(disk.New(t, "ext4", 0), "ext4")).Root()
	old := openAt(t, filepath.Join(disk.New(t, "ext4", 0, "-I", "128"), "old")).Root()
	tmpfs := openAt(t, filepath.Join(disk.New(t, "tmpfs", 0), "tmpfs")).Root()
	ok(t, tmpfs.Symlink(strings.Repeat("t", 2000), "long", backend.Cred{}))
	ok(t, ext4.Symlink("t", "fine", backend.Cred{}))
	ok(t, ext4.SetAttr("fine", &backend.SetAttr{Mtime: &backend.Time{Sec: 1, Nsec: 1}}))
	ok(t, ext4.Mkdir("dir", 0755, backend.Cred{}))
	var a backend.Attr
	ok(t, tmpfs.Stat("long", &a))
	cannotHold(t, backend.CopySpecial(xfs, "copy", tmpfs, "long", &a), "symbolic link")
	ok(t, ext4.Stat("fine", &a))
	cannotHold(t, backend.CopySpecial(old, "copy", ext4, "fine", &a), "modification time")
	for _, r := range []backend.Ref{xfs, old} {
		if err := r.Stat("copy", &a); !errors.Is(err, syscall.ENOENT) {
			t.Errorf("got error %v, want ENOENT", err)
		}
	}
	ok(t, ext4.Stat("dir", &a))
	if err := backend.CopySpecial(xfs, "copy", ext4, "dir", &a); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("directory: got error %v, want EINVAL", err)
	}
}
