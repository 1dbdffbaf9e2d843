package fusefs

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/seamfs/seamfs/placement/move"
)

func TestStatusJSON(t *testing.T) {
	now := time.Date(2025, 1, 2, 3, 4, 5, 6, time.UTC)
	base := move.Status{
		Type: "file", ID: 1<<63 - 1, State: move.Parked, Backend: "scratch", Home: "store",
		BytesDone: 1 << 40, BytesTotal: 1 << 41, Progress: 50, Attempts: 3, Since: &now, Pending: 1,
	}
	tests := []struct {
		name, path, err   string
		pathWhole, errCut bool
	}{
		{"short", "/a/b", "no space", true, false},
		{"not ASCII", "/ä/😀/%FF", "disk “full”\n", true, false},
		{"long path", "/" + strings.Repeat("dir/", 1023), "", false, false},
		{"long error", "/a", strings.Repeat("bad ", 5000), true, true},
		{"both long", "/" + strings.Repeat("ö", 2000), strings.Repeat("\x01", 9000), false, true},
		{"escapes", "/" + strings.Repeat("%FF", 1365), strings.Repeat("😀", 1000), false, true},
		{"path first", "/" + strings.Repeat("p", 1500), strings.Repeat("e", 4000), true, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := base
			s.Path, s.Error = tt.path, tt.err
			b, err := statusJSON(s)
			if err != nil {
				t.Fatal(err)
			}
			checkASCII(t, b)
			if len(b) > statusMax {
				t.Errorf("%d bytes, want at most %d", len(b), statusMax)
			}
			var got move.Status
			if err := json.Unmarshal(b, &got); err != nil {
				t.Fatalf("not JSON: %v\n%s", err, b)
			}
			checkShortened(t, "path", got.Path, tt.path, tt.pathWhole)
			checkShortened(t, "error", got.Error, tt.err, !tt.errCut)
			if !tt.pathWhole || tt.errCut {
				if len(b) < statusMax-24 {
					t.Errorf("only %d bytes: more was cut than needed", len(b))
				}
			}
			got.Path, got.Error = tt.path, tt.err
			if !got.Since.Equal(now) {
				t.Errorf("since is %v, want %v", got.Since, now)
			}
			got.Since = s.Since
			if got != s {
				t.Errorf("got %+v, want %+v", got, s)
			}
		})
	}
}

func checkASCII(t *testing.T, b []byte) {
	t.Helper()
	for _, c := range b {
		if c < 0x20 || c > 0x7e {
			t.Fatalf("byte %#x in %s", c, b)
		}
	}
}

// checkShortened checks that got is want, or its beginning and end.
func checkShortened(t *testing.T, what, got, want string, whole bool) {
	t.Helper()
	if whole || want == "" {
		if got != want {
			t.Errorf("%s is %q, want %q", what, got, want)
		}
		return
	}
	head, tail, ok := strings.Cut(got, "…")
	if !ok || head == "" || tail == "" || !strings.HasPrefix(want, head) || !strings.HasSuffix(want, tail) {
		t.Errorf("%s is %q, want both ends of %q", what, got, want)
	}
	if strings.HasPrefix(want, "/%") && (strings.Count(got, "%")*3 != len(got)-len("/…")) {
		t.Errorf("%s %q was cut within %%XX", what, got)
	}
}

func TestPlain(t *testing.T) {
	for in, want := range map[string]string{
		"":                       "",
		`open "a\b": failed`:     `open "a\b": failed`,
		"two\nlines, é and \xff": `two\nlines, \u00e9 and \xff`,
	} {
		got := plain(in)
		checkASCII(t, got)
		if string(got) != want {
			t.Errorf("plain(%q) = %q, want %q", in, got, want)
		}
	}
}
