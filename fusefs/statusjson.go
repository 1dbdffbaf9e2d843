package fusefs

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/seamfs/seamfs/placement/move"
)

// statusMax is the longest value of the attribute "status", in bytes.
const statusMax = 4096

// statusJSON returns a status as one line of JSON in ASCII. One that would be
// too long has its path and error shortened in the middle, where "…" (written
// \u2026) then stands.
func statusJSON(s move.Status) ([]byte, error) {
	path, text := s.Path, s.Error
	s.Path, s.Error = "", ""
	rest, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("encode status: %w", err)
	}
	// The path gets half of the room, or what the error leaves of it.
	room := statusMax - len(rest)
	s.Path = shorten(path, max(room/2, room-encodedLen(text)))
	s.Error = shorten(text, room-encodedLen(s.Path))
	full, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("encode status: %w", err)
	}
	return asciiJSON(full), nil
}

// asciiJSON escapes everything in JSON that isn't ASCII, which can occur in
// strings only.
func asciiJSON(b []byte) []byte {
	var out strings.Builder
	for _, r := range string(b) {
		switch {
		case r < 0x80:
			out.WriteRune(r)
		case r >= 0x10000: // two UTF-16 surrogates
			r -= 0x10000
			fmt.Fprintf(&out, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		default:
			fmt.Fprintf(&out, `\u%04x`, r)
		}
	}
	return []byte(out.String())
}

// encodedLen is the length of s within a string of asciiJSON.
func encodedLen(s string) int {
	b, err := json.Marshal(s)
	if err != nil { // a string always encodes
		return len(s)
	}
	return len(asciiJSON(b)) - len(`""`)
}

// shorten cuts s in the middle so that its encoding takes at most room bytes.
func shorten(s string, room int) string {
	if encodedLen(s) <= room {
		return s
	}
	const gap = "…"
	room -= encodedLen(gap)
	head, tail := "", ""
	for rest := s; ; {
		// One piece from the front, then one from the back, while they fit.
		front := firstPiece(rest)
		room -= encodedLen(front)
		if room < 0 {
			return head + gap + tail
		}
		head, rest = head+front, rest[len(front):]
		back := lastPiece(rest)
		room -= encodedLen(back)
		if room < 0 {
			return head + gap + tail
		}
		tail, rest = back+tail, rest[:len(rest)-len(back)]
	}
}

// firstPiece and lastPiece return what must not be cut: a character, or the
// %XX that stands for a byte in a path.
func firstPiece(s string) string {
	if len(s) >= 3 && s[0] == '%' {
		return s[:3]
	}
	_, n := utf8.DecodeRuneInString(s)
	return s[:n]
}

func lastPiece(s string) string {
	if len(s) >= 3 && s[len(s)-3] == '%' {
		return s[len(s)-3:]
	}
	_, n := utf8.DecodeLastRuneInString(s)
	return s[len(s)-n:]
}
