package main

import (
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/pflag"

	"github.com/seamfs/seamfs/fusefs/ctl"
)

// durationValue is a flag that takes a duration, or bare seconds.
type durationValue time.Duration

var _ pflag.Value = (*durationValue)(nil)

func (d *durationValue) String() string { return time.Duration(*d).String() }

// Type is the word for the value in the help text.
func (d *durationValue) Type() string { return "duration" }

// Set parses the value.
func (d *durationValue) Set(s string) error {
	v, err := parseDuration(s)
	if err != nil {
		return err
	}
	*d = durationValue(v)
	return nil
}

// parseDuration takes what time.ParseDuration does, and bare seconds. It
// refuses negative durations.
func parseDuration(s string) (time.Duration, error) {
	if f, err := strconv.ParseFloat(s, 64); err == nil {
		d, err := ctl.Seconds(f)
		if err != nil {
			return 0, fmt.Errorf("duration %q is out of range", s)
		}
		return d, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		return 0, fmt.Errorf("%q is not a duration such as 90, 90s or 5m", s)
	}
	if d < 0 {
		return 0, fmt.Errorf("duration %q is out of range", s)
	}
	return d, nil
}
