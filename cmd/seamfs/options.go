package main

import (
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/pflag"
)

// defaultSettleTimeout bounds the settling at the end of a mount.
const defaultSettleTimeout = 5 * time.Minute

// mountFlags is the command line of mount before it is understood.
type mountFlags struct {
	set      *pflag.FlagSet
	backends []string
	rules    []string
	ios      []string
	options  []string
	adopt    bool
	dryRun   bool
	fg       bool
	allow    bool
	debug    bool
	suid     bool
	dev      bool
	logFile  string
	logLevel string
	settle   durationValue
}

// newMountFlags declares the flags of mount. Values of repeatable ones are
// taken as they are: a StringSlice would split paths at commas.
func newMountFlags() *mountFlags {
	f := &mountFlags{set: newFlags("mount"), settle: durationValue(defaultSettleTimeout)}
	fs := f.set
	fs.StringArrayVar(&f.backends, "backend", nil, "`NAME=SPEC`: a directory, or tmpfs[:size=SIZE] (repeatable)")
	fs.StringArrayVar(&f.rules, "rule", nil, "`PREFIX=NAME[,NAME…]`: backends for what is under PREFIX (repeatable)")
	fs.StringArrayVar(&f.ios, "io", nil, "`PREFIX=managed|passthrough`: I/O of the rule at PREFIX (repeatable)")
	fs.StringArrayVarP(&f.options, "options", "o", nil, "`key=value,…`: every flag has a twin here; also mount options")
	fs.BoolVar(&f.adopt, "adopt", false, "also move what lies elsewhere from before this mount")
	fs.BoolVarP(&f.dryRun, "dry-run", "n", false, "say what would be mounted and what would move, and do nothing")
	fs.BoolVarP(&f.fg, "foreground", "f", false, "stay, and log to standard error")
	fs.BoolVar(&f.allow, "allow-other", true, "let other users in, with their own permissions")
	fs.BoolVar(&f.suid, "suid", false, "honour setuid, setgid and file capabilities")
	fs.BoolVar(&f.dev, "dev", false, "honour device nodes")
	fs.StringVar(&f.logFile, "log-file", "", "append the log to `FILE`")
	fs.StringVar(&f.logLevel, "log-level", "info", "debug, info, warn or error")
	fs.Var(&f.settle, "settle-timeout", "how long to settle at the end")
	fs.BoolVar(&f.debug, "debug", false, "log every request")
	return f
}

// errNoSuchFlag says that an option isn't the twin of a flag.
var errNoSuchFlag = errors.New("no such flag")

// setTwin sets the flag that an option is the twin of, '_' standing for '-'.
func (f *mountFlags) setTwin(key, value string, hasValue bool) error {
	name := strings.ReplaceAll(key, "_", "-")
	flag := f.set.Lookup(name)
	switch {
	case flag == nil, name == "options", name == "backend", name == "rule", name == "io":
		return errNoSuchFlag
	case !hasValue && flag.NoOptDefVal == "":
		return usage("option %s needs a value", key)
	case !hasValue:
		value = flag.NoOptDefVal
	}
	if err := f.set.Set(name, value); err != nil {
		return usage("option %s: bad value %q", key, value)
	}
	return nil
}

// config understands the flags; autoDevSuid says that mount.fuse3 has added
// "dev,suid" to the options.
func (f *mountFlags) config(mountpoint string, autoDevSuid bool) (*mountConfig, error) {
	if mountpoint == "" {
		return nil, usage("the mount point is empty")
	}
	c := &mountConfig{Source: "seamfs", Mountpoint: mountpoint, Flags: defaultFlags}
	p := &optionParser{flags: f, cfg: c, swallow: map[string]bool{}}
	if autoDevSuid {
		p.swallow["dev"], p.swallow["suid"] = true, true
	}
	if err := p.fromFlags(); err != nil {
		return nil, err
	}
	for _, o := range f.options {
		if err := p.parse(o); err != nil {
			return nil, err
		}
	}
	if err := c.checkNames(); err != nil {
		return nil, err
	}
	if err := c.applyIO(p.ios); err != nil {
		return nil, err
	}
	return c, f.plain(c)
}

// plain copies the values that stand for themselves.
func (f *mountFlags) plain(c *mountConfig) error {
	c.Adopt, c.DryRun, c.Foreground = f.adopt, f.dryRun, f.fg
	c.AllowOther, c.Debug, c.LogFile = f.allow, f.debug, f.logFile
	c.SettleTimeout = time.Duration(f.settle)
	if err := c.LogLevel.UnmarshalText([]byte(f.logLevel)); err != nil {
		return usage("bad log level %q: debug, info, warn or error", f.logLevel)
	}
	if c.Debug {
		c.LogLevel = min(c.LogLevel, slog.LevelDebug)
	}
	return nil
}
