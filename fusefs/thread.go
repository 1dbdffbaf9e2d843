package fusefs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// thread is what /proc/TID/status tells about the sender of a request, whose
// header carries the thread's id.
type thread struct {
	pending       uint64 // signals for the thread
	sharedPending uint64 // signals for its process
	blocked       uint64
	ignored       uint64
	caught        uint64
	capabilities  uint64 // effective
}

func readThread(tid uint32) (*thread, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", tid))
	if err != nil {
		return nil, err
	}
	return parseThread(string(text))
}

func parseThread(text string) (*thread, error) {
	var t thread
	fields := map[string]*uint64{
		"SigPnd": &t.pending, "ShdPnd": &t.sharedPending, "SigBlk": &t.blocked,
		"SigIgn": &t.ignored, "SigCgt": &t.caught, "CapEff": &t.capabilities,
	}
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(line, ":")
		field := fields[key]
		if field == nil {
			continue
		}
		mask, err := strconv.ParseUint(strings.TrimSpace(value), 16, 64)
		if err != nil {
			return nil, fmt.Errorf("read %s of a thread: %w", key, err)
		}
		*field = mask
		delete(fields, key)
	}
	if len(fields) > 0 {
		return nil, errors.New("read a thread's status: fields are missing")
	}
	return &t, nil
}

// gone tells whether an error of readThread means that the thread has ended,
// rather than that /proc isn't there.
func gone(err error) bool {
	if errors.Is(err, syscall.ESRCH) {
		return true
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return false
	}
	_, err = os.Stat("/proc/self/status")
	return err == nil
}
