package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/seamfs/seamfs/fusefs/ctl"
	"github.com/seamfs/seamfs/placement/move"
)

// which is the which command.
func (a *app) which(ctx context.Context, args []string) error {
	fs := newFlags("which")
	if err := parse(fs, args, 1, 1); err != nil {
		return err
	}
	place, err := ctl.Find(fs.Arg(0))
	if err != nil {
		return err
	}
	c := ctl.NewClient(place.Socket)
	defer c.Close()
	w, err := c.Which(ctx, place.Path)
	// Whoever may see the file may know where it is, though only root and the
	// owner may talk to the daemon.
	if errors.Is(err, unix.EACCES) || errors.Is(err, unix.EPERM) {
		w, err = whichByXattr(fs.Arg(0))
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.stdout, "%s\n%s\n%s\n", w.Backend, w.Home, w.State)
	return err
}

// whichByXattr asks the file itself.
func whichByXattr(path string) (*ctl.Which, error) {
	var values [3]string
	for i, name := range []string{"seamfs.backend", "seamfs.home", "seamfs.state"} {
		buf := make([]byte, 4096)
		n, err := unix.Lgetxattr(path, name, buf)
		if err != nil {
			return nil, fmt.Errorf("ask %s for %s: %w", path, name, err)
		}
		values[i] = string(bytes.TrimRight(buf[:n], "\x00"))
	}
	return &ctl.Which{Backend: values[0], Home: values[1], State: move.State(values[2])}, nil
}
