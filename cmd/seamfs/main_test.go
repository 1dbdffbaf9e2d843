package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestHelp(t *testing.T) {
	for _, args := range [][]string{{"help"}, {"--help"}, {"-h"}} {
		var out, errs bytes.Buffer
		if code := run(append([]string{"seamfs"}, args...), &out, &errs); code != 0 || errs.Len() != 0 {
			t.Errorf("%v: code %d, %s", args, code, errs.String())
		}
		for _, c := range commands() {
			if !strings.Contains(out.String(), "seamfs "+c.name) {
				t.Errorf("%v doesn't name %s", args, c.name)
			}
		}
	}
}

func TestHelpOfCommands(t *testing.T) {
	for name, flag := range map[string]string{"mount": "--backend", "umount": "--discard-scratch", "status": "--json", "wait": "--timeout", "which": "PATH", "version": "version"} {
		for _, args := range [][]string{{"seamfs", "help", name}, {"seamfs", name, "--help"}} {
			var out, errs bytes.Buffer
			if code := run(args, &out, &errs); code != 0 || errs.Len() != 0 || !strings.Contains(out.String(), flag) {
				t.Errorf("%v: code %d, %q, %q", args, code, out.String(), errs.String())
			}
		}
	}
}

func TestVersion(t *testing.T) {
	for _, arg := range []string{"version", "--version"} {
		var out, errs bytes.Buffer
		if code := run([]string{"seamfs", arg}, &out, &errs); code != 0 || !strings.HasPrefix(out.String(), "seamfs ") || strings.Count(out.String(), "\n") != 1 {
			t.Errorf("%s: code %d, %q, %q", arg, code, out.String(), errs.String())
		}
	}
	b := buildInfo{version: "v1.2.3", revision: "0123456789abcdef", modified: true}
	if s := b.String(); !strings.HasPrefix(s, "seamfs v1.2.3 (0123456789ab, modified) go") {
		t.Errorf("got %q", s)
	}
}
