package check

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"math/rand/v2"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// Random writes size reproducible random bytes at off into the file at path,
// which it makes if it isn't there.
func Random(t testing.TB, path string, off, size int64, seed uint64) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o644)
	OK(t, err)
	defer f.Close()
	var key [32]byte
	for i := range 8 {
		key[i] = byte(seed >> (8 * i))
	}
	_, err = io.CopyN(io.NewOffsetWriter(f, off), rand.NewChaCha8(key), size)
	OK(t, err)
}

// Sum is the SHA-256 of the file at path, in hexadecimal.
func Sum(t testing.TB, path string) string {
	t.Helper()
	f, err := os.Open(path)
	OK(t, err)
	defer f.Close()
	return SumOf(t, f)
}

// SumOf is the SHA-256 of all that an open file holds, in hexadecimal; the
// file's position stays.
func SumOf(t testing.TB, f *os.File) string {
	t.Helper()
	h := sha256.New()
	_, err := io.Copy(h, io.NewSectionReader(f, 0, Fstat(t, f).Size))
	OK(t, err)
	return hex.EncodeToString(h.Sum(nil))
}

// A Kind is a sort of object that a case makes.
type Kind string

// The kinds of objects.
const (
	None    Kind = "absent"
	File    Kind = "file"
	Dir     Kind = "dir"
	FullDir Kind = "full-dir" // a directory with a file "child" in it
	Symlink Kind = "symlink"
	Fifo    Kind = "fifo"
	Socket  Kind = "socket"
	Char    Kind = "char"
)

// Make makes an object of the kind at path; a file and a link hold the text.
func Make(t testing.TB, k Kind, path, text string) {
	t.Helper()
	switch k {
	case None:
	case File:
		Write(t, path, text)
	case Dir:
		OK(t, os.Mkdir(path, 0o755))
	case FullDir:
		OK(t, os.Mkdir(path, 0o755))
		Write(t, path+"/child", text)
	case Symlink:
		OK(t, os.Symlink(text, path))
	case Fifo:
		OK(t, unix.Mknod(path, unix.S_IFIFO|0o644, 0))
	case Socket:
		OK(t, unix.Mknod(path, unix.S_IFSOCK|0o644, 0))
	case Char:
		OK(t, unix.Mknod(path, unix.S_IFCHR|0o644, int(unix.Mkdev(1, 3))))
	default:
		t.Fatalf("no such kind: %s", k)
	}
}

// Is stops the test unless an object of the kind and with the text is at path.
func Is(t testing.TB, k Kind, path, text string) {
	t.Helper()
	if k == None {
		Absent(t, path)
		return
	}
	types := map[Kind]uint32{File: unix.S_IFREG, Dir: unix.S_IFDIR, FullDir: unix.S_IFDIR, Symlink: unix.S_IFLNK,
		Fifo: unix.S_IFIFO, Socket: unix.S_IFSOCK, Char: unix.S_IFCHR}
	st := Lstat(t, path)
	Equal(t, "type of "+path, st.Mode&unix.S_IFMT, types[k])
	switch k {
	case File:
		Content(t, path, text)
	case FullDir:
		Content(t, path+"/child", text)
	case Symlink:
		got, err := os.Readlink(path)
		OK(t, err)
		Equal(t, "target of "+path, got, text)
	case Char:
		Equal(t, "device of "+path, st.Rdev, unix.Mkdev(1, 3))
	}
}
