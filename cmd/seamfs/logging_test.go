package main

import (
	"bytes"
	"encoding/binary"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSystemLog(t *testing.T) {
	var priorities []int
	var texts []string
	w := &datagramWriter{conn: &bytes.Buffer{}, encode: func(p int, text string) []byte {
		priorities, texts = append(priorities, p), append(texts, text)
		return nil
	}}
	log := newSystemLog(w, slog.LevelDebug)
	log.Error("two\nlines", "k", "v w")
	log.Warn("w")
	log.Info("i")
	log.Debug("d")
	if got, want := texts[0], `msg="two\nlines" k="v w"`; got != want {
		t.Errorf("text %q, want %q", got, want)
	}
	for i, want := range []int{3, 4, 6, 7} {
		if priorities[i] != want {
			t.Errorf("priority of line %d is %d, want %d", i, priorities[i], want)
		}
	}
}

func TestSystemLogCutsLongRecords(t *testing.T) {
	var b bytes.Buffer
	newSystemLog(&datagramWriter{conn: &b, encode: func(_ int, text string) []byte { return []byte(text) }}, slog.LevelInfo).
		Info(strings.Repeat("x", 2*maxRecord))
	if b.Len() != maxRecord {
		t.Errorf("%d bytes, want %d", b.Len(), maxRecord)
	}
}

func TestJournalRecord(t *testing.T) {
	r := journalRecord(4, "a\nb")
	head, tail, ok := bytes.Cut(r, []byte("\nMESSAGE\n"))
	if !ok || !bytes.HasPrefix(head, []byte("PRIORITY=4\nSYSLOG_IDENTIFIER=seamfs\n")) {
		t.Fatalf("record %q", r)
	}
	if n := binary.LittleEndian.Uint64(tail); n != 3 || string(tail[8:]) != "a\nb\n" {
		t.Errorf("message %q of length %d", tail[8:], n)
	}
}

func TestSyslogRecord(t *testing.T) {
	if r := string(syslogRecord(6, "hello")); !strings.HasPrefix(r, "<30>seamfs[") || !strings.HasSuffix(r, "]: hello") {
		t.Errorf("record %q", r)
	}
}

func TestLogFileIsAppended(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	for _, msg := range []string{"one", "two"} {
		log, closeLog, err := openLog(&mountConfig{LogFile: path}, nil)
		must(t, err)
		log.Info(msg)
		closeLog()
	}
	raw, err := os.ReadFile(path)
	must(t, err)
	if !strings.Contains(string(raw), "msg=one") || !strings.Contains(string(raw), "msg=two") {
		t.Errorf("log %q", raw)
	}
}
