package posix

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/seamfs/seamfs/backend"
	"golang.org/x/sys/unix"
)

// mount is one line of /proc/self/mountinfo.
type mount struct {
	id     uint64
	dev    uint64 // of the superblock: one for all mounts and subvolumes of a filesystem
	root   string // directory of the filesystem that is mounted
	point  string // where
	fstype string
}

// identifyFS sets the properties that the mounted filesystem tells.
func (b *posix) identifyFS() error {
	var st unix.Statx_t
	if err := statx(b.root.fd, &cname{}, unix.AT_EMPTY_PATH, unix.STATX_BASIC_STATS|unix.STATX_MNT_ID, &st); err != nil {
		return b.wrap("stat", err)
	}
	var fs unix.Statfs_t
	if err := retry(func() error { return unix.Fstatfs(b.syncFD, &fs) }); err != nil {
		return b.wrap("statfs", err)
	}
	if fs.Flags&unix.ST_RDONLY != 0 {
		return b.fail(backend.ErrReadOnly, unix.EROFS, "mount it read-write")
	}
	p := &b.props
	p.Dev = unix.Mkdev(st.Dev_major, st.Dev_minor)
	p.NameMax = int(fs.Namelen)
	magic := uint32(fs.Type)
	p.Volatile = magic == unix.TMPFS_MAGIC || magic == unix.RAMFS_MAGIC
	p.FSType = fmt.Sprintf("%#x", magic)
	mounts, err := readMounts()
	if err != nil {
		return b.wrap("find the mount of", err)
	}
	if m, ok := mounts[st.Mnt_id]; ok {
		p.FSType, p.FSID = m.fstype, m.dev
	}
	return nil
}

// readMounts returns the mounts by id.
func readMounts() (map[uint64]mount, error) {
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	mounts := make(map[uint64]mount)
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if m, ok := parseMount(lines.Text()); ok {
			mounts[m.id] = m
		}
	}
	return mounts, lines.Err()
}

// parseMount reads "id parent major:minor root point options [tag…] - type …".
func parseMount(line string) (m mount, ok bool) {
	f := strings.Fields(line)
	dash := 6
	for dash < len(f) && f[dash] != "-" {
		dash++
	}
	if dash+1 >= len(f) {
		return m, false
	}
	major, minor, _ := strings.Cut(f[2], ":")
	id, err1 := strconv.ParseUint(f[0], 10, 64)
	maj, err2 := strconv.ParseUint(major, 10, 32)
	min, err3 := strconv.ParseUint(minor, 10, 32)
	if err1 != nil || err2 != nil || err3 != nil {
		return m, false
	}
	return mount{
		id: id, dev: unix.Mkdev(uint32(maj), uint32(min)),
		root: unescapeMount(f[3]), point: unescapeMount(f[4]), fstype: f[dash+1],
	}, true
}

// unescapeMount undoes the octal escapes of space, tab, newline and backslash.
func unescapeMount(s string) string {
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				out.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		out.WriteByte(s[i])
	}
	return out.String()
}
