package main

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/seamfs/seamfs/backend"
	"github.com/seamfs/seamfs/backend/posix"
	"github.com/seamfs/seamfs/fusefs/ctl"
)

// maxBackends is how many backends a namespace can have.
const maxBackends = 64

// maxName is the longest name that a directory can have, in bytes.
const maxName = 255

// addBackend adds what --backend NAME=SPEC says.
func (c *mountConfig) addBackend(name, spec string) error {
	if err := checkName(name); err != nil {
		return err
	}
	if c.backend(name) != nil {
		return usage("two backends are called %s", name)
	}
	if len(c.Backends) == maxBackends {
		return usage("more than %d backends", maxBackends)
	}
	b, err := parseSpec(spec)
	if err != nil {
		return usage("backend %s: %w", name, err)
	}
	b.Name = name
	c.Backends = append(c.Backends, b)
	return nil
}

// defaultSize of a private tmpfs is what the kernel would choose.
const defaultSize = "50%"

// parseSpec reads a directory, tmpfs or tmpfs:size=SIZE. A directory called
// tmpfs is written ./tmpfs.
func parseSpec(spec string) (backendConfig, error) {
	if spec == "" {
		return backendConfig{}, errors.New("its directory is missing")
	}
	opts, withOpts := strings.CutPrefix(spec, "tmpfs:")
	if spec != "tmpfs" && !withOpts {
		return backendConfig{Path: spec}, nil
	}
	value := defaultSize
	if withOpts {
		var ok bool
		if value, ok = strings.CutPrefix(opts, "size="); !ok {
			return backendConfig{}, fmt.Errorf("unknown tmpfs option %q: only size=SIZE is known", opts)
		}
	}
	size, err := posix.ParseSize(value)
	return backendConfig{Tmpfs: true, Size: size}, err
}

// reservedName is the run directory's entry that isn't a backend's.
const reservedName = ctl.SocketName

func checkName(name string) error {
	bad := func(r rune) bool {
		return !(r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '_' || r == '-')
	}
	if name == "" || len(name) > 64 || strings.IndexFunc(name, bad) >= 0 {
		return usage("bad name %q of a backend: up to 64 letters, digits, '_' and '-'", name)
	}
	if name == reservedName {
		return usage("a backend can't be called %q", name)
	}
	return nil
}

// addRule adds what --rule PREFIX=NAMES says; names are split already.
func (c *mountConfig) addRule(prefix string, names []string) error {
	p, err := cleanPrefix(prefix)
	if err != nil {
		return err
	}
	if c.rule(p) != nil {
		return usage("two rules for %s", p)
	}
	for i, n := range names {
		if n == "" {
			return usage("rule %s: the name of a backend is missing", p)
		}
		if slices.Contains(names[:i], n) {
			return usage("rule %s names backend %s twice", p, n)
		}
	}
	c.Rules = append(c.Rules, ruleConfig{Prefix: p, Backends: names})
	return nil
}

// rule returns the rule of exactly this prefix, or nil.
func (c *mountConfig) rule(prefix string) *ruleConfig {
	for i := range c.Rules {
		if c.Rules[i].Prefix == prefix {
			return &c.Rules[i]
		}
	}
	return nil
}

// ruleFor returns the rule with the longest prefix of an absolute clean path.
func (c *mountConfig) ruleFor(p string) *ruleConfig {
	var best *ruleConfig
	for i := range c.Rules {
		r := &c.Rules[i]
		in := r.Prefix == "/" || p == r.Prefix || strings.HasPrefix(p, r.Prefix+"/")
		if in && (best == nil || len(r.Prefix) > len(best.Prefix)) {
			best = r
		}
	}
	return best
}

func cleanPrefix(p string) (string, error) {
	if !strings.HasPrefix(p, "/") {
		return "", usage("prefix %q of a rule is relative: it must begin with '/'", p)
	}
	p = path.Clean(p)
	for part := range strings.SplitSeq(p, "/") {
		if part == backend.PrivateDir {
			return "", usage("prefix %q of a rule contains the private name %s", p, part)
		}
		if len(part) > maxName {
			return "", usage("prefix of a rule has a name longer than %d bytes", maxName)
		}
	}
	return p, nil
}

// parseRule splits the value of --rule.
func (c *mountConfig) parseRule(s string) error {
	i := strings.LastIndexByte(s, '=')
	if i < 0 {
		return usage("bad rule %q: it must be PREFIX=NAME[,NAME…]", s)
	}
	return c.addRule(s[:i], strings.Split(s[i+1:], ","))
}

// parseBackend splits the value of --backend.
func (c *mountConfig) parseBackend(s string) error {
	name, spec, ok := strings.Cut(s, "=")
	if !ok {
		return usage("bad backend %q: it must be NAME=DIRECTORY or NAME=tmpfs[:size=SIZE]", s)
	}
	return c.addBackend(name, spec)
}

// ioChoice is one --io; it is applied when all rules are known.
type ioChoice struct{ prefix, mode string }

// parseIO splits the value of --io.
func parseIO(s string) (ioChoice, error) {
	i := strings.LastIndexByte(s, '=')
	if i < 0 {
		return ioChoice{}, usage("bad io %q: it must be PREFIX=managed or PREFIX=passthrough", s)
	}
	return newIOChoice(s[:i], s[i+1:])
}

func newIOChoice(prefix, mode string) (ioChoice, error) {
	p, err := cleanPrefix(prefix)
	if err != nil {
		return ioChoice{}, err
	}
	if mode != ioManaged && mode != ioPassthrough {
		return ioChoice{}, usage("bad io %q for %s: it must be managed or passthrough", mode, p)
	}
	return ioChoice{p, mode}, nil
}

// applyIO gives rules their I/O mode. The root has a rule in the end, though
// perhaps an implied one.
func (c *mountConfig) applyIO(choices []ioChoice) error {
	for _, ch := range choices {
		r := c.rule(ch.prefix)
		if r == nil && ch.prefix == "/" {
			r = &c.implied
		}
		if r == nil {
			return usage("io for %s: there is no rule with this prefix", ch.prefix)
		}
		if r.IO != "" {
			return usage("two values of io for %s", ch.prefix)
		}
		r.IO = ch.mode
	}
	return nil
}

// checkNames checks that every rule names known backends.
func (c *mountConfig) checkNames() error {
	if len(c.Backends) == 0 {
		return usage("no backend given: at least one --backend NAME=SPEC is needed")
	}
	for _, r := range c.Rules {
		for _, n := range r.Backends {
			if c.backend(n) == nil {
				return usage("rule %s: there is no backend called %q", r.Prefix, n)
			}
		}
	}
	return nil
}
