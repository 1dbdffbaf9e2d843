package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/signal"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"

	"github.com/seamfs/seamfs/fusefs/ctl"
	"github.com/seamfs/seamfs/placement/move"
)

// watchEvery is how often status --watch looks.
const watchEvery = time.Second

// statusFlags is the command line of status.
type statusFlags struct {
	set   *pflag.FlagSet
	json  bool
	watch bool
}

func newStatusFlags() *statusFlags {
	f := &statusFlags{set: newFlags("status")}
	f.set.BoolVar(&f.json, "json", false, "print one JSON object, with --watch one a line")
	f.set.BoolVar(&f.watch, "watch", false, "look each second until all is settled")
	return f
}

// status is the status command.
func (a *app) status(ctx context.Context, args []string) error {
	f := newStatusFlags()
	if err := parse(f.set, args, 0, 1); err != nil {
		return err
	}
	place, err := findPlace(f.set.Args())
	if err != nil {
		return err
	}
	c := ctl.NewClient(place.Socket)
	defer c.Close()
	if f.watch {
		ctx, stop := signal.NotifyContext(ctx, unix.SIGINT, unix.SIGTERM)
		defer stop()
		return a.watch(ctx, c, place.Path, f.json)
	}
	r, err := c.Status(ctx, place.Path, true)
	if err != nil {
		return err
	}
	return a.printReport(r, f.json)
}

// findPlace finds what the arguments name: a path, or without one the only
// mount.
func findPlace(args []string) (*ctl.Place, error) {
	if len(args) == 0 {
		return ctl.FindOnly()
	}
	return ctl.Find(args[0])
}

// watch prints a report each second until everything is settled or ctx ends.
func (a *app) watch(ctx context.Context, c *ctl.Client, path string, asJSON bool) error {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	redraw := !asJSON && isTerminal(a.stdout)
	for {
		r, err := c.Status(ctx, path, true)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		if redraw {
			fmt.Fprint(a.stdout, "\x1b[H\x1b[2J")
		}
		if err := a.printReport(r, asJSON); err != nil {
			return err
		}
		if allSettled(r) {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// allSettled tells whether nothing under the asked path is on its way, nor
// could be.
func allSettled(r *ctl.Report) bool {
	return r.Status.State == move.Settled && r.Status.Pending == 0 && !r.Status.Scanning
}

// printReport prints a report in one write, so that a watcher sees it whole.
func (a *app) printReport(r *ctl.Report, asJSON bool) error {
	var b bytes.Buffer
	if asJSON {
		if err := json.NewEncoder(&b).Encode(r); err != nil {
			return fmt.Errorf("encode status: %w", err)
		}
	} else {
		writeTable(&b, r)
	}
	if _, err := a.stdout.Write(b.Bytes()); err != nil {
		return fmt.Errorf("print status: %w", err)
	}
	return nil
}
