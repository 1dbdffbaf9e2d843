package backend

import (
	"context"
	"errors"
	"fmt"
	"syscall"
)

const (
	// copyChunk bounds what is copied between two looks at the context.
	copyChunk = 8 << 20
	readChunk = 1 << 20
	// zeroBlock is the granularity in which zeros become holes.
	zeroBlock = 4 << 10
)

// Values of lseek(2) and fallocate(2) that the syscall package lacks.
const (
	seekData  = 3
	seekHole  = 4
	keepSize  = 1
	punchHole = 2
)

// CopyData makes dst, which may hold anything before, a copy of the first size
// bytes of src: by sharing all extents if the backends can, else by copying
// what is data. Holes stay holes. dst ends with exactly size bytes, also when
// src was shorter or became so. progress may be nil; it is called with the
// number of allocated bytes done since its last call.
//
// src may be written to meanwhile; the copy then holds some mix of old and new
// that [CopyRangeExact] mends, for every range that was written to since the
// call began.
//
// Nothing is durable on return. The dirt in the page cache is bounded to a few
// chunks of 8 MiB. After an error, that of ctx included, dst holds a part.
func (p *Pair) CopyData(ctx context.Context, dst, src File, size int64, progress func(bytes int64)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if progress == nil {
		progress = func(int64) {}
	}
	zero := int64(0)
	if err := dst.SetAttr(&SetAttr{Size: &zero}); err != nil { // no old data in the holes or past the end
		return fmt.Errorf("empty the copy: %w", err)
	}
	done, err := p.clone(dst, src)
	if err != nil {
		return err
	}
	if done {
		return p.finishClone(dst, src, size, progress)
	}
	// Before the copy, not only after it: XFS preallocates past the end of a
	// file that grows, and keeps that where a hole should be.
	if err := setSize(dst, size); err != nil {
		return err
	}
	c := copier{ctx: ctx, dst: dst, src: src, size: size, progress: progress, pace: !p.dst.Props().Volatile}
	if p.src.Props().Holes {
		return c.bySeek()
	}
	return c.byContent(0, size)
}

func (p *Pair) finishClone(dst, src File, size int64, progress func(int64)) error {
	var a Attr
	if err := src.Stat(&a); err != nil {
		return fmt.Errorf("stat: %w", err)
	}
	progress(a.Blocks * 512)
	return setSize(dst, size)
}

func setSize(dst File, size int64) error {
	if err := dst.SetAttr(&SetAttr{Size: &size}); err != nil {
		return fmt.Errorf("set the size of the copy: %w", err)
	}
	return nil
}

// copier is one sparse copy.
type copier struct {
	ctx      context.Context
	dst, src File
	size     int64
	progress func(int64)

	pace            bool  // dst goes to a disk
	prevOff, prevSz int64 // the chunk whose writeback was begun and not waited for
}

// bySeek copies what the filesystem calls data.
func (c *copier) bySeek() error {
	for off := int64(0); off < c.size; {
		data, err := c.src.Seek(off, seekData)
		if errors.Is(err, syscall.ENXIO) {
			return nil // a hole up to the end, or the file became shorter
		}
		if err != nil {
			return c.byContent(off, c.size)
		}
		hole, err := c.src.Seek(data, seekHole)
		if errors.Is(err, syscall.ENXIO) {
			return nil // shorter just now
		}
		if err != nil {
			return c.byContent(off, c.size)
		}
		if err := c.extent(data, min(hole, c.size)); err != nil {
			return err
		}
		off = hole
	}
	return nil
}

// extent copies [off, end) in chunks.
func (c *copier) extent(off, end int64) error {
	for off < end {
		if err := c.ctx.Err(); err != nil {
			return err
		}
		n, err := c.dst.CopyRange(c.src, off, min(end-off, copyChunk), off)
		if err != nil {
			return fmt.Errorf("copy at %d: %w", off, err)
		}
		if n == 0 {
			return nil // the file became shorter
		}
		if err := c.copied(off, n); err != nil {
			return err
		}
		off += n
	}
	return nil
}

// copied reports a chunk, begins to write it out, and waits for the one before
// it.
func (c *copier) copied(off, n int64) error {
	c.progress(n)
	if !c.pace {
		return nil
	}
	if err := c.dst.StartWriteback(off, n, false); err != nil {
		return fmt.Errorf("write back at %d: %w", off, err)
	}
	if c.prevSz > 0 {
		if err := c.dst.StartWriteback(c.prevOff, c.prevSz, true); err != nil {
			return fmt.Errorf("write back at %d: %w", c.prevOff, err)
		}
	}
	c.prevOff, c.prevSz = off, n
	return nil
}
