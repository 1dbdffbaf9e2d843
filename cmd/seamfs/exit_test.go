package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/seamfs/seamfs/backend"
	"github.com/seamfs/seamfs/fusefs/ctl"
)

func TestExitCodes(t *testing.T) {
	for _, tc := range []struct {
		err  error
		want int
	}{
		{nil, 0},
		{errors.New("x"), 1},
		{usage("x"), 2},
		{fmt.Errorf("wrapped: %w", usage("x")), 2},
		{fmt.Errorf("open: %w", unix.ENOENT), 2},
		{ctl.ErrSeveral, 2},
		{backend.ErrNested, 2},
		{backend.ErrForeign, 2},
		{backend.ErrKernel, 3},
		{fmt.Errorf("unmount: %w", unix.EBUSY), 4},
		{backend.ErrBusy, 4},
		{&ctl.Error{Message: "busy", Errno: "EBUSY"}, 4},
		{&ctl.UnreachableError{Socket: "/x", Err: unix.ENOENT}, 5},
		{fmt.Errorf("/x: %w", ctl.ErrNoMount), 5},
		{&ctl.Error{Message: "ending", Errno: "ESHUTDOWN"}, 5},
		{&exitError{code: exitLeft}, 6},
		{context.DeadlineExceeded, 124},
	} {
		if got := exitCode(tc.err); got != tc.want {
			t.Errorf("exitCode(%v) = %d, want %d", tc.err, got, tc.want)
		}
	}
}

func TestComplainIsOneLine(t *testing.T) {
	var b bytes.Buffer
	complain(&b, "seamfs", errors.New("a\nb\x1b[2J\n"))
	if got, want := b.String(), "seamfs: a; b?[2J\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	b.Reset()
	if code := complain(&b, "seamfs", &exitError{code: exitLeft}); code != exitLeft || b.Len() != 0 {
		t.Errorf("a silent error: code %d, %q", code, b.String())
	}
}

// The package documentation, the help text and the constants are one table.
func TestExitCodesAreDocumented(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	must(t, err)
	documented := map[int]string{}
	for _, m := range regexp.MustCompile(`(?m)^//\t(\d+)\s+(.*)$`).FindAllStringSubmatch(string(doc), -1) {
		n, err := strconv.Atoi(m[1])
		must(t, err)
		documented[n] = m[2]
	}
	var out, errs bytes.Buffer
	if code := run([]string{"seamfs", "help", "exit-codes"}, &out, &errs); code != 0 {
		t.Fatalf("help exit-codes: %d, %s", code, errs.String())
	}
	for _, e := range exitCodes {
		if documented[e.code] != e.meaning {
			t.Errorf("code %d is %q in doc.go, want %q", e.code, documented[e.code], e.meaning)
		}
		if !strings.Contains(out.String(), fmt.Sprintf("%3d  %s\n", e.code, e.meaning)) {
			t.Errorf("code %d is missing in the help text", e.code)
		}
	}
	if len(documented) != len(exitCodes) {
		t.Errorf("doc.go has %d codes, want %d", len(documented), len(exitCodes))
	}
}
