package posix

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/seamfs/seamfs/backend"
	"github.com/seamfs/seamfs/backend/backendtest/disk"
	"golang.org/x/sys/unix"
)

// TestPrepareProcess: TestMain called it.
func TestPrepareProcess(t *testing.T) {
	var lim unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &lim); err != nil || lim.Cur != lim.Max {
		t.Errorf("limit of open files: %+v, %v", lim, err)
	}
	text, err := os.ReadFile("/proc/self/status")
	if err != nil || !strings.Contains(string(text), "Umask:\t0000\n") {
		t.Errorf("the umask isn't 0: %v", err)
	}
	if err := PrepareProcess(); err != nil {
		t.Errorf("again: %v", err)
	}
}

// TestRaiseCaps: on a thread that loses capabilities with setfsuid, as all do
// where PrepareProcess wasn't called, the backend takes them back.
func TestRaiseCaps(t *testing.T) {
	disk.Root(t)
	dir := t.TempDir()
	if err := os.Chmod(dir, 0755); err != nil {
		t.Fatal(err)
	}
	b := openAt(t, dir).(*posix)
	results := make(chan error, 2)
	go func() {
		runtime.LockOSThread() // for good: the thread ends with the goroutine
		if err := unix.Prctl(unix.PR_SET_SECUREBITS, 0, 0, 0, 0); err != nil {
			results <- err
			results <- err
			return
		}
		for _, raise := range []bool{false, true} {
			b.raiseCaps = raise
			results <- b.root.Mkdir("made", 0755, backend.Cred{UID: 12345, GID: 23456})
		}
	}()
	if err := <-results; err != unix.EACCES {
		t.Errorf("without: got error %v, want EACCES", err)
	}
	if err := <-results; err != nil {
		t.Errorf("with: %v", err)
	}
	var st unix.Stat_t
	if err := unix.Stat(filepath.Join(dir, "made"), &st); err != nil || st.Uid != 12345 || st.Gid != 23456 {
		t.Errorf("owner %d:%d, %v", st.Uid, st.Gid, err)
	}
}
