package backendtest

import (
	"bytes"
	"errors"
	"strings"
	"syscall"
	"testing"

	"github.com/seamfs/seamfs/backend"
)

const block = 64 << 10 // a multiple of every block size

func testClone(t *testing.T, b backend.Backend) {
	r := b.Root()
	content := strings.Repeat("reflink!", 4*block/8)
	write(t, r, "src", content)
	src, dst := open(t, r, "src", syscall.O_RDONLY), create(t, r, "dst")
	err := dst.Clone(src)
	if !b.Props().Reflink {
		if !errors.Is(err, backend.ErrNoReflink) {
			t.Fatalf("got error %v, want ErrNoReflink", err)
		}
		equal(t, "content", readAll(t, dst), "")
		return
	}
	ok(t, err)
	if readAll(t, dst) != content {
		t.Fatal("the clone differs")
	}
	_, err = dst.WriteAt([]byte("x"), 0)
	ok(t, err)
	if readAll(t, src) != content {
		t.Fatal("a write to the clone changed the source")
	}
	readOnly := open(t, r, "dst", syscall.O_RDONLY)
	fails(t, readOnly.Clone(src), syscall.EBADF) // a real error, no verdict
	if err := readOnly.Clone(src); errors.Is(err, backend.ErrNoReflink) || errors.Is(err, backend.ErrNotThisFile) {
		t.Fatalf("got the verdict %v for a real error", err)
	}
}

func testCloneRange(t *testing.T, b backend.Backend) {
	r := b.Root()
	write(t, r, "src", strings.Repeat("a", block)+strings.Repeat("b", block)+strings.Repeat("c", block))
	src, dst := open(t, r, "src", syscall.O_RDONLY), create(t, r, "dst")
	ok(t, dst.CloneRange(src, 0, 0, 0))
	equal(t, "size after an empty range", readAll(t, dst), "")
	err := dst.CloneRange(src, block, block, 2*block)
	if !b.Props().Reflink {
		if !errors.Is(err, backend.ErrNoReflink) {
			t.Fatalf("got error %v, want ErrNoReflink", err)
		}
		return
	}
	ok(t, err)
	if readAll(t, dst) != string(make([]byte, 2*block))+strings.Repeat("b", block) {
		t.Fatal("the range isn't where it should be")
	}
	if err := dst.CloneRange(src, 1, block, 0); !errors.Is(err, backend.ErrNotThisFile) {
		t.Fatalf("a range that isn't made of blocks: got error %v, want ErrNotThisFile", err)
	}
}

func testCopyRange(t *testing.T, b backend.Backend) {
	r := b.Root()
	content := bytes.Repeat([]byte("0123456789abcde\n"), 5<<16/2) // 2.5 MiB
	write(t, r, "src", string(content))
	src, dst := open(t, r, "src", syscall.O_RDONLY), create(t, r, "dst")
	var off int64
	for { // with one more than there is
		n, err := dst.CopyRange(src, 3+off, int64(len(content))-2-off, 100+off)
		ok(t, err)
		if n == 0 {
			break
		}
		off += n
	}
	equal(t, "copied", off, int64(len(content)-3))
	if readAll(t, dst) != string(make([]byte, 100))+string(content[3:]) {
		t.Fatal("the copy differs")
	}
	n, err := dst.CopyRange(src, 0, 0, 0)
	ok(t, err)
	equal(t, "copied of nothing", n, 0)
	_, err = src.CopyRange(dst, 0, 1, 0)
	fails(t, err, syscall.EBADF)
}

// testCopyRangeOverlap: a copy by hand would garble the file.
func testCopyRangeOverlap(t *testing.T, b backend.Backend) {
	r := b.Root()
	content := strings.Repeat("0123456789", 1000)
	write(t, r, "file", content)
	f, g := open(t, r, "file", syscall.O_RDWR), open(t, r, "file", syscall.O_RDWR)
	_, err := f.CopyRange(g, 0, 5000, 1000)
	fails(t, err, syscall.EINVAL)
	equal(t, "content", readAll(t, f), content)
	_, err = f.CopyRange(g, 0, 10, 9990)
	ok(t, err)
}
