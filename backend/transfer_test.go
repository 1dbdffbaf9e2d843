package backend_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/seamfs/seamfs/backend"
	"github.com/seamfs/seamfs/backend/backendtest"
	"github.com/seamfs/seamfs/backend/backendtest/disk"
	"golang.org/x/sys/unix"
)

const sparseSize = 24<<20 + 123

// nocow is FS_NOCOW_FL, an inode flag of btrfs.
const nocow = 0x00800000

// sparse fills a file with data and holes: 9 MiB, more than one chunk, and
// zeros that are data, in 24 MiB. The size goes first, see CopyData.
func sparse(t *testing.T, f backend.File) {
	t.Helper()
	ok(t, f.SetAttr(&backend.SetAttr{Size: ptr(int64(sparseSize))}))
	random := rand.NewChaCha8([32]byte{1})
	for _, e := range []struct{ off, size int64 }{{0, 100 << 10}, {4 << 20, 9 << 20}, {20<<20 + 4096, 5000}} {
		data := make([]byte, e.size)
		_, _ = random.Read(data)
		_, err := f.WriteAt(data, e.off)
		ok(t, err)
	}
	_, err := f.WriteAt(make([]byte, 1<<20), 15<<20)
	ok(t, err)
}

func content(t *testing.T, f backend.File) []byte {
	t.Helper()
	var a backend.Attr
	ok(t, f.Stat(&a))
	buf := make([]byte, a.Size)
	n, err := f.ReadAt(buf, 0)
	ok(t, err)
	return buf[:n]
}

// same checks that two files have the same bytes, and that the copy has not
// allocated noticeably more.
func same(t *testing.T, dst, src backend.File) {
	t.Helper()
	if !bytes.Equal(content(t, dst), content(t, src)) {
		t.Fatal("the copy differs")
	}
	var a, b backend.Attr
	ok(t, dst.Sync(false)) // delayed allocation
	ok(t, src.Sync(false))
	ok(t, dst.Stat(&a))
	ok(t, src.Stat(&b))
	if a.Blocks > b.Blocks+1024 { // extents of 64 KiB at the edges
		t.Fatalf("the copy has %d blocks, the source %d", a.Blocks, b.Blocks)
	}
}

func TestCopyData(t *testing.T) {
	everyPair(t, func(t *testing.T, src, dst backend.Backend) {
		from, to := create(t, src.Root(), "from"), create(t, dst.Private(backend.StageDir), "to")
		sparse(t, from)
		_, err := to.WriteAt(bytes.Repeat([]byte("old"), 1<<20), sparseSize-1<<20) // in a hole, and past the end
		ok(t, err)
		p := backend.NewPair(src, dst)
		var done int64
		ok(t, p.CopyData(context.Background(), to, from, sparseSize, func(n int64) { done += n }))
		same(t, to, from)
		if done < 9<<20 || done > 12<<20 {
			t.Errorf("progress says %d bytes", done)
		}
		if want := src.Props().FSID == dst.Props().FSID && src.Props().Reflink; p.CanReflink() != want {
			t.Errorf("reflink: got %v, want %v", p.CanReflink(), want)
		}
		// A source that became shorter, and one that grew.
		for _, size := range []int64{sparseSize + 12345, 5<<20 + 1} {
			ok(t, p.CopyData(context.Background(), to, from, size, nil))
			want := make([]byte, size)
			copy(want, content(t, from))
			if !bytes.Equal(content(t, to), want) {
				t.Fatalf("the copy of %d bytes differs", size)
			}
		}
	})
}

// TestCopyDataZeros is for filesystems that don't tell holes.
func TestCopyDataZeros(t *testing.T) {
	b := openAt(t, filepath.Join(disk.New(t, "ext4", 0), "b"))
	b.Props().Holes = false
	from, to := create(t, b.Root(), "from"), create(t, b.Root(), "to")
	sparse(t, from)
	ok(t, backend.NewPair(b, b).CopyData(context.Background(), to, from, sparseSize, nil))
	same(t, to, from)
}

func TestCopyDataCanceled(t *testing.T) {
	b := openAt(t, filepath.Join(disk.New(t, "ext4", 0), "b"))
	for _, holes := range []bool{true, false} {
		b.Props().Holes = holes
		from, to := create(t, b.Root(), fmt.Sprint("from-", holes)), create(t, b.Root(), fmt.Sprint("to-", holes))
		sparse(t, from)
		ctx, cancel := context.WithCancel(context.Background())
		var calls int
		err := backend.NewPair(b, b).CopyData(ctx, to, from, sparseSize, func(int64) {
			if calls++; calls == 2 {
				cancel()
			}
		})
		if !errors.Is(err, context.Canceled) || calls != 2 {
			t.Errorf("holes %v: got error %v after %d chunks", holes, err, calls)
		}
		cancel()
	}
}

// TestCopyDataErrors: every operation of the copy that fails ends it.
func TestCopyDataErrors(t *testing.T) {
	var failing string
	var fired bool
	hook := func(op, _ string) error {
		if op == failing {
			fired = true
			return syscall.EIO
		}
		return nil
	}
	inner := openAt(t, filepath.Join(disk.New(t, "ext4", 0), "b"))
	b := backendtest.NewFaulty(inner, hook)
	from, to := create(t, b.Root(), "from"), create(t, b.Root(), "to")
	sparse(t, from)
	for _, holes := range []bool{true, false} {
		inner.Props().Holes = holes
		ops := []string{"File.SetAttr", "File.StartWriteback", "File.ReadAt", "File.WriteAt"}
		if holes {
			ops = []string{"File.SetAttr", "File.StartWriteback", "File.CopyRange"}
		}
		for _, op := range ops {
			failing, fired = op, false
			err := backend.NewPair(b, b).CopyData(context.Background(), to, from, sparseSize, nil)
			if !fired || !errors.Is(err, syscall.EIO) {
				t.Errorf("holes %v, %s: fired %v, error %v", holes, op, fired, err)
			}
		}
	}
	// A filesystem whose SEEK_DATA fails is read to the end.
	inner.Props().Holes, failing, fired = true, "File.Seek", false
	err := backend.NewPair(b, b).CopyData(context.Background(), to, from, sparseSize, nil)
	if !fired || err != nil {
		t.Fatalf("fired %v, error %v", fired, err)
	}
	failing = ""
	same(t, to, from)
}

// TestNotThisFile: nocow against cow is about the file, and the pair goes on.
func TestNotThisFile(t *testing.T) {
	b := openAt(t, filepath.Join(disk.New(t, "btrfs", 0), "b"))
	from, to := create(t, b.Root(), "from"), create(t, b.Root(), "to")
	fd := to.(backend.Descriptor).Descriptor()
	if err := unix.IoctlSetPointerInt(fd, unix.FS_IOC_SETFLAGS, nocow); err != nil {
		t.Fatal(err)
	}
	sparse(t, from)
	if err := to.Clone(from); !errors.Is(err, backend.ErrNotThisFile) {
		t.Fatalf("got error %v, want ErrNotThisFile", err)
	}
	p := backend.NewPair(b, b)
	ok(t, p.CopyData(context.Background(), to, from, sparseSize, nil))
	same(t, to, from)
	if !p.CanReflink() {
		t.Fatal("the pair was given up")
	}
}

func TestCopyRangeExact(t *testing.T) {
	everyPair(t, func(t *testing.T, src, dst backend.Backend) {
		from, to := create(t, src.Root(), "from"), create(t, dst.Root(), "to")
		sparse(t, from)
		junk := bytes.Repeat([]byte("junk"), 13<<19) // 26 MiB: longer than the source
		_, err := to.WriteAt(junk, 0)
		ok(t, err)
		const off, size = 1<<20 + 77, 4<<20 + 1001
		ok(t, backend.CopyRangeExact(to, from, off, size))
		want := bytes.Clone(junk)
		copy(want[off:], content(t, from)[off:off+size])
		if !bytes.Equal(content(t, to), want) {
			t.Fatal("the range differs, or more than the range changed")
		}
		ok(t, backend.CopyRangeExact(to, from, 0, int64(len(junk))))
		copy(want, content(t, from))
		clear(want[sparseSize:])
		if !bytes.Equal(content(t, to), want) {
			t.Fatal("the whole differs")
		}
		ok(t, to.SetAttr(&backend.SetAttr{Size: ptr(int64(sparseSize))}))
		same(t, to, from)
	})
}

// TestCopyRangeExactNoPunch: without holes there are zeros, and the file
// doesn't become longer.
func TestCopyRangeExactNoPunch(t *testing.T) {
	b := backendtest.NewFaulty(openAt(t, t.TempDir()), func(op, _ string) error {
		if op == "File.Fallocate" {
			return syscall.EOPNOTSUPP
		}
		return nil
	})
	from, to := create(t, b.Root(), "from"), create(t, b.Root(), "to")
	ok(t, from.SetAttr(&backend.SetAttr{Size: ptr(int64(8 << 20))}))
	_, err := to.WriteAt(bytes.Repeat([]byte("x"), 3<<20), 0)
	ok(t, err)
	ok(t, backend.CopyRangeExact(to, from, 1<<20, 100<<20))
	if !bytes.Equal(content(t, to), append(bytes.Repeat([]byte("x"), 1<<20), make([]byte, 2<<20)...)) {
		t.Fatal("the rest isn't zeros, or the size changed")
	}
}
