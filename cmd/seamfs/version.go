package main

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
)

// buildInfo is what the build put into the program.
type buildInfo struct {
	version  string
	revision string // of the sources, "" if unknown
	modified bool   // the sources differed from the revision
}

// buildVersion reads what the build put into the program.
func buildVersion() buildInfo {
	bi, ok := debug.ReadBuildInfo()
	if !ok {
		return buildInfo{version: "unknown"}
	}
	v := buildInfo{version: bi.Main.Version}
	if v.version == "" || v.version == "(devel)" {
		v.version = "devel"
	}
	for _, s := range bi.Settings {
		switch s.Key {
		case "vcs.revision":
			v.revision = s.Value
		case "vcs.modified":
			v.modified = s.Value == "true"
		}
	}
	return v
}

func (b buildInfo) String() string {
	s := "seamfs " + b.version
	if b.revision != "" {
		s += " (" + b.revision[:min(len(b.revision), 12)]
		if b.modified {
			s += ", modified"
		}
		s += ")"
	}
	return fmt.Sprintf("%s %s %s/%s", s, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// version is the version command.
func (a *app) version(_ context.Context, args []string) error {
	if err := parse(newFlags("version"), args, 0, 0); err != nil {
		return err
	}
	_, err := fmt.Fprintln(a.stdout, buildVersion())
	return err
}
