package ctl

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"
)

// FSType is the type under which mounts appear in mountinfo.
const FSType = "fuse.seamfs"

// MountEntry is one line of /proc/self/mountinfo.
type MountEntry struct {
	Dev        string // major:minor
	Root       string // which directory of the filesystem is mounted
	Mountpoint string
	FSType     string
	Source     string
}

// Mounts reads the mounts of this process, in the order in which the kernel
// lists them: of two at one mount point the later one is on top.
func Mounts() ([]MountEntry, error) {
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return nil, fmt.Errorf("list mounts: %w", err)
	}
	defer f.Close()
	return parseMountinfo(f)
}

func parseMountinfo(r io.Reader) ([]MountEntry, error) {
	var out []MountEntry
	sc := bufio.NewScanner(r)
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		before, after, ok := strings.Cut(sc.Text(), " - ")
		head, tail := strings.Fields(before), strings.Fields(after)
		if !ok || len(head) < 6 || len(tail) < 2 {
			return nil, fmt.Errorf("list mounts: unknown line %q", sc.Text())
		}
		out = append(out, MountEntry{
			Dev:        head[2],
			Root:       unoctal(head[3]),
			Mountpoint: unoctal(head[4]),
			FSType:     tail[0],
			Source:     unoctal(tail[1]),
		})
	}
	if err := sc.Err(); err != nil {
		return nil, fmt.Errorf("list mounts: %w", err)
	}
	return out, nil
}

// unoctal undoes the escapes \040, \011, \012 and \134 of mountinfo.
func unoctal(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) && isOctal(s[i+1]) && isOctal(s[i+2]) && isOctal(s[i+3]) {
			b.WriteByte((s[i+1]-'0')<<6 | (s[i+2]-'0')<<3 | (s[i+3] - '0'))
			i += 3
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func isOctal(c byte) bool { return c >= '0' && c <= '7' }

// TopAt returns the mount on top at exactly this path, or nil.
func TopAt(mounts []MountEntry, path string) *MountEntry {
	for i := len(mounts) - 1; i >= 0; i-- {
		if mounts[i].Mountpoint == path {
			return &mounts[i]
		}
	}
	return nil
}

// holding returns the mount that a resolved absolute path lies in, or nil.
func holding(mounts []MountEntry, path string) *MountEntry {
	var best *MountEntry
	for i := range mounts {
		m := &mounts[i]
		if within(path, m.Mountpoint) && (best == nil || len(m.Mountpoint) >= len(best.Mountpoint)) {
			best = m
		}
	}
	return best
}

// within tells whether path is dir or lies below it.
func within(path, dir string) bool {
	return dir == "/" || path == dir || strings.HasPrefix(path, dir+"/")
}
