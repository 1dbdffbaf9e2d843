package main

import (
	"fmt"
	"io"
	"time"

	"github.com/seamfs/seamfs/fusefs/ctl"
)

// progressEvery is how often progress is written where nobody watches a
// terminal.
const progressEvery = 5 * time.Second

// progressPrinter writes the progress of a long command: on a terminal over
// and over in one line, else as a line now and then.
type progressPrinter struct {
	w     io.Writer
	tty   bool
	now   func() time.Time
	last  time.Time // of the last line, or of the start
	dirty bool      // the terminal's line isn't ended
}

func newProgressPrinter(w io.Writer, tty bool, now func() time.Time) *progressPrinter {
	return &progressPrinter{w: w, tty: tty, now: now, last: now()}
}

// show writes p if it is time to.
func (pp *progressPrinter) show(p ctl.Progress) {
	if pp.tty {
		fmt.Fprintf(pp.w, "\r\x1b[K%s", progressLine(p))
		pp.dirty = true
		return
	}
	if now := pp.now(); now.Sub(pp.last) >= progressEvery {
		pp.last = now
		fmt.Fprintln(pp.w, progressLine(p))
	}
}

// done clears the terminal's line.
func (pp *progressPrinter) done() {
	if pp.dirty {
		fmt.Fprint(pp.w, "\r\x1b[K")
		pp.dirty = false
	}
}

func progressLine(p ctl.Progress) string {
	s := fmt.Sprintf("%s: %s left, %s of %s", p.Phase, plural(p.Pending, "object", "objects"),
		humanBytes(p.BytesDone), humanBytes(p.BytesTotal))
	if p.Current != "" {
		s += ", " + p.Current
	}
	return s
}
