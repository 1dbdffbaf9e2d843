package fusefs

import (
	"strconv"
	"strings"
	"syscall"

	"github.com/seamfs/seamfs/placement"
)

// virtualName returns the NAME of user.seamfs.NAME or seamfs.NAME. The kernel
// lets user.* through for files and directories only, bare names for all.
func virtualName(attr string) (name string, ok bool) {
	return strings.CutPrefix(strings.TrimPrefix(attr, "user."), "seamfs.")
}

// virtual returns the value of a virtual attribute: ASCII without newlines.
// It is ENODATA for unknown names, and everywhere but on the root for ctl.
func (fs *FS) virtual(n *placement.Node, name string) ([]byte, error) {
	switch name {
	case "ctl":
		if n != fs.ns.Root() || fs.ctl == "" {
			return nil, syscall.ENODATA
		}
		return []byte(fs.ctl), nil
	case "state", "backend", "home", "bytes_done", "bytes_total", "progress", "error", "status":
	default:
		return nil, syscall.ENODATA
	}
	s, err := fs.status.Status(n)
	if err != nil {
		return nil, err
	}
	switch name {
	case "state":
		return []byte(s.State), nil
	case "backend":
		return []byte(s.Backend), nil
	case "home":
		return []byte(s.Home), nil
	case "bytes_done":
		return strconv.AppendInt(nil, s.BytesDone, 10), nil
	case "bytes_total":
		return strconv.AppendInt(nil, s.BytesTotal, 10), nil
	case "progress":
		return strconv.AppendInt(nil, int64(s.Progress), 10), nil
	case "error":
		return plain(s.Error), nil
	}
	return statusJSON(s)
}

// plain writes text as one line of ASCII, other characters escaped as in Go:
// \n, \u00e9.
func plain(s string) []byte {
	q := strconv.AppendQuoteToASCII(nil, s)
	q = q[1 : len(q)-1]
	return []byte(strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(string(q)))
}
