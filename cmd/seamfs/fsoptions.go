package main

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// optionParser turns -o options into flags, backends and rules.
type optionParser struct {
	flags *mountFlags
	cfg   *mountConfig
	ios   []ioChoice
	// swallow holds the options whose first occurrence says nothing.
	swallow map[string]bool
}

// fromFlags takes the flags that options add to or take back.
func (p *optionParser) fromFlags() error {
	p.cfg.liftDefaults(p.flags.dev, p.flags.suid)
	for _, s := range p.flags.backends {
		if err := p.cfg.parseBackend(s); err != nil {
			return err
		}
	}
	for _, s := range p.flags.rules {
		if err := p.cfg.parseRule(s); err != nil {
			return err
		}
	}
	for _, s := range p.flags.ios {
		ch, err := parseIO(s)
		if err != nil {
			return err
		}
		p.ios = append(p.ios, ch)
	}
	return nil
}

// parse takes the value of one -o.
func (p *optionParser) parse(s string) error {
	for _, o := range splitOptions(s, ',') {
		if o == "" {
			continue
		}
		if err := p.option(o); err != nil {
			return err
		}
	}
	return nil
}

func (p *optionParser) option(o string) error {
	key, raw, hasValue := strings.Cut(o, "=")
	if !hasValue && p.swallow[key] {
		delete(p.swallow, key)
		return nil
	}
	if !hasValue && p.cfg.setFlag(key) {
		return nil
	}
	if key == "dev" || key == "suid" {
		return p.setTo(key, raw)
	}
	// What is for others has its own escapes, or none.
	if ignored(key) {
		return nil
	}
	switch kind, _, _ := strings.Cut(o, "."); kind {
	case "backend":
		return p.backend(o)
	case "rule":
		return p.rule(o)
	case "io":
		return p.io(o)
	}
	value, err := unescape(raw)
	if err != nil {
		return err
	}
	if key == "fsname" {
		p.cfg.Source = value
		return nil
	}
	if err := p.flags.setTwin(key, value, hasValue); !errors.Is(err, errNoSuchFlag) {
		return err
	}
	return usage("unknown mount option %q", key)
}

// setTo takes dev=BOOL and suid=BOOL, for which mount(8) has no word of its own
// that it would drop.
func (p *optionParser) setTo(key, value string) error {
	on, err := strconv.ParseBool(value)
	if err != nil {
		return usage("option %s: bad value %q", key, value)
	}
	if !on {
		key = "no" + key
	}
	p.cfg.setFlag(key)
	return nil
}

// backend takes backend.NAME=SPEC.
func (p *optionParser) backend(o string) error {
	name, raw, ok := strings.Cut(strings.TrimPrefix(o, "backend."), "=")
	if !ok || !strings.HasPrefix(o, "backend.") {
		return usage("bad option %q: it must be backend.NAME=SPEC", o)
	}
	spec, err := unescape(raw)
	if err != nil {
		return err
	}
	return p.cfg.addBackend(name, spec)
}

// rule takes rule.PREFIX=NAME:NAME, split at the last '='.
func (p *optionParser) rule(o string) error {
	i := strings.LastIndexByte(o, '=')
	if i < 0 || !strings.HasPrefix(o, "rule.") {
		return usage("bad option %q: it must be rule.PREFIX=NAME:NAME", o)
	}
	prefix, err := unescape(o[len("rule."):i])
	if err != nil {
		return err
	}
	names, err := unescapeAll(splitOptions(o[i+1:], ':'))
	if err != nil {
		return err
	}
	return p.cfg.addRule(prefix, names)
}

// io takes io.PREFIX=MODE, split at the last '='.
func (p *optionParser) io(o string) error {
	i := strings.LastIndexByte(o, '=')
	if i < 0 || !strings.HasPrefix(o, "io.") {
		return usage("bad option %q: it must be io.PREFIX=managed or io.PREFIX=passthrough", o)
	}
	prefix, err := unescape(o[len("io."):i])
	if err != nil {
		return err
	}
	ch, err := newIOChoice(prefix, o[i+1:])
	if err == nil {
		p.ios = append(p.ios, ch)
	}
	return err
}

// setFlag applies an option that stands for a flag of mount(2), or takes one
// back; of several the last one counts.
func (c *mountConfig) setFlag(o string) bool {
	on := map[string]uintptr{
		"ro": unix.MS_RDONLY, "noexec": unix.MS_NOEXEC, "nosuid": unix.MS_NOSUID, "nodev": unix.MS_NODEV,
		"noatime": unix.MS_NOATIME, "nodiratime": unix.MS_NODIRATIME, "sync": unix.MS_SYNCHRONOUS, "dirsync": unix.MS_DIRSYNC,
	}
	off := map[string]uintptr{
		"rw": unix.MS_RDONLY, "exec": unix.MS_NOEXEC, "suid": unix.MS_NOSUID, "dev": unix.MS_NODEV,
		"atime": unix.MS_NOATIME, "diratime": unix.MS_NODIRATIME, "async": unix.MS_SYNCHRONOUS,
	}
	if f, ok := on[o]; ok {
		c.Flags |= f
		return true
	}
	if f, ok := off[o]; ok {
		c.Flags &^= f
		return true
	}
	return false
}

// liftDefaults applies --dev and --suid; options come after them.
func (c *mountConfig) liftDefaults(dev, suid bool) {
	if dev {
		c.Flags &^= unix.MS_NODEV
	}
	if suid {
		c.Flags &^= unix.MS_NOSUID
	}
}

// ignored tells whether an option is for mount(8), systemd or libfuse, or says
// what is so anyway.
func ignored(key string) bool {
	words := []string{
		"defaults", "auto", "noauto", "user", "nouser", "users", "nousers", "group", "nogroup", "owner", "noowner",
		"nofail", "_netdev", "comment", "helper", "uhelper", "relatime", "norelatime", "strictatime", "nostrictatime",
		"lazytime", "nolazytime", "iversion", "noiversion", "mand", "nomand", "loud", "silent", "default_permissions",
		"subtype", "nonempty",
	}
	return slices.Contains(words, key) || strings.HasPrefix(key, "x-") || strings.HasPrefix(key, "X-")
}
