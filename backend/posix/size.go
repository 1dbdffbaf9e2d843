package posix

import (
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// ParseSize reads the size of a tmpfs: bytes, with an optional unit K, M, G or
// T (powers of 1024), or a percentage of the machine's memory. EINVAL for what
// is no size, less than a page, or more than a file offset holds.
func ParseSize(s string) (int64, error) {
	bad := func(why string) (int64, error) {
		return 0, fmt.Errorf("size %q: %s: %w", s, why, unix.EINVAL)
	}
	digits, shift, percent := splitUnit(s)
	n, err := strconv.ParseUint(digits, 10, 63)
	if err != nil {
		return bad("not a number of bytes, with K, M, G, T or % at most")
	}
	if percent {
		if n < 1 || n > 100 {
			return bad("a percentage is 1% to 100%")
		}
		memory, err := memorySize()
		if err != nil {
			return 0, fmt.Errorf("size %q: find the size of memory: %w", s, err)
		}
		n = memory / 100 * n
	} else {
		if n > math.MaxInt64>>shift {
			return bad("too large")
		}
		n <<= shift
	}
	if n < uint64(os.Getpagesize()) {
		return bad("less than one page")
	}
	return int64(n), nil
}

func splitUnit(s string) (digits string, shift uint, percent bool) {
	if s == "" {
		return s, 0, false
	}
	last := len(s) - 1
	if i := strings.IndexByte("KMGT", s[last]&^0x20); i >= 0 {
		return s[:last], uint(i+1) * 10, false
	}
	if s[last] == '%' {
		return s[:last], 0, true
	}
	return s, 0, false
}

func memorySize() (uint64, error) {
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err != nil {
		return 0, err
	}
	return info.Totalram * uint64(info.Unit), nil
}
