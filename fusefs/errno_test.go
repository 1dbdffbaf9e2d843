package fusefs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"syscall"
	"testing"

	"github.com/hanwen/go-fuse/v2/fuse"
)

func TestErrno(t *testing.T) {
	tests := []struct {
		name   string
		err    error
		want   fuse.Status
		logged bool
	}{
		{"none", nil, fuse.OK, false},
		{"plain", syscall.ENOSPC, fuse.Status(syscall.ENOSPC), false},
		{"wrapped", fmt.Errorf("make a: %w", &fs.PathError{Op: "mkdirat", Path: "a", Err: syscall.EEXIST}), fuse.Status(syscall.EEXIST), false},
		{"joined", errors.Join(errors.New("x"), syscall.EBUSY), fuse.EBUSY, false},
		{"cancelled", fmt.Errorf("wait for a: %w", context.Canceled), fuse.EINTR, false},
		{"deadline", context.DeadlineExceeded, fuse.EINTR, false},
		{"would turn the request off", syscall.ENOSYS, fuse.Status(syscall.EOPNOTSUPP), false},
		{"I/O error", syscall.EIO, fuse.EIO, true},
		{"unknown", errors.New("what is this"), fuse.EIO, true},
		{"no error number", syscall.Errno(0), fuse.EIO, true},
		{"kernel-internal", syscall.Errno(512), fuse.EIO, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var log bytes.Buffer
			f := &FS{log: slog.New(slog.NewTextHandler(&log, nil))}
			if got := f.errno(20, tt.err); got != tt.want {
				t.Errorf("errno(%v) = %v, want %v", tt.err, got, tt.want)
			}
			if got := strings.Contains(log.String(), "FSYNC"); got != tt.logged {
				t.Errorf("logged %q, want a line about FSYNC: %v", &log, tt.logged)
			}
		})
	}
}
