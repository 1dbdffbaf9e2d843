package main

import (
	"fmt"
	"io"
	"path"
	"strings"
	"text/tabwriter"

	"github.com/seamfs/seamfs/fusefs/ctl"
	"github.com/seamfs/seamfs/placement/move"
)

// maxRows bounds the moves that the table shows; --json has all.
const maxRows = 40

// writeTable writes a report for people.
func writeTable(w io.Writer, r *ctl.Report) {
	writeSummary(w, r)
	if r.Status.Path == "/" {
		writeBackends(w, r.Backends)
	}
	writeMoves(w, r.Moves)
	writeFinished(w, r.Finished)
}

// writeSummary writes one line about the asked path, and one for each thing
// that deserves attention.
func writeSummary(w io.Writer, r *ctl.Report) {
	st := &r.Status
	fmt.Fprintf(w, "%s: %s", clean(path.Join(r.Mount.Mountpoint, st.Path)), st.State)
	if st.Pending > 0 {
		fmt.Fprintf(w, ", %s unsettled, %s of %s (%d %%)", plural(st.Pending, "object", "objects"),
			humanBytes(st.BytesDone), humanBytes(st.BytesTotal), st.Progress)
	}
	if st.Error != "" {
		fmt.Fprintf(w, ": %s", clean(st.Error))
	}
	fmt.Fprintln(w)
	if st.Scanning {
		fmt.Fprintf(w, "  still scanning: %s read so far\n", plural(r.Scan.Directories, "directory", "directories"))
	}
	if st.ScanErrors > 0 {
		fmt.Fprintf(w, "  %s could not be read: what is below isn't known to be settled\n", plural(st.ScanErrors, "directory", "directories"))
	}
	if n := r.Counters.Misplaced; n > 0 {
		fmt.Fprintf(w, "  %s from before this mount left where the rules don't want them (see --adopt)\n", plural(n, "object", "objects"))
	}
	if n := r.Counters.LostFound; n > 0 {
		fmt.Fprintf(w, "  %s in .seamfs/lost+found of the backends\n", plural(n, "object", "objects"))
	}
	if r.Mount.Stopping {
		fmt.Fprintln(w, "  the mount is being settled before its end")
	}
}

func newTable(w io.Writer) *tabwriter.Writer { return tabwriter.NewWriter(w, 0, 8, 2, ' ', 0) }

func writeBackends(w io.Writer, bs []ctl.Backend) {
	if len(bs) == 0 {
		return
	}
	t := newTable(w)
	fmt.Fprintln(t, "\nBACKEND\tTYPE\tKIND\tFREE\tSIZE\tPATH")
	for _, b := range bs {
		kind := "durable"
		if b.Volatile {
			kind = "volatile"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", b.Name, b.FSType, kind, humanBytes(b.Free), humanBytes(b.Total), clean(b.Path))
	}
	t.Flush()
}

func writeMoves(w io.Writer, ms []move.Status) {
	if len(ms) == 0 {
		return
	}
	t := newTable(w)
	fmt.Fprintln(t, "\nSTATE\tDONE\tSIZE\tFROM\tTO\tPATH")
	for _, m := range ms[:min(len(ms), maxRows)] {
		fmt.Fprintf(t, "%s\t%d %%\t%s\t%s\t%s\t%s", m.State, m.Progress, humanBytes(m.BytesTotal), m.Backend, m.Home, clean(m.Path))
		if m.Error != "" {
			fmt.Fprintf(t, ": %s", clean(m.Error))
		}
		fmt.Fprintln(t)
	}
	t.Flush()
	if n := len(ms) - maxRows; n > 0 {
		fmt.Fprintf(w, "… and %d more (--json lists all)\n", n)
	}
}

func writeFinished(w io.Writer, fs []move.Status) {
	if len(fs) == 0 {
		return
	}
	t := newTable(w)
	fmt.Fprintln(t, "\nFINISHED\tSIZE\tBACKEND\tPATH")
	for _, f := range fs[:min(len(fs), maxRows)] {
		at := "-"
		if f.Ended != nil {
			at = f.Ended.Local().Format("15:04:05")
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", at, humanBytes(f.BytesTotal), f.Backend, clean(f.Path))
	}
	t.Flush()
}

// clean keeps control characters of names and messages from the terminal and
// from the columns.
func clean(s string) string { return oneLine(strings.ReplaceAll(s, "\n", "?")) }
