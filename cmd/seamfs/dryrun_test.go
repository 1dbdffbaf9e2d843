package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDryRunCountsMisplaced(t *testing.T) {
	fast, slow := t.TempDir(), t.TempDir()
	for _, f := range []string{filepath.Join(fast, "store/a"), filepath.Join(fast, "scratch/b"), filepath.Join(fast, ".seamfs/format"), filepath.Join(slow, "scratch/c"), filepath.Join(slow, "store/.seamfs-not")} {
		must(t, os.MkdirAll(filepath.Dir(f), 0o755))
		must(t, os.WriteFile(f, make([]byte, 8192), 0o644))
	}
	cfg := &mountConfig{
		Mountpoint: "/m",
		Backends:   []backendConfig{{Name: "fast", Path: fast}, {Name: "slow", Path: slow}, {Name: "ram", Path: "/nowhere", Tmpfs: true, Size: 1 << 30}},
		Rules:      []ruleConfig{{Prefix: "/", Backends: []string{"slow"}}, {Prefix: "/scratch", Backends: []string{"fast"}, IO: ioManaged}},
	}
	var b bytes.Buffer
	a := &app{stdout: &b}
	must(t, a.dryRun(cfg))
	for _, want := range []string{
		"mount point  /m\n", "backend      ram: tmpfs of 1.0 GiB at /nowhere\n", "rule         /scratch: fast (managed)\n",
		"1 object (8.0 KiB) on fast belonging on slow: would stay where it is without --adopt, but for moves",
		"1 object (8.0 KiB) on slow belonging on fast: would stay where it is without --adopt\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is missing in:\n%s", want, b.String())
		}
	}
	b.Reset()
	cfg.Adopt = true
	must(t, a.dryRun(cfg))
	if !strings.Contains(b.String(), "on fast belonging on slow: would move\n") {
		t.Errorf("with adopt:\n%s", b.String())
	}
}
