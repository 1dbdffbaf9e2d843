package backendtest

import (
	"bytes"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/seamfs/seamfs/backend"
	"golang.org/x/sys/unix"
)

func testReadWrite(t *testing.T, b backend.Backend) {
	f := create(t, b.Root(), "file")
	n, err := f.WriteAt([]byte("world"), 6)
	ok(t, err)
	equal(t, "written", n, 5)
	_, err = f.WriteAt([]byte("hello"), 0)
	ok(t, err)
	equal(t, "content", readAll(t, f), "hello\x00world")
	buf := make([]byte, 100)
	n, err = f.ReadAt(buf, 6)
	ok(t, err)
	equal(t, "read up to the end", string(buf[:n]), "world")
	n, err = f.ReadAt(buf, 11)
	ok(t, err)
	equal(t, "read at the end", n, 0)
	_, err = f.ReadAt(buf, -1)
	fails(t, err, syscall.EINVAL)
	big := bytes.Repeat([]byte("0123456789abcdef"), 3<<16) // 3 MiB
	n, err = f.WriteAt(big, 1)
	ok(t, err)
	equal(t, "written", n, len(big))
	if got := readAll(t, f); got != "h"+string(big) {
		t.Fatal("3 MiB come back wrong")
	}
}

func testFileAttr(t *testing.T, b backend.Backend) {
	r := b.Root()
	write(t, r, "file", "12345")
	f := open(t, r, "file", syscall.O_RDWR)
	var a backend.Attr
	ok(t, f.Stat(&a))
	equal(t, "attributes", a, stat(t, r, "file"))
	mtime := backend.Time{Sec: 7, Nsec: 8}
	ok(t, f.SetAttr(&backend.SetAttr{Size: ptr(int64(2)), Mode: ptr(uint32(0711)), Mtime: &mtime}))
	ok(t, r.Unlink("file"))
	ok(t, f.Stat(&a))
	equal(t, "size", a.Size, 2)
	equal(t, "mode", a.Mode, syscall.S_IFREG|0711)
	equal(t, "mtime", a.Mtime, mtime)
	equal(t, "links", a.Nlink, 0)
}

func testFileRef(t *testing.T, b backend.Backend) {
	r := b.Root()
	f := create(t, r, "file")
	birth, err := r.Birth("file")
	ok(t, err)
	ok(t, r.Unlink("file"))
	ref, err := f.Ref()
	ok(t, err)
	defer ref.Close()
	again, err := ref.Birth("")
	ok(t, err)
	equal(t, "birth", again, birth)
	_, err = open(t, ref, "", syscall.O_RDWR).WriteAt([]byte("x"), 0)
	ok(t, err)
	equal(t, "content", readAll(t, f), "x")
}

func testFallocate(t *testing.T, b backend.Backend) {
	f := create(t, b.Root(), "file")
	ok(t, f.Fallocate(0, 0, 1<<20))
	var a backend.Attr
	ok(t, f.Stat(&a))
	equal(t, "size", a.Size, 1<<20)
	if a.Blocks*512 < 1<<20 {
		t.Fatalf("only %d blocks are allocated", a.Blocks)
	}
	_, err := f.WriteAt(bytes.Repeat([]byte("x"), 1<<20), 0)
	ok(t, err)
	ok(t, f.Fallocate(unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, 64<<10, 1<<20-64<<10))
	want := strings.Repeat("x", 64<<10) + string(make([]byte, 1<<20-64<<10))
	if readAll(t, f) != want {
		t.Fatal("the hole isn't where it should be")
	}
	fails(t, f.Fallocate(0, 0, 0), syscall.EINVAL)
}

func testSeek(t *testing.T, b backend.Backend) {
	f := create(t, b.Root(), "file")
	ok(t, f.SetAttr(&backend.SetAttr{Size: ptr(int64(4 << 20))}))
	_, err := f.WriteAt(make([]byte, 64<<10), 1<<20)
	ok(t, err)
	_, err = f.Seek(0, unix.SEEK_SET)
	fails(t, err, syscall.EINVAL)
	_, err = f.Seek(4<<20, unix.SEEK_DATA)
	fails(t, err, syscall.ENXIO)
	if !b.Props().Holes {
		t.Skip("no holes")
	}
	for _, c := range []struct {
		off    int64
		whence int
		want   int64
	}{
		{0, unix.SEEK_DATA, 1 << 20}, {0, unix.SEEK_HOLE, 0},
		{1 << 20, unix.SEEK_HOLE, 1<<20 + 64<<10}, {3 << 20, unix.SEEK_HOLE, 3 << 20},
	} {
		got, err := f.Seek(c.off, c.whence)
		ok(t, err)
		equal(t, "found", got, c.want)
	}
	_, err = f.Seek(2<<20, unix.SEEK_DATA)
	fails(t, err, syscall.ENXIO)
}

func testSync(t *testing.T, b backend.Backend) {
	f := create(t, b.Root(), "file")
	_, err := f.WriteAt(make([]byte, 1<<20), 0)
	ok(t, err)
	ok(t, f.StartWriteback(0, 1<<20, false))
	ok(t, f.StartWriteback(0, 1<<20, true))
	ok(t, f.Sync(true))
	ok(t, f.Sync(false))
	ok(t, b.SyncFS())
}

// testParallel: reads, writes and seeks of several goroutines don't disturb
// one another, nor do identities of creators.
func testParallel(t *testing.T, b backend.Backend) {
	needRoot(t)
	f := create(t, b.Root(), "file")
	const workers, rounds = 8, 50
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			block := bytes.Repeat([]byte{byte('a' + w)}, 4096)
			got := make([]byte, len(block))
			name := string(rune('a' + w))
			cred := backend.Cred{UID: uint32(1000 + w), GID: uint32(2000 + w)}
			for range rounds {
				off := int64(w) * 4096
				if _, err := f.WriteAt(block, off); err != nil {
					t.Error(err)
				}
				if _, err := f.Seek(0, unix.SEEK_HOLE); err != nil {
					t.Error(err)
				}
				if _, err := f.ReadAt(got, off); err != nil || !bytes.Equal(got, block) {
					t.Errorf("read back: %v", err)
				}
				var a backend.Attr
				err := b.Root().Mkdir(name, 0755, cred)
				if err == nil {
					err = b.Root().Stat(name, &a)
				}
				if err != nil || a.UID != cred.UID || a.GID != cred.GID {
					t.Errorf("made as %+v: owner %d:%d, %v", cred, a.UID, a.GID, err)
				}
				if err := b.Root().Rmdir(name); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}
