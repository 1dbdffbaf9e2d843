package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

func main() { os.Exit(run(os.Args, os.Stdout, os.Stderr)) }

// app is what the commands share.
type app struct {
	stdout, stderr io.Writer
	platform       platform
}

// command is one subcommand.
type command struct {
	name  string
	usage string // arguments, after the name
	short string
	run   func(a *app, ctx context.Context, args []string) error
}

// commands lists the subcommands in the order of the help text.
func commands() []command {
	return []command{
		{"mount", "[flags] MOUNTPOINT", "mount backends as one namespace", (*app).mount},
		{"umount", "[--settle-timeout D] [--discard-scratch] MOUNTPOINT", "settle and unmount; says what is left", (*app).umount},
		{"status", "[--json] [--watch] [PATH]", "moves under PATH, or of the mount that PATH lies in", (*app).status},
		{"wait", "[--timeout D] PATH", "wait until nothing under PATH is unsettled", (*app).wait},
		{"which", "PATH", "three lines: resident, home, state", (*app).which},
		{"version", "", "print the version", (*app).version},
		{"help", "[COMMAND|exit-codes]", "print this, or more about one command", (*app).help},
	}
}

// lookup finds a subcommand.
func lookup(name string) (command, bool) {
	all := commands()
	i := slices.IndexFunc(all, func(c command) bool { return c.name == name })
	if i < 0 {
		return command{}, false
	}
	return all[i], true
}

// run is the whole program: it returns the exit code.
func run(argv []string, stdout, stderr io.Writer) int {
	a := &app{stdout: stdout, stderr: stderr, platform: newPlatform()}
	if isDaemon() {
		return a.daemonMain()
	}
	prefix, err := a.dispatch(context.Background(), argv)
	return complain(stderr, prefix, err)
}

// dispatch runs what the command line asks for. It also returns what to write
// before an error.
func (a *app) dispatch(ctx context.Context, argv []string) (string, error) {
	name, args := filepath.Base(argv[0]), argv[1:]
	if name == "mount.seamfs" || name == "mount.fuse.seamfs" {
		return name, a.mountCall(ctx, args, byMount)
	}
	if len(args) == 0 {
		return "seamfs", usage("no command given; see 'seamfs help'")
	}
	first := args[0]
	if slices.Contains([]string{"-h", "--help"}, first) {
		first = "help"
	}
	if first == "--version" {
		first = "version"
	}
	if cmd, ok := lookup(first); ok {
		err := cmd.run(a, ctx, args[1:])
		if errors.Is(err, pflag.ErrHelp) {
			err = a.help(ctx, []string{cmd.name})
		}
		return "seamfs " + cmd.name, err
	}
	if isMountCall(args) {
		return "seamfs", a.mountCall(ctx, args, byMountFuse)
	}
	return "seamfs", usage("unknown command %q; see 'seamfs help'", first)
}

// newFlags makes a flag set that prints nothing by itself.
func newFlags(name string) *pflag.FlagSet {
	fs := pflag.NewFlagSet(name, pflag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.Usage = func() {}
	fs.SortFlags = false
	return fs
}

// parse parses args and checks how many arguments are left.
func parse(fs *pflag.FlagSet, args []string, least, most int) error {
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, pflag.ErrHelp) {
			return err
		}
		return usage("%w", err)
	}
	switch n := fs.NArg(); {
	case n < least:
		return usage("an argument is missing; see 'seamfs help %s'", fs.Name())
	case n > most:
		return usage("unexpected argument %q", fs.Arg(most))
	}
	return nil
}

// help prints the usage, of all commands or of one.
func (a *app) help(_ context.Context, args []string) error {
	if len(args) == 0 {
		fmt.Fprint(a.stdout, helpAll())
		return nil
	}
	if args[0] == "exit-codes" {
		for _, e := range exitCodes {
			fmt.Fprintf(a.stdout, "%3d  %s\n", e.code, e.meaning)
		}
		return nil
	}
	cmd, ok := lookup(args[0])
	if !ok {
		return usage("unknown command %q; see 'seamfs help'", args[0])
	}
	fmt.Fprintf(a.stdout, "%s\n%s\n", strings.TrimSpace("usage: seamfs "+cmd.name+" "+cmd.usage), cmd.short)
	if fs := flagsOf(cmd.name); fs != nil {
		fmt.Fprintf(a.stdout, "\n%s", fs.FlagUsages())
	}
	return nil
}

func helpAll() string {
	var b strings.Builder
	b.WriteString("usage: seamfs COMMAND …\n\n")
	for _, c := range commands() {
		fmt.Fprintf(&b, "  seamfs %s\n        %s\n", strings.TrimSpace(c.name+" "+c.usage), c.short)
	}
	b.WriteString("\nDurations are like 90s or 5m; a bare number is seconds.\n")
	return b.String()
}

// flagsOf returns the flags of a command for its help text, nil if it has none.
func flagsOf(name string) *pflag.FlagSet {
	switch name {
	case "mount":
		return newMountFlags().set
	case "umount":
		return newUmountFlags().set
	case "status":
		return newStatusFlags().set
	case "wait":
		return newWaitFlags().set
	default:
		return nil
	}
}
