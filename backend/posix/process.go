package posix

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// secbitNoSetuidFixup is SECBIT_NO_SETUID_FIXUP: setfsuid doesn't change
// capabilities.
const secbitNoSetuidFixup = 1 << 2

// PrepareProcess readies the process for backends; main calls it once, before
// it opens any. It sets the umask to 0, keeps capabilities across setfsuid on
// all threads (those of later ones are inherited), and raises the limit of open
// files as far as it may. What isn't permitted is left as it is: backends then
// work more slowly, or with fewer files.
func PrepareProcess() error {
	unix.Umask(0)
	if err := keepCaps(); err != nil {
		return fmt.Errorf("keep capabilities across setfsuid: %w", err)
	}
	if err := raiseFiles(); err != nil {
		return fmt.Errorf("raise the limit of open files: %w", err)
	}
	return nil
}

func keepCaps() error {
	bits, err := unix.PrctlRetInt(unix.PR_GET_SECUREBITS, 0, 0, 0, 0)
	if err != nil {
		return err
	}
	if bits&secbitNoSetuidFixup != 0 {
		return nil
	}
	_, _, e := syscall.AllThreadsSyscall(unix.SYS_PRCTL, unix.PR_SET_SECUREBITS, uintptr(bits|secbitNoSetuidFixup), 0)
	// EPERM without CAP_SETPCAP; ENOTSUP in a binary with cgo, whose threads
	// Go doesn't know. Backends notice and raise capabilities call by call.
	if e != 0 && e != unix.EPERM && e != unix.ENOTSUP {
		return e
	}
	return nil
}

// capsSurvive tells whether setfsuid leaves the capabilities alone.
func capsSurvive() bool {
	bits, err := unix.PrctlRetInt(unix.PR_GET_SECUREBITS, 0, 0, 0, 0)
	return err == nil && bits&secbitNoSetuidFixup != 0
}

// raiseFiles goes for fs.nr_open, and where that takes a privilege that is
// missing, for the hard limit.
func raiseFiles() error {
	var lim unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &lim); err != nil {
		return err
	}
	if top := nrOpen(); top > lim.Max {
		err := syscall.Setrlimit(unix.RLIMIT_NOFILE, &syscall.Rlimit{Cur: top, Max: top})
		if err == nil || !errors.Is(err, unix.EPERM) {
			return err
		}
	}
	// Through the syscall package, which otherwise gives programs that are
	// started, like the daemon in the background, the limit from before.
	return syscall.Setrlimit(unix.RLIMIT_NOFILE, &syscall.Rlimit{Cur: lim.Max, Max: lim.Max})
}

func nrOpen() uint64 {
	text, err := os.ReadFile("/proc/sys/fs/nr_open")
	if err != nil {
		return 0
	}
	n, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
	if err != nil {
		return 0
	}
	return n
}
