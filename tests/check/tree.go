package check

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// A Tree pictures all that is below a directory: a line of attributes for each
// path relative to it. Hard-link groups are pictured by the first of their
// names, so that trees on different filesystems compare.
type Tree map[string]string

// TreeOptions say what a picture contains beside types, names, modes, owners,
// contents, link counts and xattrs.
type TreeOptions struct {
	Times bool // modification times
	Inode bool // inode numbers
	// NoDirNlink leaves out the link count of directories, which btrfs and
	// FUSE filesystems don't keep.
	NoDirNlink bool
	Skip       string // a name in the root that is left out
}

// TakeTree pictures the tree below root.
func TakeTree(t testing.TB, root string, o TreeOptions) Tree {
	t.Helper()
	tree, first := Tree{}, map[uint64]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, path)
		if o.Skip != "" && rel == o.Skip {
			if d.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		if rel != "." {
			tree[rel] = line(t, path, rel, o, first)
		}
		return nil
	})
	OK(t, err)
	return tree
}

func line(t testing.TB, path, rel string, o TreeOptions, first map[uint64]string) string {
	t.Helper()
	st := Lstat(t, path)
	var b strings.Builder
	fmt.Fprintf(&b, "mode=%o uid=%d gid=%d", st.Mode, st.Uid, st.Gid)
	isDir := st.Mode&unix.S_IFMT == unix.S_IFDIR
	if !isDir || !o.NoDirNlink {
		fmt.Fprintf(&b, " nlink=%d", st.Nlink)
	}
	if o.Times {
		fmt.Fprintf(&b, " mtime=%d.%09d", st.Mtim.Sec, st.Mtim.Nsec)
	}
	if o.Inode {
		fmt.Fprintf(&b, " ino=%d", st.Ino)
	}
	if !isDir && st.Nlink > 1 {
		if _, ok := first[st.Ino]; !ok {
			first[st.Ino] = rel
		}
		fmt.Fprintf(&b, " group=%s", first[st.Ino])
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		fmt.Fprintf(&b, " size=%d sum=%.16s", st.Size, Sum(t, path))
	case unix.S_IFLNK:
		target, err := os.Readlink(path)
		OK(t, err)
		fmt.Fprintf(&b, " target=%q", target)
	case unix.S_IFCHR, unix.S_IFBLK:
		fmt.Fprintf(&b, " rdev=%d", st.Rdev)
	}
	for name, value := range Xattrs(t, path) {
		fmt.Fprintf(&b, " %s=%q", name, value)
	}
	return b.String()
}

// SameTree stops the test unless the two pictures are the same, and names the
// differences.
func SameTree(t testing.TB, what string, got, want Tree) {
	t.Helper()
	if diff := DiffTree(got, want); diff != "" {
		t.Fatalf("%s: trees differ:\n%s", what, diff)
	}
}

// DiffTree lists what differs between two pictures; "" if nothing does.
func DiffTree(got, want Tree) string {
	var b strings.Builder
	all := maps.Clone(want)
	maps.Copy(all, got)
	for _, p := range slices.Sorted(maps.Keys(all)) {
		if got[p] != want[p] {
			fmt.Fprintf(&b, "%s\n  got  %s\n  want %s\n", p, got[p], want[p])
		}
	}
	return b.String()
}
