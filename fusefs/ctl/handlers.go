package ctl

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// pathOf takes the path out of a request.
func pathOf(r *http.Request) (string, error) {
	p, err := UnescapePath(r.URL.Query().Get("path"))
	if err != nil {
		return "", fmt.Errorf("%w: %w", unix.EINVAL, err)
	}
	if !strings.HasPrefix(p, "/") || strings.ContainsRune(p, 0) {
		return "", fmt.Errorf("path %q is not absolute: %w", p, unix.EINVAL)
	}
	return path.Clean(p), nil
}

func (s *Server) status(w http.ResponseWriter, r *http.Request) {
	p, err := pathOf(r)
	if err != nil {
		s.fail(w, http.StatusBadRequest, err)
		return
	}
	rep, err := s.svc.Status(r.Context(), p, r.URL.Query().Get("tree") == "1")
	if err != nil {
		s.fail(w, httpStatus(err), err)
		return
	}
	rep.Schema = Schema
	s.reply(w, http.StatusOK, rep.complete())
}

// complete makes empty lists of missing ones, as the schema promises.
func (r *Report) complete() *Report {
	r.Moves = orEmpty(r.Moves)
	r.Finished = orEmpty(r.Finished)
	r.Backends = orEmpty(r.Backends)
	r.Rules = orEmpty(r.Rules)
	if r.Requests == nil {
		r.Requests = map[string]uint64{}
	}
	for i := range r.Rules {
		r.Rules[i].Backends = orEmpty(r.Rules[i].Backends)
	}
	return r
}

// complete sets what the schema promises in every answer.
func (l *Left) complete() *Left {
	l.Schema, l.Backends = Schema, orEmpty(l.Backends)
	return l
}

func orEmpty[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

func (s *Server) which(w http.ResponseWriter, r *http.Request) {
	p, err := pathOf(r)
	if err != nil {
		s.fail(w, http.StatusBadRequest, err)
		return
	}
	res, err := s.svc.Which(r.Context(), p)
	if err != nil {
		s.fail(w, httpStatus(err), err)
		return
	}
	res.Schema = Schema
	s.reply(w, http.StatusOK, res)
}

func (s *Server) wait(w http.ResponseWriter, r *http.Request) {
	p, err := pathOf(r)
	if err != nil {
		s.fail(w, http.StatusBadRequest, err)
		return
	}
	ev := newEventWriter(w)
	res, err := s.svc.Wait(r.Context(), p, ev.progress)
	if res != nil {
		res.Schema, res.Unsettled = Schema, orEmpty(res.Unsettled)
	}
	s.end(ev, res, err)
}

func (s *Server) drain(w http.ResponseWriter, r *http.Request) {
	seconds, err := strconv.ParseFloat(r.URL.Query().Get("timeout"), 64)
	if err != nil {
		s.fail(w, http.StatusBadRequest, fmt.Errorf("timeout: %w: %w", unix.EINVAL, err))
		return
	}
	timeout, err := Seconds(seconds)
	if err != nil {
		s.fail(w, http.StatusBadRequest, err)
		return
	}
	ev := newEventWriter(w)
	left, err := s.svc.Drain(r.Context(), timeout, ev.progress)
	if left != nil {
		left.complete()
	}
	s.end(ev, left, err)
}

// maxUmountBody bounds the body of an umount request.
const maxUmountBody = 1 << 16

func (s *Server) umount(w http.ResponseWriter, r *http.Request) {
	var o UmountOptions
	// Read to the end: only then the server watches for the client's leaving.
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxUmountBody))
	if err == nil {
		err = json.Unmarshal(body, &o)
	}
	if err != nil {
		s.fail(w, http.StatusBadRequest, fmt.Errorf("decode umount options: %w: %w", unix.EINVAL, err))
		return
	}
	if o.SettleSeconds != nil {
		if _, err := Seconds(*o.SettleSeconds); err != nil {
			s.fail(w, http.StatusBadRequest, err)
			return
		}
	}
	ev := newEventWriter(w)
	res, err := s.svc.Umount(r.Context(), o, ev.progress)
	if res != nil {
		res.Schema, res.Discarded, res.Kept = Schema, orEmpty(res.Discarded), orEmpty(res.Kept)
		res.Left.complete()
	}
	s.end(ev, res, err)
}

// end sends the last event of a stream.
func (s *Server) end(ev *eventWriter, result any, err error) {
	if err := ev.finish(result, err); err != nil {
		s.log.Debug("control answer not sent", "error", err)
	}
}

// Seconds makes a duration of a number of seconds, EINVAL if it is negative or
// too long for one.
func Seconds(s float64) (time.Duration, error) {
	if math.IsNaN(s) || s < 0 || s > math.MaxInt64/float64(time.Second)/2 {
		return 0, fmt.Errorf("%v seconds is out of range: %w", s, unix.EINVAL)
	}
	return time.Duration(s * float64(time.Second)), nil
}
