package posix

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/seamfs/seamfs/backend"
	"golang.org/x/sys/unix"
)

// place is where a directory is, in both senses: its resolved path, which
// tells what lies below it in the tree of mounts, and its place in its
// filesystem, which is the same for all bind mounts of it.
type place struct {
	what string // for messages
	path string
	dev  uint64
	inFS string // from the root of the filesystem; "" if unknown
}

// CheckLayout refuses backends (root paths by name) that are the same
// directory or lie in one another, and a mountpoint that lies in a backend or
// has one below it, however symbolic links and bind mounts hide it. The error
// is one line and wraps ErrNested, ErrMissing or ErrNotDir. Nothing changes on
// disk.
func CheckLayout(mountpoint string, roots map[string]string) error {
	mounts, err := readMounts()
	if err != nil {
		return fmt.Errorf("read the table of mounts: %w", err)
	}
	point, err := locate("mountpoint", mountpoint, mounts)
	if err != nil {
		return err
	}
	places := []place{point}
	for _, name := range slices.Sorted(maps.Keys(roots)) {
		p, err := locate("backend "+name, roots[name], mounts)
		if err != nil {
			return err
		}
		places = append(places, p)
	}
	for i, a := range places {
		for _, b := range places[i+1:] {
			if err := disjoint(a, b); err != nil {
				return err
			}
		}
	}
	return nil
}

func locate(what, path string, mounts map[uint64]mount) (place, error) {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	switch err {
	case nil:
	case unix.ENOENT:
		return place{}, fmt.Errorf("%s: %s: %w (make it first): %w", what, path, backend.ErrMissing, err)
	case unix.ENOTDIR:
		return place{}, fmt.Errorf("%s: %s: %w (name a directory): %w", what, path, backend.ErrNotDir, err)
	default:
		return place{}, fmt.Errorf("%s: open %s: %w", what, path, err)
	}
	defer unix.Close(fd)
	full, err := os.Readlink("/proc/self/fd/" + strconv.Itoa(fd))
	if err != nil {
		return place{}, fmt.Errorf("%s: resolve %s: %w", what, path, err)
	}
	var st unix.Statx_t
	if err := statx(fd, &cname{}, unix.AT_EMPTY_PATH, unix.STATX_MNT_ID, &st); err != nil {
		return place{}, fmt.Errorf("%s: stat %s: %w", what, path, err)
	}
	p := place{what: what, path: full}
	if m, ok := mounts[st.Mnt_id]; ok && within(full, m.point) {
		p.dev = m.dev
		p.inFS = strings.TrimSuffix(m.root, "/") + "/" + strings.Trim(strings.TrimPrefix(full, m.point), "/")
	}
	return p, nil
}

func disjoint(a, b place) error {
	sameFS := a.inFS != "" && b.inFS != "" && a.dev == b.dev
	how := ""
	switch {
	case a.path == b.path, sameFS && clean(a.inFS) == clean(b.inFS):
		how = "is the same directory as"
	case within(a.path, b.path), sameFS && within(a.inFS, b.inFS):
		how = "lies inside"
	case within(b.path, a.path), sameFS && within(b.inFS, a.inFS):
		how = "contains"
	default:
		return nil
	}
	return fmt.Errorf("%s (%s) %s %s (%s): %w: choose directories that don't contain each other: %w",
		a.what, a.path, how, b.what, b.path, backend.ErrNested, unix.EINVAL)
}

func clean(dir string) string { return strings.TrimSuffix(dir, "/") }

// within tells whether path is dir or below it.
func within(path, dir string) bool {
	path, dir = clean(path), clean(dir)
	return path == dir || strings.HasPrefix(path, dir+"/")
}
