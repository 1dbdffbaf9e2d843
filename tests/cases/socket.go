package cases

import (
	"os"
	"runtime"
	"testing"

	"github.com/seamfs/seamfs/tests/check"
	"golang.org/x/sys/unix"
)

var socketCases = []Case{
	{"SocketConnects", socketConnects},
	{"LargeDeviceNumbers", largeDeviceNumbers},
	{"FifoBetweenProcesses", fifoBetweenProcesses},
}

// inDir calls fn on a thread whose working directory is dir: addresses of
// sockets must be short.
func inDir(dir string, fn func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		err := unix.Unshare(unix.CLONE_FS)
		if err == nil {
			err = unix.Chdir(dir)
		}
		if err == nil {
			err = fn()
		}
		// The process's first thread doesn't end and would keep the mount busy.
		if back := unix.Chdir("/"); err == nil {
			err = back
		}
		done <- err
	}()
	return <-done
}

func withSocket(do func(fd int) error) error {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return do(fd)
}

// bind makes a socket of the name by bind(2).
func bind(dir, name string) error {
	return inDir(dir, func() error {
		return withSocket(func(fd int) error { return unix.Bind(fd, &unix.SockaddrUnix{Name: name}) })
	})
}

func socketConnects(t *testing.T, mnt string) {
	check.OK(t, inDir(mnt, func() error {
		return withSocket(func(server int) error {
			if err := unix.Bind(server, &unix.SockaddrUnix{Name: "s"}); err != nil {
				return err
			}
			if err := unix.Listen(server, 1); err != nil {
				return err
			}
			return withSocket(func(client int) error { return unix.Connect(client, &unix.SockaddrUnix{Name: "s"}) })
		})
	}))
	check.Equal(t, "type", check.Lstat(t, mnt+"/s").Mode&unix.S_IFMT, unix.S_IFSOCK)
	check.Errno(t, "bind to a name that is there", bind(mnt, "s"), unix.EADDRINUSE)
	connect := func() error {
		return inDir(mnt, func() error {
			return withSocket(func(fd int) error { return unix.Connect(fd, &unix.SockaddrUnix{Name: "s"}) })
		})
	}
	check.Errno(t, "connect to a socket without a server", connect(), unix.ECONNREFUSED)
	_, err := unix.Open(mnt+"/s", unix.O_RDWR, 0)
	check.Errno(t, "open of a socket", err, unix.ENXIO)
	check.OK(t, unix.Rename(mnt+"/s", mnt+"/r"))
	check.OK(t, os.Remove(mnt+"/r"))
}

// largeDeviceNumbers: XFS takes majors of 9 bits and minors of 18.
func largeDeviceNumbers(t *testing.T, mnt string) {
	for i, dev := range []uint64{unix.Mkdev(0, 1), unix.Mkdev(255, 255), unix.Mkdev(256, 256), unix.Mkdev(511, 1<<18-1)} {
		for _, typ := range []uint32{unix.S_IFCHR, unix.S_IFBLK} {
			p := mnt + "/node" + string(rune('a'+i))
			check.OK(t, unix.Mknod(p, typ|0o600, int(dev)))
			check.Equal(t, "device", check.Lstat(t, p).Rdev, dev)
			check.OK(t, unix.Rename(p, p+"-renamed"))
			check.Equal(t, "device after rename", check.Lstat(t, p+"-renamed").Rdev, dev)
			check.OK(t, os.Remove(p+"-renamed"))
		}
	}
	check.OK(t, unix.Mknod(mnt+"/null", unix.S_IFCHR|0o600, int(unix.Mkdev(1, 3))))
	f, err := os.OpenFile(mnt+"/null", os.O_RDWR, 0)
	if err == nil { // not so on a mount with nodev
		_, err = f.WriteString("x")
		check.OK(t, err)
		check.OK(t, f.Close())
		return
	}
	check.Errno(t, "open of a device", err, unix.EACCES)
}

func fifoBetweenProcesses(t *testing.T, mnt string) {
	check.OK(t, unix.Mkfifo(mnt+"/p", 0o600))
	_, err := unix.Open(mnt+"/p", unix.O_WRONLY|unix.O_NONBLOCK, 0)
	check.Errno(t, "open for writing without a reader", err, unix.ENXIO)
	cat := child(t, "cat", mnt+"/p")
	w := check.Open(t, mnt+"/p", os.O_WRONLY, 0) // blocks until cat has opened it
	check.OK(t, unix.Rename(mnt+"/p", mnt+"/q"))
	_, err = w.WriteString("through")
	check.OK(t, err)
	check.OK(t, w.Close())
	check.Equal(t, "what the other process read", cat(), "through")
}
