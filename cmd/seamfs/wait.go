package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/pflag"

	"github.com/seamfs/seamfs/fusefs/ctl"
)

// waitFlags is the command line of wait.
type waitFlags struct {
	set     *pflag.FlagSet
	timeout durationValue
}

func newWaitFlags() *waitFlags {
	f := &waitFlags{set: newFlags("wait")}
	f.set.Var(&f.timeout, "timeout", "give up after this long; without it never")
	return f
}

// wait is the wait command.
func (a *app) wait(ctx context.Context, args []string) error {
	f := newWaitFlags()
	if err := parse(f.set, args, 1, 1); err != nil {
		return err
	}
	if f.set.Changed("timeout") {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(f.timeout))
		defer cancel()
	}
	place, err := ctl.Find(f.set.Arg(0))
	if err != nil {
		return err
	}
	return a.waitAt(ctx, ctl.NewClient(place.Socket), place.Path)
}

// waitAt waits for a path within a mount and says what isn't settled.
func (a *app) waitAt(ctx context.Context, c *ctl.Client, path string) error {
	defer c.Close()
	var pp *progressPrinter
	show := func(ctl.Progress) {}
	if isTerminal(a.stderr) {
		pp = newProgressPrinter(a.stderr, true, time.Now)
		show = pp.show
	}
	res, err := c.Wait(ctx, path, show)
	if pp != nil {
		pp.done()
	}
	// The connection may have failed because of the timeout, in its own words.
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fail(exitTimeout, "the timeout passed with something unsettled")
	}
	if err != nil {
		return err
	}
	if res.Settled {
		return nil
	}
	for _, m := range res.Unsettled {
		fmt.Fprintf(a.stderr, "%s: %s: %s\n", clean(m.Path), m.State, clean(m.Error))
	}
	if res.ScanErrors > 0 {
		fmt.Fprintf(a.stderr, "%s could not be read\n", plural(res.ScanErrors, "directory", "directories"))
	}
	return &exitError{code: exitFailed}
}
