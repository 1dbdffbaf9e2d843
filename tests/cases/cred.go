package cases

import (
	"os"
	"testing"

	"github.com/seamfs/seamfs/tests/check"
	"golang.org/x/sys/unix"
)

var credCases = []Case{
	{"CreatedByUser", createdByUser},
	{"SetgidInherited", setgidInherited},
	{"SetgidDroppedForStrangers", setgidDroppedForStrangers},
	{"AccessDenied", accessDenied},
	{"SupplementaryGroups", supplementaryGroups},
}

// makeEach makes one object of each kind in dir and returns their names.
func makeEach(t *testing.T, dir string) []string {
	t.Helper()
	fd, err := unix.Open(dir+"/file", unix.O_CREAT|unix.O_WRONLY, 0o644)
	check.OK(t, err)
	check.OK(t, unix.Close(fd))
	check.OK(t, unix.Mkdir(dir+"/dir", 0o755))
	check.OK(t, unix.Symlink("x", dir+"/link"))
	check.OK(t, unix.Mkfifo(dir+"/fifo", 0o644))
	check.OK(t, unix.Mknod(dir+"/sock", unix.S_IFSOCK|0o644, 0))
	return []string{"file", "dir", "link", "fifo", "sock"}
}

func createdByUser(t *testing.T, mnt string) {
	var made []string
	check.AsUser(t, 1234, 4321, nil, func() { made = makeEach(t, mnt) })
	for _, n := range made {
		st := check.Lstat(t, mnt+"/"+n)
		check.True(t, st.Uid == 1234 && st.Gid == 4321, "owner of %s: %d:%d", n, st.Uid, st.Gid)
	}
}

func setgidInherited(t *testing.T, mnt string) {
	check.OK(t, os.Mkdir(mnt+"/d", 0o777))
	check.OK(t, os.Chown(mnt+"/d", 0, 555))
	check.OK(t, unix.Chmod(mnt+"/d", 0o2777))
	var made []string
	check.AsUser(t, 1234, 4321, nil, func() { made = makeEach(t, mnt+"/d") })
	for _, n := range made {
		st := check.Lstat(t, mnt+"/d/"+n)
		check.True(t, st.Uid == 1234 && st.Gid == 555, "owner of %s: %d:%d", n, st.Uid, st.Gid)
	}
	check.Equal(t, "mode of the directory", check.Lstat(t, mnt+"/d/dir").Mode&0o7777, 0o2755)
	check.Equal(t, "mode of the file", check.Lstat(t, mnt+"/d/file").Mode&0o7777, 0o644)
}

// setgidDroppedForStrangers: who isn't in a directory's group can't make a
// setgid program for it there.
func setgidDroppedForStrangers(t *testing.T, mnt string) {
	check.OK(t, os.Mkdir(mnt+"/d", 0o777))
	check.OK(t, os.Chown(mnt+"/d", 0, 555))
	check.OK(t, unix.Chmod(mnt+"/d", 0o2777))
	check.AsUser(t, 1234, 4321, nil, func() {
		fd, err := unix.Open(mnt+"/d/f", unix.O_CREAT|unix.O_WRONLY, 0o2755)
		check.OK(t, err)
		check.OK(t, unix.Close(fd))
		check.OK(t, unix.Chmod(mnt+"/d/f", 0o2755))
	})
	check.Equal(t, "mode", check.Lstat(t, mnt+"/d/f").Mode&0o7777, 0o755)
}

func accessDenied(t *testing.T, mnt string) {
	check.OK(t, os.Mkdir(mnt+"/d", 0o700))
	check.Write(t, mnt+"/d/f", "x")
	check.Write(t, mnt+"/f", "x")
	check.OK(t, os.Mkdir(mnt+"/ro", 0o755))
	check.OK(t, os.Chmod(mnt+"/f", 0o600))
	check.AsUser(t, 1000, 1000, nil, func() {
		_, err := unix.Open(mnt+"/f", unix.O_RDONLY, 0)
		check.Errno(t, "open of a private file", err, unix.EACCES)
		var st unix.Stat_t
		check.Errno(t, "stat below a private directory", unix.Stat(mnt+"/d/f", &st), unix.EACCES)
		_, err = os.ReadDir(mnt + "/d")
		check.Errno(t, "listing of a private directory", err, unix.EACCES)
		check.Errno(t, "mkdir in a directory of root", unix.Mkdir(mnt+"/ro/x", 0o755), unix.EACCES)
		check.Errno(t, "access", unix.Access(mnt+"/f", unix.R_OK), unix.EACCES)
	})
}

func supplementaryGroups(t *testing.T, mnt string) {
	check.Write(t, mnt+"/f", "x")
	check.OK(t, os.Chown(mnt+"/f", 0, 777))
	check.OK(t, os.Chmod(mnt+"/f", 0o040))
	check.AsUser(t, 1000, 1000, []uint32{500, 777}, func() {
		_, err := os.ReadFile(mnt + "/f")
		check.Errno(t, "read by a member of the group", err, 0)
	})
	check.AsUser(t, 1000, 1000, []uint32{500}, func() {
		_, err := os.ReadFile(mnt + "/f")
		check.Errno(t, "read by a stranger", err, unix.EACCES)
	})
}
