package backend

import (
	"bytes"
	"errors"
	"fmt"
	"syscall"
)

// byContent copies [off, end) where the filesystem doesn't tell holes: blocks
// of zeros are left out, which makes them holes.
func (c *copier) byContent(off, end int64) error {
	buf := make([]byte, readChunk)
	for off < end {
		if err := c.ctx.Err(); err != nil {
			return err
		}
		n, err := c.src.ReadAt(buf[:min(end-off, readChunk)], off)
		if err != nil {
			return fmt.Errorf("read at %d: %w", off, err)
		}
		if n == 0 {
			return nil // the file became shorter
		}
		err = eachRun(buf[:n], off, func(at int64, p []byte, zero bool) error {
			if zero {
				return nil
			}
			return writeAt(c.dst, p, at)
		})
		if err != nil {
			return err
		}
		if err := c.copied(off, int64(n)); err != nil {
			return err
		}
		off += int64(n)
	}
	return nil
}

// CopyRangeExact brings one range of dst in line with src: same bytes, and
// holes where src has holes that read as zeros. Beyond the end of src, dst gets
// a hole. It is meant for ranges that were written to since they were copied.
// src may be written to meanwhile, if the caller then repeats the range.
//
// It doesn't set the size of dst, but may extend it.
func CopyRangeExact(dst, src File, off, size int64) error {
	buf := make([]byte, min(size, readChunk))
	for end := off + size; off < end; {
		n, err := src.ReadAt(buf[:min(end-off, readChunk)], off)
		if err != nil {
			return fmt.Errorf("read at %d: %w", off, err)
		}
		if n == 0 {
			return punch(dst, off, end-off)
		}
		err = eachRun(buf[:n], off, func(at int64, p []byte, zero bool) error {
			if zero {
				return copyZeros(dst, src, p, at)
			}
			return writeAt(dst, p, at)
		})
		if err != nil {
			return err
		}
		off += int64(n)
	}
	return nil
}

// copyZeros handles a run p of zeros at off. What src calls a hole is punched
// and the rest written. What it calls a hole may have been written to after
// the read; the caller comes back for that.
func copyZeros(dst, src File, p []byte, off int64) error {
	for end := off + int64(len(p)); off < end; {
		data, err := src.Seek(off, seekData)
		if err != nil {
			data = end // ENXIO: a hole up to the end. Others: holes aren't told
		}
		if hole := min(data, end) - off; hole > 0 {
			if err := punch(dst, off, hole); err != nil {
				return err
			}
			off += hole
			continue
		}
		hole, err := src.Seek(off, seekHole)
		if err != nil || hole <= off {
			hole = end
		}
		n := min(hole, end) - off
		if err := writeAt(dst, p[:n], off); err != nil {
			return err
		}
		off += n
	}
	return nil
}

// punch makes a hole, or zeros where the filesystem has no holes. It never
// extends the file.
func punch(dst File, off, size int64) error {
	err := dst.Fallocate(punchHole|keepSize, off, size)
	if err == nil {
		return nil
	}
	if !errors.Is(err, syscall.EOPNOTSUPP) && !errors.Is(err, syscall.ENOSYS) {
		return fmt.Errorf("punch a hole at %d: %w", off, err)
	}
	var a Attr
	if err := dst.Stat(&a); err != nil {
		return fmt.Errorf("stat: %w", err)
	}
	zeros := make([]byte, min(size, readChunk))
	for end := min(off+size, a.Size); off < end; {
		n := min(end-off, readChunk)
		if err := writeAt(dst, zeros[:n], off); err != nil {
			return err
		}
		off += n
	}
	return nil
}

func writeAt(dst File, p []byte, off int64) error {
	if _, err := dst.WriteAt(p, off); err != nil {
		return fmt.Errorf("write at %d: %w", off, err)
	}
	return nil
}

// eachRun splits p, which lies at off in its file, into the longest runs of
// blocks that are all zeros, or all not.
func eachRun(p []byte, off int64, fn func(at int64, p []byte, zero bool) error) error {
	for len(p) > 0 {
		n, zero := blockAt(p, off)
		for n < len(p) {
			m, z := blockAt(p[n:], off+int64(n))
			if z != zero {
				break
			}
			n += m
		}
		if err := fn(off, p[:n], zero); err != nil {
			return err
		}
		p, off = p[n:], off+int64(n)
	}
	return nil
}

// blockAt returns the length of the block that p begins with, which ends at a
// multiple of the block size in the file, and whether it is all zeros.
func blockAt(p []byte, off int64) (n int, zero bool) {
	n = min(len(p), zeroBlock-int(off%zeroBlock))
	return n, allZero(p[:n])
}

// allZero compares p with itself shifted by one: equal, and the first byte is
// zero, only if all are. bytes.Equal does it with vector instructions.
func allZero(p []byte) bool {
	return len(p) == 0 || p[0] == 0 && bytes.Equal(p[1:], p[:len(p)-1])
}
