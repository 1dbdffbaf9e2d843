package main

import (
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
)

// daemonEnv marks the process that a mount command leaves behind. It isn't an
// argument, so that ps shows the command that was given.
const daemonEnv = "_SEAMFS_DAEMON"

// The daemon's descriptors for what it is told and what it tells.
const (
	configFD = 3
	reportFD = 4
)

// report tells the mount command how the start ended. Code is 0 when the
// mount answers.
type report struct {
	Code    int
	Message string
}

func isDaemon() bool { return os.Getenv(daemonEnv) != "" }

// startDaemon starts the daemon and waits until its mount answers, or returns
// the daemon's error.
func startDaemon(cfg *mountConfig) error {
	cmd := exec.Command("/proc/self/exe")
	cmd.Args = os.Args
	return superviseStart(cmd, cfg)
}

// superviseStart starts cmd as a daemon. Its descriptors 0-2 are /dev/null: a
// caller that reads our output to its end gets there when we exit.
func superviseStart(cmd *exec.Cmd, cfg *mountConfig) error {
	configR, configW, err := os.Pipe()
	if err != nil {
		return fail(exitFailed, "make pipe to the daemon: %w", err)
	}
	defer configW.Close()
	reportR, reportW, err := os.Pipe()
	if err != nil {
		configR.Close()
		return fail(exitFailed, "make pipe from the daemon: %w", err)
	}
	defer reportR.Close()
	cmd.Env = append(os.Environ(), daemonEnv+"=1")
	cmd.Dir = "/"
	cmd.ExtraFiles = []*os.File{configR, reportW}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	err = cmd.Start()
	configR.Close()
	reportW.Close()
	if err != nil {
		return fail(exitFailed, "start the daemon: %w", err)
	}
	sendErr := gob.NewEncoder(configW).Encode(cfg)
	configW.Close()
	var r report
	if err := gob.NewDecoder(reportR).Decode(&r); err != nil {
		return fail(exitFailed, "the daemon died before the mount answered: %w", errors.Join(cmd.Wait(), sendErr, unlessEOF(err)))
	}
	if r.Code == exitOK {
		return nil
	}
	// The daemon has cleaned up before it told, and is about to exit.
	_ = cmd.Wait()
	return &exitError{r.Code, errors.New(r.Message)}
}

// unlessEOF drops the error that a dead process's pipe always gives.
func unlessEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// daemonMain is the main function of the daemon. What goes wrong before the
// mount answers is reported to the mount command, the rest logged.
func (a *app) daemonMain() int {
	os.Unsetenv(daemonEnv)
	// The descriptors were inherited, so the kernel would pass them on.
	syscall.CloseOnExec(configFD)
	syscall.CloseOnExec(reportFD)
	out := os.NewFile(reportFD, "report")
	cfg, err := readConfig(os.NewFile(configFD, "config"))
	if err != nil {
		return sendReport(out, err)
	}
	log, closeLog, err := openLog(cfg, nil)
	if err != nil {
		return sendReport(out, err)
	}
	defer closeLog()
	answered := false
	err = serve(context.Background(), cfg, a.platform, log, func() error {
		answered = true
		defer out.Close()
		return gob.NewEncoder(out).Encode(report{})
	})
	if !answered {
		return sendReport(out, err)
	}
	if err != nil {
		log.Error("mount ended with an error", "mountpoint", cfg.Mountpoint, "error", err)
	}
	return exitCode(err)
}

func readConfig(f *os.File) (*mountConfig, error) {
	defer f.Close()
	cfg := new(mountConfig)
	if err := gob.NewDecoder(f).Decode(cfg); err != nil {
		return nil, fmt.Errorf("read the daemon's configuration: %w", err)
	}
	return cfg, nil
}

// sendReport reports a failed start and returns the exit code. If nobody
// listens any more there is nobody to tell.
func sendReport(out *os.File, err error) int {
	code := exitCode(err)
	if err == nil {
		// A signal came before the mount answered.
		code, err = exitFailed, errors.New("stopped before the mount answered")
	}
	_ = gob.NewEncoder(out).Encode(report{Code: code, Message: err.Error()})
	return code
}
