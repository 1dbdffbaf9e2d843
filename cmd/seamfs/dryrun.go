package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/seamfs/seamfs/backend"
	"github.com/seamfs/seamfs/fusefs/ctl"
)

// dryRun prints what a mount would be made of and what would move.
func (a *app) dryRun(cfg *mountConfig) error {
	fmt.Fprintf(a.stdout, "mount point  %s\n", ctl.EscapePath(cfg.Mountpoint))
	for _, b := range cfg.Backends {
		what := ctl.EscapePath(b.Path)
		if b.Tmpfs {
			what = fmt.Sprintf("tmpfs of %s at %s", humanBytes(b.Size), what)
		}
		fmt.Fprintf(a.stdout, "backend      %s: %s\n", b.Name, what)
	}
	for _, r := range cfg.Rules {
		io := ""
		if r.IO != "" {
			io = " (" + r.IO + ")"
		}
		fmt.Fprintf(a.stdout, "rule         %s: %s%s\n", ctl.EscapePath(r.Prefix), strings.Join(r.Backends, ", "), io)
	}
	for _, b := range cfg.Backends {
		a.printMisplaced(cfg, countMisplaced(cfg, &b))
	}
	return nil
}

// misplaced counts what lies on one backend and belongs elsewhere.
type misplaced struct {
	from   string
	to     map[string]*tally // by home
	errors int               // directories that couldn't be read
	used   bool              // an earlier mount may have left moves undone
}

type tally struct{ objects, bytes int64 }

func (a *app) printMisplaced(cfg *mountConfig, m *misplaced) {
	var homes []string
	for h := range m.to {
		homes = append(homes, h)
	}
	slices.Sort(homes)
	for _, h := range homes {
		t := m.to[h]
		verdict := "would stay where it is without --adopt"
		switch {
		case cfg.Adopt:
			verdict = "would move"
		case m.used:
			verdict = "would stay where it is without --adopt, but for moves that an earlier mount left undone"
		}
		fmt.Fprintf(a.stdout, "misplaced    %s (%s) on %s belonging on %s: %s\n",
			plural(t.objects, "object", "objects"), humanBytes(t.bytes), m.from, h, verdict)
	}
	if m.errors > 0 {
		fmt.Fprintf(a.stdout, "misplaced    %s of %s could not be read\n", plural(int64(m.errors), "directory", "directories"), m.from)
	}
}

// countMisplaced walks one backend, read-only. Directories don't count: they
// may be on several backends.
func countMisplaced(cfg *mountConfig, b *backendConfig) *misplaced {
	m := &misplaced{from: b.Name, to: map[string]*tally{}}
	var root syscall.Stat_t
	if syscall.Stat(b.Path, &root) != nil {
		return m // a private tmpfs that isn't there yet
	}
	_ = filepath.WalkDir(b.Path, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			m.errors++
			return nil
		}
		rel := strings.TrimPrefix(p, strings.TrimSuffix(b.Path, "/"))
		if rel == "/"+backend.PrivateDir {
			m.used = true
			return skip(d)
		}
		fi, err := d.Info()
		if err != nil {
			return nil // gone meanwhile
		}
		st, ok := fi.Sys().(*syscall.Stat_t)
		if !ok || st.Dev != root.Dev {
			return skip(d) // another filesystem is mounted there
		}
		m.count(cfg, rel, fi, st)
		return nil
	})
	return m
}

// skip leaves out an entry and what is below it.
func skip(d fs.DirEntry) error {
	if d.IsDir() {
		return filepath.SkipDir
	}
	return nil
}

func (m *misplaced) count(cfg *mountConfig, rel string, fi os.FileInfo, st *syscall.Stat_t) {
	r := cfg.ruleFor(rel)
	if fi.IsDir() || r == nil || slices.Contains(r.Backends, m.from) {
		return
	}
	t := m.to[r.Backends[0]]
	if t == nil {
		t = &tally{}
		m.to[r.Backends[0]] = t
	}
	t.objects++
	t.bytes += st.Blocks * 512
}
