package ctl

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/sys/unix"
)

// Server answers the control requests of one mount.
type Server struct {
	svc   Service
	owner int
	log   *slog.Logger
	http  *http.Server
	done  chan struct{} // closed when the accept loop has ended
}

// Serve answers requests on l, which it closes in the end, until
// [Server.Close]. It returns at once.
func Serve(l net.Listener, svc Service, owner int, log *slog.Logger) *Server {
	s := &Server{svc: svc, owner: owner, log: log, done: make(chan struct{})}
	s.http = &http.Server{
		Handler:           s.routes(),
		ConnContext:       withPeer,
		ReadHeaderTimeout: slowClient,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	go func() {
		defer close(s.done)
		if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			log.Error("control socket failed", "error", err)
		}
	}()
	return s
}

// Close stops accepting, waits until the requests under way are answered or
// ctx ends, and then breaks what is left.
func (s *Server) Close(ctx context.Context) error {
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = errors.Join(fmt.Errorf("close control socket: %w", err), s.http.Close())
	}
	<-s.done
	return err
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/status", s.status)
	mux.HandleFunc("GET /v1/which", s.which)
	mux.HandleFunc("POST /v1/wait", s.wait)
	mux.HandleFunc("POST /v1/drain", s.drain)
	mux.HandleFunc("POST /v1/umount", s.umount)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.fail(w, http.StatusNotFound, fmt.Errorf("no such request: %s %s", r.Method, r.URL.Path))
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := permit(r.Context(), s.owner); err != nil {
			s.log.Warn("control request refused", "request", r.URL.Path, "error", err)
			s.fail(w, http.StatusForbidden, err)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// reply sends one JSON object.
func (s *Server) reply(w http.ResponseWriter, code int, v any) {
	w.Header().Set("Content-Type", "application/json")
	// A deadline keeps a client that doesn't read from holding the answer.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(slowClient))
	w.WriteHeader(code)
	if err := json.NewEncoder(w).Encode(v); err != nil {
		s.log.Debug("control answer not sent", "error", err)
	}
}

// fail sends an error.
func (s *Server) fail(w http.ResponseWriter, code int, err error) {
	s.reply(w, code, &Event{Schema: Schema, Error: toError(err)})
}

// httpStatus is the HTTP status that fits an error of the service.
func httpStatus(err error) int {
	switch {
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENOTDIR):
		return http.StatusNotFound
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM):
		return http.StatusForbidden
	case errors.Is(err, unix.EINVAL):
		return http.StatusBadRequest
	case errors.Is(err, unix.EBUSY):
		return http.StatusConflict
	default:
		return http.StatusInternalServerError
	}
}
