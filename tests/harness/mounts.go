package harness

import (
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// A Mount is one line of /proc/self/mountinfo.
type Mount struct {
	Point  string
	FSType string
	Minor  string // of st_dev, which is the number of a FUSE connection
}

// Mounts lists what is mounted in this process's namespace, without touching
// any of it.
func Mounts() []Mount {
	data, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil
	}
	var ms []Mount
	for l := range strings.Lines(string(data)) {
		left, right, ok := strings.Cut(l, " - ")
		f, g := strings.Fields(left), strings.Fields(right)
		if !ok || len(f) < 5 || len(g) < 1 {
			continue
		}
		_, minor, _ := strings.Cut(f[2], ":")
		ms = append(ms, Mount{Point: unescape(f[4]), FSType: g[0], Minor: minor})
	}
	return ms
}

func unescape(s string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(s)
}

func mountAt(point string) (Mount, bool) {
	var found Mount
	ok := false
	for _, m := range Mounts() {
		if m.Point == point {
			found, ok = m, true // the last one is on top
		}
	}
	return found, ok
}

// Abort ends the FUSE connection mounted at point: all blocked and later calls
// fail with ENOTCONN.
func Abort(point string) error {
	const ctl = "/sys/fs/fuse/connections"
	var st unix.Statfs_t
	if err := unix.Statfs(ctl, &st); err == nil && st.Type != unix.FUSE_SUPER_MAGIC && st.Type != fusectlMagic {
		if err := unix.Mount("fusectl", ctl, "fusectl", 0, ""); err != nil && err != unix.EBUSY {
			return err
		}
	}
	m, ok := mountAt(point)
	if !ok {
		return nil
	}
	return os.WriteFile(ctl+"/"+m.Minor+"/abort", []byte("1"), 0)
}

const fusectlMagic = 0x65735543
