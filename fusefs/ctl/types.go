package ctl

import (
	"time"

	"github.com/seamfs/seamfs/placement/move"
)

// Schema is the version of the JSON that this package reads and writes.
const Schema = 1

// Report is the answer of status.
type Report struct {
	Schema int       `json:"schema"`
	Mount  MountInfo `json:"mount"`
	// Status sums up the asked path and what is below it.
	Status move.Status `json:"status"`
	// Moves lists the unsettled objects at and below the path, in the order in
	// which they are going to be moved. Empty unless the tree was asked for.
	Moves []move.Status `json:"moves"`
	// Finished lists moves at and below the path that ended lately, the latest
	// first; the daemon remembers a bounded number. Empty unless the tree was
	// asked for.
	Finished []move.Status `json:"finished"`
	// Counters are those of the whole mount, whatever path was asked.
	Counters Counters  `json:"counters"`
	Scan     Scan      `json:"scan"`
	Backends []Backend `json:"backends"`
	Rules    []Rule    `json:"rules"`
	// Requests counts the FUSE requests since the mount, by opcode.
	Requests map[string]uint64 `json:"requests"`
}

// MountInfo tells which mount answered.
type MountInfo struct {
	ID         string    `json:"id"`         // [MountID]
	Mountpoint string    `json:"mountpoint"` // escaped
	PID        int       `json:"pid"`        // of the daemon
	Version    string    `json:"version"`    // of the daemon
	Started    time.Time `json:"started"`
	// Stopping tells that the mount is being drained before its end.
	Stopping bool `json:"stopping"`
}

// Counters count objects of the whole mount by the state of their moves.
type Counters struct {
	Queued    int64 `json:"queued"`
	Copying   int64 `json:"copying"`
	Switching int64 `json:"switching"`
	Pinned    int64 `json:"pinned"`
	Parked    int64 `json:"parked"`
	Paused    int64 `json:"paused"`
	Failed    int64 `json:"failed"`
	// Settled counts the moves completed since the daemon started.
	Settled int64 `json:"settled"`
	// BytesDone and BytesTotal sum up the moves that aren't settled.
	BytesDone  int64 `json:"bytes_done"`
	BytesTotal int64 `json:"bytes_total"`
	// BytesMoved sums up the moves completed since the daemon started.
	BytesMoved int64 `json:"bytes_moved"`
	// Misplaced counts objects that lie elsewhere than the rules say from
	// before this mount and are left there (see --adopt).
	Misplaced int64 `json:"misplaced"`
	// LostFound counts the losers of unexplained conflicts, kept in the
	// backends' lost+found.
	LostFound int64 `json:"lost_found"`
}

// Unsettled is the number of objects that aren't settled.
func (c *Counters) Unsettled() int64 {
	return c.Queued + c.Copying + c.Switching + c.Pinned + c.Parked + c.Paused + c.Failed
}

// Scan tells how far the background scan for misplaced objects is.
type Scan struct {
	Running     bool  `json:"running"`
	Directories int64 `json:"directories"` // read so far
	Errors      int64 `json:"errors"`      // directories that could not be read
}

// Backend describes one backend.
type Backend struct {
	Name     string `json:"name"`
	Path     string `json:"path"` // escaped
	FSType   string `json:"fstype"`
	UUID     string `json:"uuid"`
	Volatile bool   `json:"volatile"`
	Private  bool   `json:"private"` // a tmpfs that seamfs mounted itself
	Total    int64  `json:"total"`   // bytes
	Free     int64  `json:"free"`    // bytes that anybody may use
}

// Rule says on which backends objects under a prefix belong.
type Rule struct {
	Prefix   string   `json:"prefix"`   // escaped
	Backends []string `json:"backends"` // in order of preference
	IO       string   `json:"io"`       // "managed", "passthrough" or "" for the default
}

// Which is the answer of which.
type Which struct {
	Schema  int        `json:"schema"`
	Path    string     `json:"path"`    // escaped
	Backend string     `json:"backend"` // resident
	Home    string     `json:"home"`
	State   move.State `json:"state"`
}

// WaitResult is the answer of wait: nothing that was under the path at the
// call is on its way any more.
type WaitResult struct {
	Schema int `json:"schema"`
	// Settled tells that all of it is settled.
	Settled bool `json:"settled"`
	// Unsettled lists what failed or is parked, if anything.
	Unsettled []move.Status `json:"unsettled"`
	// ScanErrors counts directories below the path that couldn't be read, so
	// that nothing below them can be called settled.
	ScanErrors int64 `json:"scan_errors"`
}

// Left is what a drain could not settle.
type Left struct {
	Schema  int   `json:"schema"`
	Objects int64 `json:"objects"`
	Bytes   int64 `json:"bytes"` // allocated
	// Complete tells that everything was looked at; otherwise there may be more
	// than is counted here.
	Complete bool `json:"complete"`
	// Backends tells where it lies.
	Backends []BackendLeft `json:"backends"`
}

// Nothing tells that a drain left nothing, for certain.
func (l *Left) Nothing() bool { return l.Objects == 0 && l.Complete }

// On is the number of objects left on the named backend.
func (l *Left) On(name string) int64 {
	for _, b := range l.Backends {
		if b.Name == name {
			return b.Objects
		}
	}
	return 0
}

// BackendLeft is what a drain left on one backend.
type BackendLeft struct {
	Name    string `json:"name"`
	Path    string `json:"path"` // escaped
	Objects int64  `json:"objects"`
	Bytes   int64  `json:"bytes"`
}

// UmountOptions say how to end a mount.
type UmountOptions struct {
	// SettleSeconds bounds the drain; nil means the mount's own
	// --settle-timeout. 0 doesn't wait at all.
	SettleSeconds *float64 `json:"settle_seconds"`
	// DiscardScratch drops the private tmpfs backends on which nothing
	// unsettled is left.
	DiscardScratch bool `json:"discard_scratch"`
}

// UmountResult tells what an umount left. It is sent after the backends are
// closed and their locks are free.
type UmountResult struct {
	Schema    int      `json:"schema"`
	Left      Left     `json:"left"`
	Discarded []string `json:"discarded"` // names of backends
	Kept      []string `json:"kept"`      // names of private tmpfs backends, for the next start
}

// Phases of a [Progress].
const (
	PhaseSettling   = "settling"
	PhaseUnmounting = "unmounting"
	PhaseClosing    = "closing"
)

// Progress tells how far a wait, drain or umount is.
type Progress struct {
	Phase      string `json:"phase"`
	Pending    int64  `json:"pending"` // unsettled objects
	BytesDone  int64  `json:"bytes_done"`
	BytesTotal int64  `json:"bytes_total"`
	// Current is the path of one object that is being moved, escaped, or "".
	Current string `json:"current"`
}
