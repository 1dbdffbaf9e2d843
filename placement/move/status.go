package move

import "time"

// State says how far an object is on its way home.
type State string

// The states of an object. For a directory the first of [StateOrder] that
// occurs in the tree below it.
const (
	Settled   State = "settled"   // resident is one of the rule's backends, durably
	Queued    State = "queued"    // waits for its turn
	Copying   State = "copying"   // bytes are under way
	Switching State = "switching" // the home copy is in place and is being made durable
	Pinned    State = "pinned"    // can't move now, moves by itself later; the reason is in error
	Parked    State = "parked"    // no room, or an error; tried again with back-off or on retry
	Paused    State = "paused"    // held back by pause
	Failed    State = "failed"    // given up; error says why
)

// StateOrder is the order in which a directory's state is chosen from those of
// the objects below it.
var StateOrder = []State{Failed, Parked, Pinned, Paused, Switching, Copying, Queued, Settled}

// Status tells all there is to know about one object, or about one directory
// and what is below it. It is the JSON of the "status" virtual xattr, and of
// the status command's --json.
type Status struct {
	// Path is where the object is in the namespace, from "/". Bytes that aren't
	// valid UTF-8, and "%", are written %XX with two upper-case hexadecimal
	// digits.
	Path       string     `json:"path"`
	Type       string     `json:"type"` // file, dir, symlink, fifo, socket, char, block
	ID         uint64     `json:"id"`   // st_ino
	State      State      `json:"state"`
	Backend    string     `json:"backend"`     // resident
	Home       string     `json:"home"`        // where the rule wants it
	BytesDone  int64      `json:"bytes_done"`  // allocated bytes, copied so far
	BytesTotal int64      `json:"bytes_total"` // allocated bytes
	Progress   int        `json:"progress"`    // 0-100
	Attempts   int        `json:"attempts"`    // tries so far
	Error      string     `json:"error"`       // last error, or the reason of pinned, parked, failed; else ""
	Since      *time.Time `json:"since"`       // when it was queued; null when settled
	Ended      *time.Time `json:"ended"`       // when its last move ended, if that was lately; else null
	// Pending counts the unsettled objects below a directory, itself included
	// (for other types 0 or 1).
	Pending int64 `json:"pending"`
	// Scanning tells that the tree isn't scanned to the end yet, so that
	// settled can't be said; state is then at least queued.
	Scanning bool `json:"scanning"`
	// ScanErrors counts directories that could not be read.
	ScanErrors int64 `json:"scan_errors"`
}
