package posix

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"

	"github.com/seamfs/seamfs/backend"
	"golang.org/x/sys/unix"
)

// formatVersion is the newest layout of the private directory known here.
const formatVersion = 1

// format is the content of the format file, as JSON.
type format struct {
	Version int    `json:"seamfs_backend"`
	UUID    string `json:"uuid"`
}

func (b *posix) readFormat() error {
	text, err := b.readSmall(formatName)
	if err != nil {
		return b.wrap("read the format of", err)
	}
	var f format
	if err := json.Unmarshal(text, &f); err != nil {
		return b.fail(backend.ErrForeign, unix.EINVAL, "its format file can't be read: "+err.Error())
	}
	if f.Version > formatVersion {
		return b.fail(backend.ErrForeign, unix.EINVAL, fmt.Sprintf("format %d is newer than %d; use a newer seamfs", f.Version, formatVersion))
	}
	id, err := hex.DecodeString(f.UUID)
	if err != nil || len(id) != len(b.props.UUID) || f.Version < 1 {
		return b.fail(backend.ErrForeign, unix.EINVAL, "its format file has no valid version and uuid")
	}
	b.props.UUID = backend.UUID(id)
	return nil
}

func (b *posix) writeFormat(random io.Reader) error {
	if _, err := io.ReadFull(random, b.props.UUID[:]); err != nil {
		return b.wrap("choose a UUID for", err)
	}
	text, err := json.Marshal(format{Version: formatVersion, UUID: b.props.UUID.String()})
	if err != nil {
		return b.wrap("encode the format of", err)
	}
	empty, err := b.onlyPrivate()
	if err != nil {
		return b.wrap("list", err)
	}
	if err := b.writeDurably(formatName, append(text, '\n')); err != nil {
		return b.wrap("write the format of", err)
	}
	b.props.Fresh, b.props.Empty = true, empty
	return nil
}
