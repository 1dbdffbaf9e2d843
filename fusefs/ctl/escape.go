package ctl

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

const upperHex = "0123456789ABCDEF"

// EscapePath makes valid UTF-8 of a path of any bytes: bytes that aren't part
// of valid UTF-8, and "%", become %XX. The result has no other "%".
func EscapePath(p string) string {
	if utf8.ValidString(p) && !strings.Contains(p, "%") {
		return p
	}
	var b strings.Builder
	for i := 0; i < len(p); {
		r, n := utf8.DecodeRuneInString(p[i:])
		if p[i] == '%' || (r == utf8.RuneError && n == 1) {
			b.WriteByte('%')
			b.WriteByte(upperHex[p[i]>>4])
			b.WriteByte(upperHex[p[i]&15])
			i++
			continue
		}
		b.WriteString(p[i : i+n])
		i += n
	}
	return b.String()
}

// UnescapePath is the inverse of [EscapePath]. It fails on a "%" that isn't
// followed by two upper-case hexadecimal digits.
func UnescapePath(s string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			b.WriteByte(s[i])
			continue
		}
		if i+2 >= len(s) {
			return "", fmt.Errorf("unescape %q: %% needs two hexadecimal digits", s)
		}
		hi, lo := strings.IndexByte(upperHex, s[i+1]), strings.IndexByte(upperHex, s[i+2])
		if hi < 0 || lo < 0 {
			return "", fmt.Errorf("unescape %q: %% needs two upper-case hexadecimal digits", s)
		}
		b.WriteByte(byte(hi<<4 | lo))
		i += 2
	}
	return b.String(), nil
}
