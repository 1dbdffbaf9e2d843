package ctl

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// Event is one line of a streamed answer: exactly one of its fields but
// Schema is set.
type Event struct {
	Schema   int             `json:"schema"`
	Progress *Progress       `json:"progress,omitempty"`
	Result   json.RawMessage `json:"result,omitempty"`
	Error    *Error          `json:"error,omitempty"`
}

// slowClient bounds how long one event may wait for a client that doesn't
// read; after it the connection is broken and the request is cancelled.
const slowClient = 10 * time.Second

// eventWriter sends events, each flushed at once. mu orders the lines of
// progress and result.
type eventWriter struct {
	mu sync.Mutex
	w  http.ResponseWriter
	rc *http.ResponseController
}

func newEventWriter(w http.ResponseWriter) *eventWriter {
	w.Header().Set("Content-Type", "application/x-ndjson")
	return &eventWriter{w: w, rc: http.NewResponseController(w)}
}

// progress sends one line. A failure shows as the end of the request's
// context, so it isn't reported here.
func (e *eventWriter) progress(p Progress) { _ = e.send(&Event{Progress: &p}) }

// finish sends the last line.
func (e *eventWriter) finish(result any, err error) error {
	if err != nil {
		return e.send(&Event{Error: toError(err)})
	}
	raw, err := json.Marshal(result)
	if err != nil {
		return fmt.Errorf("encode result: %w", err)
	}
	return e.send(&Event{Result: raw})
}

func (e *eventWriter) send(ev *Event) error {
	ev.Schema = Schema
	line, err := json.Marshal(ev)
	if err != nil {
		return fmt.Errorf("encode event: %w", err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.rc.SetWriteDeadline(time.Now().Add(slowClient)); err != nil {
		return fmt.Errorf("bound write of event: %w", err)
	}
	if _, err := e.w.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("write event: %w", err)
	}
	if err := e.rc.Flush(); err != nil {
		return fmt.Errorf("flush event: %w", err)
	}
	return nil
}

// errCut says that a stream ended without a result: the daemon died.
var errCut = errors.New("the seamfs daemon closed the connection before it had answered")

// readEvents calls progress for each event until the last one, whose result it
// decodes into result, or whose error it returns.
func readEvents(r io.Reader, progress func(Progress), result any) error {
	dec := json.NewDecoder(r)
	for {
		var ev Event
		if err := dec.Decode(&ev); err != nil {
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				return errCut
			}
			return fmt.Errorf("read event: %w", err)
		}
		switch {
		case ev.Error != nil:
			return ev.Error
		case ev.Result != nil:
			if err := json.Unmarshal(ev.Result, result); err != nil {
				return fmt.Errorf("decode result: %w", err)
			}
			return nil
		case ev.Progress != nil && progress != nil:
			progress(*ev.Progress)
		}
	}
}
