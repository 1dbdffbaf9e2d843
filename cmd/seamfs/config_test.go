package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// parseMount parses the arguments of the mount command.
func parseMount(args ...string) (*mountConfig, error) {
	f := newMountFlags()
	if err := parse(f.set, args, 1, 1); err != nil {
		return nil, err
	}
	return f.config(f.set.Arg(0), false)
}

func TestMountFlags(t *testing.T) {
	c, err := parseMount("--backend", "s=tmpfs:size=8G", "--backend=d=/disk,a=b", "--rule", "/a=b,c=d,s", "--rule", "/=d",
		"--io", "/a=b,c=managed", "--adopt", "-f", "--log-file", "x.log", "--log-level", "warn",
		"--settle-timeout", "90", "--allow-other=false", "mnt")
	must(t, err)
	want := &mountConfig{
		Source: "seamfs", Mountpoint: "mnt", Flags: defaultFlags,
		Backends: []backendConfig{{Name: "s", Tmpfs: true, Size: 8 << 30}, {Name: "d", Path: "/disk,a=b"}},
		Rules:    []ruleConfig{{Prefix: "/a=b,c", Backends: []string{"d", "s"}, IO: ioManaged}, {Prefix: "/", Backends: []string{"d"}}},
		Adopt:    true, Foreground: true, LogFile: "x.log", LogLevel: slog.LevelWarn, SettleTimeout: 90 * time.Second,
	}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got  %+v\nwant %+v", c, want)
	}
}

func TestOptionTwins(t *testing.T) {
	flags, err := parseMount("--backend", "s=tmpfs:size=1M", "--backend", `d=/a,b:c\d`, "--rule", `/x,y:z\=s,d`, "--rule", "/=d",
		"--io", `/x,y:z\=passthrough`, "--adopt", "-n", "-f", "--log-file", "/l,og", "--log-level", "debug",
		"--settle-timeout", "1m", "--debug", "--suid", "--dev", "/mnt")
	must(t, err)
	twins, err := parseMount("/mnt", "-o", `backend.s=tmpfs:size=1M,backend.d=/a\,b\:c\\d,rule./x\,y\:z\\=s:d`,
		"-o", `rule./=d,io./x\,y\:z\\=passthrough,adopt,dry_run,foreground,log-file=/l\,og,log_level=debug,settle-timeout=60,debug,suid,dev`)
	must(t, err)
	if !reflect.DeepEqual(flags, twins) {
		t.Errorf("flags %+v\ntwins %+v", flags, twins)
	}
}

func TestEveryFlagHasATwin(t *testing.T) {
	for _, o := range []string{
		"adopt", "dry-run", "foreground", "allow-other", "allow_other=false", "suid=true", "dev=true",
		"log-file=/x", "log-level=info", "settle-timeout=5", "debug",
	} {
		if _, err := parseMount("/mnt", "-o", "backend.a=/x,rule./=a,"+o); err != nil {
			t.Errorf("-o %s: %v", o, err)
		}
	}
}

func TestMountOptionsAreFlags(t *testing.T) {
	for options, want := range map[string]uintptr{
		"rw":                   defaultFlags,
		"ro":                   defaultFlags | unix.MS_RDONLY,
		"ro,rw":                defaultFlags,
		"suid":                 unix.MS_NODEV,
		"dev,suid":             0,
		"suid,nosuid":          defaultFlags,
		"suid=true,nosuid":     defaultFlags,
		"dev=1,dev=false":      defaultFlags,
		"suid=true":            unix.MS_NODEV,
		"noexec,noatime":       defaultFlags | unix.MS_NOEXEC | unix.MS_NOATIME,
		"noexec,exec,defaults": defaultFlags,
	} {
		c, err := parseMount("/mnt", "-o", "backend.a=/x,"+options)
		if err != nil {
			t.Errorf("%s: %v", options, err)
			continue
		}
		if c.Flags != want {
			t.Errorf("%s: flags %#x, want %#x", options, c.Flags, want)
		}
	}
}

func TestOptionsOfMountAreIgnored(t *testing.T) {
	_, err := parseMount("/mnt", "-o", "backend.a=/x,rw,auto,noauto,user,users,user=me,nofail,_netdev,x-systemd.automount,"+
		`X-mount.mkdir=0755,comment=a\b,defaults,exec,relatime,default_permissions,subtype=x,,fsname=pool`)
	must(t, err)
}

func TestIOOfImpliedRootRule(t *testing.T) {
	c, err := parseMount("--backend", "d=/disk", "--io", "/=managed", "/mnt")
	must(t, err)
	must(t, c.addRootRule(func(string) (bool, error) { return false, nil }))
	if want := []ruleConfig{{Prefix: "/", Backends: []string{"d"}, IO: ioManaged}}; !reflect.DeepEqual(c.Rules, want) {
		t.Errorf("rules %+v, want %+v", c.Rules, want)
	}
}

func TestRootRule(t *testing.T) {
	volatile := func(p string) (bool, error) { return strings.HasPrefix(p, "/ram"), nil }
	for args, want := range map[string]string{ // the backend, or "" for an error
		"d=/disk":                 "d",
		"d=/disk s=tmpfs r=/ram1": "d",
		"s=tmpfs r=/ram1":         "",
		"d=/disk e=/disk2":        "",
	} {
		c := &mountConfig{}
		for _, b := range strings.Fields(args) {
			must(t, c.parseBackend(b))
		}
		err := c.addRootRule(volatile)
		if want == "" {
			if exitCode(err) != exitUsage {
				t.Errorf("%s: %v, want an error of usage", args, err)
			}
		} else if err != nil || c.rule("/") == nil || c.rule("/").Backends[0] != want {
			t.Errorf("%s: %+v, %v; want %s", args, c.Rules, err, want)
		}
	}
}

func TestRuleFor(t *testing.T) {
	c := &mountConfig{Rules: []ruleConfig{{Prefix: "/"}, {Prefix: "/a"}, {Prefix: "/a/b"}}}
	for p, want := range map[string]string{"/x": "/", "/a": "/a", "/ab": "/", "/a/bc": "/a", "/a/b/c": "/a/b"} {
		if got := c.ruleFor(p).Prefix; got != want {
			t.Errorf("ruleFor(%s) = %s, want %s", p, got, want)
		}
	}
}

func TestDurations(t *testing.T) {
	for in, want := range map[string]time.Duration{"90": 90 * time.Second, "0": 0, "1.5": 1500 * time.Millisecond, "5m": 5 * time.Minute, "1h30m": 90 * time.Minute} {
		if got, err := parseDuration(in); err != nil || got != want {
			t.Errorf("parseDuration(%q) = %v, %v; want %v", in, got, err, want)
		}
	}
	for _, in := range []string{"", "-1", "-5m", "x", "1e300", "NaN", "Inf", "5 m"} {
		if got, err := parseDuration(in); err == nil {
			t.Errorf("parseDuration(%q) = %v, want an error", in, got)
		}
	}
}

func TestEscapesRoundTrip(t *testing.T) {
	escape := strings.NewReplacer(`\`, `\\`, `,`, `\,`, `:`, `\:`)
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.StringOf(rapid.SampledFrom([]rune(`a,:\=. ü`))), 1, 5).Draw(t, "values")
		var parts []string
		for _, v := range values {
			parts = append(parts, escape.Replace(v))
		}
		got, err := unescapeAll(splitOptions(strings.Join(parts, ","), ','))
		if err != nil || !reflect.DeepEqual(got, values) {
			t.Fatalf("got %q, %v; want %q", got, err, values)
		}
	})
}

func TestResolve(t *testing.T) {
	base, err := filepath.EvalSymlinks(t.TempDir())
	must(t, err)
	t.Chdir(base)
	must(t, os.Mkdir("mnt", 0o755))
	must(t, os.Symlink("mnt", "link"))
	c, err := parseMount("--backend", "d=disk", "--backend", "s=tmpfs", "--rule", "/=d", "--log-file", "log", "link")
	must(t, err)
	must(t, c.resolve())
	mnt := filepath.Join(base, "mnt")
	if c.Mountpoint != mnt || c.Backends[0].Path != filepath.Join(base, "disk") || c.LogFile != filepath.Join(base, "log") {
		t.Errorf("resolved %+v", c)
	}
	if c.Backends[1].Path != c.tmpfsDir("s") || !filepath.IsAbs(c.Backends[1].Path) {
		t.Errorf("tmpfs at %q", c.Backends[1].Path)
	}
}
