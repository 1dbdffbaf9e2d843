package backend

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"syscall"
)

// PrivateXattr begins the names of the attributes that seamfs keeps for
// itself on objects. Users neither see nor set them, and copies don't get them.
const PrivateXattr = "trusted.seamfs"

// selinuxXattr can be changed, but the kernel refuses to remove it.
const selinuxXattr = "security.selinux"

// xfsACL begins the names under which XFS lists the ACLs a second time, in its
// own format. To set one would bypass the kernel's cache of ACLs.
const xfsACL = "trusted.SGI_ACL_"

// copiedXattr tells whether an attribute belongs to the object. Other namespaces,
// like btrfs.*, are hints to one filesystem.
func copiedXattr(attr string) bool {
	if strings.HasPrefix(attr, PrivateXattr) || strings.HasPrefix(attr, xfsACL) {
		return false
	}
	for _, prefix := range []string{"user.", "trusted.", "security.", "system.posix_acl_"} {
		if strings.HasPrefix(attr, prefix) {
			return true
		}
	}
	return false
}

func copyXattrs(dst Ref, dstName string, src Ref, srcName string) error {
	want, err := listXattrs(src, srcName)
	if err != nil {
		return fmt.Errorf("list attributes: %w", err)
	}
	have, err := listXattrs(dst, dstName)
	if err != nil {
		return fmt.Errorf("list attributes of the copy: %w", err)
	}
	for attr := range want {
		value, err := getXattr(src, srcName, attr)
		if errors.Is(err, syscall.ENODATA) {
			delete(want, attr) // removed just now
			continue
		}
		if err != nil {
			return fmt.Errorf("get attribute %s: %w", attr, err)
		}
		if err := putXattr(dst, dstName, attr, value, have[attr]); err != nil {
			return err
		}
	}
	for attr := range have {
		if want[attr] || attr == selinuxXattr {
			continue
		}
		if err := dst.RemoveXattr(dstName, attr); err != nil && !errors.Is(err, syscall.ENODATA) {
			return fmt.Errorf("remove attribute %s: %w", attr, err)
		}
	}
	return nil
}

// putXattr sets a value, unless it is there already.
func putXattr(dst Ref, name, attr string, value []byte, there bool) error {
	if there {
		if old, err := getXattr(dst, name, attr); err == nil && bytes.Equal(old, value) {
			return nil
		}
	}
	if err := dst.SetXattr(name, attr, value, 0); err != nil {
		return cannotHold("attribute "+attr, err)
	}
	return nil
}

// listXattrs returns the names of the attributes that are copied. A filesystem
// without attributes has none.
func listXattrs(r Ref, name string) (map[string]bool, error) {
	text, err := grow(func(dst []byte) (int, error) { return r.ListXattr(name, dst) })
	if err != nil && !errors.Is(err, syscall.EOPNOTSUPP) {
		return nil, err
	}
	attrs := make(map[string]bool)
	for attr := range strings.SplitSeq(string(text), "\x00") {
		if copiedXattr(attr) {
			attrs[attr] = true
		}
	}
	return attrs, nil
}

func getXattr(r Ref, name, attr string) ([]byte, error) {
	return grow(func(dst []byte) (int, error) { return r.GetXattr(name, attr, dst) })
}

// grow calls get with a buffer that is large enough, also when what it gets
// grows meanwhile.
func grow(get func(dst []byte) (int, error)) ([]byte, error) {
	buf := make([]byte, 256)
	for {
		n, err := get(buf)
		if err == nil {
			return buf[:n], nil
		}
		if !errors.Is(err, syscall.ERANGE) {
			return nil, err
		}
		if n, err = get(nil); err != nil {
			return nil, err
		}
		if n <= len(buf) {
			n = len(buf) * 2
		}
		buf = make([]byte, n)
	}
}
