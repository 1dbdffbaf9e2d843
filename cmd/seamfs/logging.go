package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"runtime/debug"
	"strings"
)

// Where the system's logs listen.
const (
	journalSocket = "/run/systemd/journal/socket"
	syslogSocket  = "/dev/log"
)

// openLog opens the log of a mount: --log-file, else foreground if it isn't
// nil, else the journal, else syslog, else nothing.
func openLog(cfg *mountConfig, foreground io.Writer) (*slog.Logger, func(), error) {
	if cfg.LogFile != "" {
		return openLogFile(cfg)
	}
	if foreground != nil {
		return slog.New(slog.NewTextHandler(foreground, &slog.HandlerOptions{Level: cfg.LogLevel})), func() {}, nil
	}
	for _, sink := range []struct {
		socket string
		encode func(priority int, text string) []byte
	}{{journalSocket, journalRecord}, {syslogSocket, syslogRecord}} {
		conn, err := net.Dial("unixgram", sink.socket)
		if err == nil {
			w := &datagramWriter{conn: conn, encode: sink.encode}
			return newSystemLog(w, cfg.LogLevel), func() { conn.Close() }, nil
		}
	}
	return slog.New(slog.DiscardHandler), func() {}, nil
}

// openLogFile appends to --log-file; a crash leaves its traces there too.
func openLogFile(cfg *mountConfig) (*slog.Logger, func(), error) {
	f, err := os.OpenFile(cfg.LogFile, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, nil, usage("open log file: %w", err)
	}
	if err := debug.SetCrashOutput(f, debug.CrashOptions{}); err != nil {
		f.Close()
		return nil, nil, fail(exitFailed, "direct crashes to the log file: %w", err)
	}
	return slog.New(slog.NewTextHandler(f, &slog.HandlerOptions{Level: cfg.LogLevel})), func() { f.Close() }, nil
}

// newSystemLog makes a logger for a log that notes time and priority itself.
func newSystemLog(w io.Writer, level slog.Level) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{
		Level: level,
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if len(groups) == 0 && a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		},
	}))
}

// datagramWriter sends each line of a text handler, which calls Write once for
// each, as one datagram.
type datagramWriter struct {
	conn   io.Writer
	encode func(priority int, text string) []byte
}

// maxRecord keeps a record within what the sockets take.
const maxRecord = 64 << 10

func (d *datagramWriter) Write(line []byte) (int, error) {
	level, text, _ := strings.Cut(strings.TrimRight(string(line), "\n"), " ")
	if len(text) > maxRecord {
		text = text[:maxRecord]
	}
	if _, err := d.conn.Write(d.encode(priority(level), text)); err != nil {
		return 0, fmt.Errorf("write to the system's log: %w", err)
	}
	return len(line), nil
}

// priority is the syslog priority of a "level=…" attribute.
func priority(level string) int {
	switch name := strings.TrimPrefix(level, "level="); {
	case strings.HasPrefix(name, "ERROR"):
		return 3
	case strings.HasPrefix(name, "WARN"):
		return 4
	case strings.HasPrefix(name, "INFO"):
		return 6
	default:
		return 7
	}
}

// journalRecord encodes a record in the native protocol of the journal. A
// value that may contain a newline has its length before it.
func journalRecord(priority int, text string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "PRIORITY=%d\nSYSLOG_IDENTIFIER=seamfs\nSYSLOG_PID=%d\nMESSAGE\n", priority, os.Getpid())
	b.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(text))))
	b.WriteString(text)
	b.WriteByte('\n')
	return b.Bytes()
}

// syslogFacility is LOG_DAEMON.
const syslogFacility = 3 << 3

// syslogRecord encodes a record as syslog(3) does, without a time: the
// receiver takes its own.
func syslogRecord(priority int, text string) []byte {
	return fmt.Appendf(nil, "<%d>seamfs[%d]: %s", syslogFacility|priority, os.Getpid(), text)
}
