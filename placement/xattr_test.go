package placement

import (
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// copyXattr copies an attribute from one file to another.
func copyXattr(t *testing.T, from, to, attr string) {
	t.Helper()
	var buf [1024]byte
	n, err := unix.Lgetxattr(from, attr, buf[:])
	if err == nil {
		err = unix.Lsetxattr(to, attr, buf[:n], 0)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestPrivateXattrs(t *testing.T) {
	w := newWorld(t)
	w.ok(w.create("/v/f"), w.rename("/v/f", "/f"))
	w.ok(w.on("/f", func(n *Node) error {
		w.is(w.fs.SetXattr(n, stampAttr, []byte("x"), 0), syscall.EPERM, "set")
		w.is(w.fs.RemoveXattr(n, stampAttr), syscall.EPERM, "remove")
		_, err := w.fs.GetXattr(n, stampAttr, nil)
		w.is(err, syscall.ENODATA, "get")
		w.ok(w.fs.SetXattr(n, "user.a", []byte("x"), 0))
		var buf [64]byte
		size, err := w.fs.ListXattr(n, buf[:])
		if got := string(buf[:max(0, size)]); err != nil || got != "user.a\x00" {
			t.Errorf("listed: %q, %v", got, err)
		}
		_, err = w.fs.ListXattr(n, buf[:3])
		w.is(err, syscall.ERANGE, "list into a small buffer")
		if size, err := w.fs.ListXattr(n, nil); size != 7 || err != nil {
			t.Errorf("size of the list: %d, %v", size, err)
		}
		w.ok(w.fs.RemoveXattr(n, "user.a"))
		return nil
	}))
}

func TestDirectoryAttributesReachStandIns(t *testing.T) {
	w := newWorld(t)
	w.ok(w.mkdir("/m"), w.create("/v/f"), w.rename("/v/f", "/m/f"))
	mode := uint32(0o750)
	w.ok(w.on("/m", func(n *Node) error {
		var a Attr
		if err := w.fs.SetAttr(n, nil, &setAttr{Mode: &mode}, false, &a); err != nil {
			return err
		}
		return w.fs.SetXattr(n, "user.a", []byte("x"), 0)
	}))
	for _, be := range []int{beD, beV} {
		var st unix.Stat_t
		err := unix.Lstat(w.raw(be, "m"), &st)
		size, xerr := unix.Lgetxattr(w.raw(be, "m"), "user.a", nil)
		if err != nil || xerr != nil || st.Mode&0o777 != mode || size != 1 {
			t.Errorf("on %s: mode %o, %v, %v", beNames[be], st.Mode, err, xerr)
		}
	}
}
