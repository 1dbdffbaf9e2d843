package ctl

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestEscapePath(t *testing.T) {
	for in, want := range map[string]string{
		"/":             "/",
		"/a b/ü":        "/a b/ü",
		"/100%":         "/100%25",
		"/\xff\xfe":     "/%FF%FE",
		"/ü\xc3":        "/ü%C3",
		"/\uFFFD":       "/\uFFFD", // a valid replacement character stays
		"/\xed\xa0\x80": "/%ED%A0%80",
	} {
		if got := EscapePath(in); got != want {
			t.Errorf("EscapePath(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestUnescapePathRefuses(t *testing.T) {
	for _, s := range []string{"/%", "/%2", "/%zz", "/%ff", "/%2g"} {
		if got, err := UnescapePath(s); err == nil {
			t.Errorf("UnescapePath(%q) = %q, want an error", s, got)
		}
	}
}

func TestEscapeRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")) + rapid.String().Draw(t, "text")
		esc := EscapePath(in)
		if !utf8.ValidString(esc) {
			t.Fatalf("EscapePath(%q) = %q isn't UTF-8", in, esc)
		}
		if strings.Contains(in, "%") && !strings.Contains(esc, "%25") {
			t.Fatalf("EscapePath(%q) = %q keeps a bare %%", in, esc)
		}
		out, err := UnescapePath(esc)
		if err != nil || out != in {
			t.Fatalf("UnescapePath(%q) = %q, %v; want %q", esc, out, err, in)
		}
	})
}
