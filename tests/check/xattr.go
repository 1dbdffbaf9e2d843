package check

import (
	"iter"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// Xattr returns the value of an extended attribute of what is at path, not
// following a link.
func Xattr(path, name string) (string, error) {
	buf := make([]byte, 64<<10)
	n, err := unix.Lgetxattr(path, name, buf)
	if err != nil {
		return "", err
	}
	return string(buf[:n]), nil
}

// XattrNames lists the extended attributes of what is at path, sorted.
func XattrNames(t testing.TB, path string) []string {
	t.Helper()
	buf := make([]byte, 64<<10)
	n, err := unix.Llistxattr(path, buf)
	if err == unix.ENOTSUP {
		return nil
	}
	OK(t, err)
	names := strings.FieldsFunc(string(buf[:n]), func(r rune) bool { return r == 0 })
	slices.Sort(names)
	return names
}

// Xattrs iterates over the extended attributes of what is at path by name.
// Those that belong to seamfs itself are left out: on a backend a stamp is no
// part of the user's object.
func Xattrs(t testing.TB, path string) iter.Seq2[string, string] {
	t.Helper()
	return func(yield func(string, string) bool) {
		for _, name := range XattrNames(t, path) {
			if name == "trusted.seamfs" || strings.HasPrefix(name, "trusted.seamfs.") {
				continue
			}
			value, err := Xattr(path, name)
			OK(t, err)
			if !yield(name, value) {
				return
			}
		}
	}
}
