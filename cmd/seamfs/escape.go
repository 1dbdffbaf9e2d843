package main

import "strings"

// splitOptions splits at each sep that isn't escaped by '\', and leaves the
// escapes as they are.
func splitOptions(s string, sep byte) []string {
	var out []string
	start := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case sep:
			out = append(out, s[start:i])
			start = i + 1
		}
	}
	return append(out, s[start:])
}

// unescape undoes the escapes of ',', ':' and '\' in the value of an option.
func unescape(s string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			b.WriteByte(s[i])
			continue
		}
		i++
		if i == len(s) || !strings.ContainsRune(`,:\`, rune(s[i])) {
			return "", usage(`bad escape in option %q: only '\,', '\:' and '\\' are known`, s)
		}
		b.WriteByte(s[i])
	}
	return b.String(), nil
}

// unescapeAll unescapes each of several values.
func unescapeAll(in []string) ([]string, error) {
	out := make([]string, len(in))
	for i, s := range in {
		var err error
		if out[i], err = unescape(s); err != nil {
			return nil, err
		}
	}
	return out, nil
}
