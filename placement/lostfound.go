package placement

import (
	"fmt"
	"syscall"

	"github.com/seamfs/seamfs/backend"
	"golang.org/x/sys/unix"
)

// keepLost puts the loser of an unexplained conflict into its backend's
// lost+found, under a name that tells where it was, and syncs that.
func (fs *FS) keepLost(p *Node, name string, c *candidate) error {
	path, ok := fs.Path(p)
	if !ok {
		return syscall.ENOENT
	}
	lf := c.s.Private(backend.LostFoundDir)
	base := lostName(path, name)
	for i := 0; ; i++ {
		to := base
		if i > 0 {
			to = fmt.Sprintf("%s.%d", base, i)
		}
		err := c.ref.Ref.Rename(name, lf, to, unix.RENAME_NOREPLACE)
		if err == syscall.EEXIST {
			continue
		}
		if err != nil {
			return fmt.Errorf("put %s into lost+found of backend %s: %w", name, c.s.name(), err)
		}
		fs.lostFound.Add(1)
		return lf.Sync()
	}
}

// lostName makes one name of a path: "/" becomes "%2F", and the front is cut
// when it gets too long.
func lostName(dir, name string) string {
	var b []byte
	full := dir + "/" + name
	if dir == "/" {
		full = "/" + name
	}
	for i := range len(full) {
		switch full[i] {
		case '/':
			b = append(b, "%2F"...)
		case '%':
			b = append(b, "%25"...)
		default:
			b = append(b, full[i])
		}
	}
	if len(b) > 200 {
		b = b[len(b)-200:]
	}
	return string(b)
}
