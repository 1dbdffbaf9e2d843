package cases

import (
	"os"
	"testing"

	"github.com/seamfs/seamfs/tests/check"
	"golang.org/x/sys/unix"
)

var exchangeCases = []Across{
	{"ExchangeMatrix", exchangeMatrix},
	{"ExchangeErrors", exchangeErrors},
	{"ExchangeOpenFiles", exchangeOpenFiles},
}

func exchange(a, b string) error {
	return unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE)
}

func exchangeMatrix(t *testing.T, a, b string) {
	for _, x := range sources {
		for _, y := range sources {
			t.Run(string(x)+"-with-"+string(y), func(t *testing.T) {
				px, py := a+"/x-"+string(x)+"-"+string(y), b+"/y-"+string(x)+"-"+string(y)
				check.Make(t, x, px, "text x")
				check.Make(t, y, py, "text y")
				ix, iy := check.Lstat(t, px).Ino, check.Lstat(t, py).Ino
				check.OK(t, exchange(px, py))
				check.Is(t, y, px, "text y")
				check.Is(t, x, py, "text x")
				check.True(t, check.Lstat(t, px).Ino == iy && check.Lstat(t, py).Ino == ix, "inodes weren't exchanged")
				check.OK(t, exchange(px, py))
				check.Is(t, x, px, "text x")
				check.Is(t, y, py, "text y")
			})
		}
	}
}

func exchangeErrors(t *testing.T, a, b string) {
	check.Write(t, a+"/f", "f")
	check.Errno(t, "exchange with nothing", exchange(a+"/f", b+"/none"), unix.ENOENT)
	check.Errno(t, "exchange of nothing", exchange(b+"/none", a+"/f"), unix.ENOENT)
	check.OK(t, os.MkdirAll(a+"/d/e", 0o755))
	check.Errno(t, "exchange with one's own child", exchange(a+"/d", a+"/d/e"), unix.EINVAL)
	check.Errno(t, "exchange with one's own parent", exchange(a+"/d/e", a+"/d"), unix.EINVAL)
	check.Content(t, a+"/f", "f")
	check.Is(t, check.Dir, a+"/d/e", "")
}

func exchangeOpenFiles(t *testing.T, a, b string) {
	check.Write(t, a+"/f", "one")
	check.Write(t, b+"/g", "two")
	f := check.Open(t, a+"/f", os.O_RDWR|os.O_APPEND, 0)
	g := check.Open(t, b+"/g", os.O_RDWR|os.O_APPEND, 0)
	check.OK(t, exchange(a+"/f", b+"/g"))
	_, err := f.WriteString(" more")
	check.OK(t, err)
	_, err = g.WriteString(" also")
	check.OK(t, err)
	check.Content(t, b+"/g", "one more")
	check.Content(t, a+"/f", "two also")
	check.Equal(t, "nlink by descriptor", check.Fstat(t, f).Nlink, 1)
}
