package tests

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seamfs/seamfs/tests/check"
	"github.com/seamfs/seamfs/tests/harness"
	"golang.org/x/sys/unix"
)

// All objects of the matrix belong to owner and group; the file o belongs to
// somebody else.
const permOwner, permGroup, permOther = 1000, 2000, 1009

var permUsers = []struct {
	name     string
	uid, gid int
	groups   []uint32
}{
	{"root", 0, 0, nil},
	{"owner", permOwner, 1000, nil},
	{"member", 1001, permGroup, nil},
	{"supplementary", 1002, 1002, []uint32{50, permGroup}},
	{"other", 1003, 1003, []uint32{50}},
}

var permFileModes = []uint32{0, 0o400, 0o200, 0o100, 0o040, 0o020, 0o010, 0o004, 0o002, 0o001, 0o644, 0o664, 0o755, 0o4755, 0o2755, 0o6777}

var permDirModes = []uint32{0, 0o400, 0o200, 0o100, 0o300, 0o500, 0o700, 0o070, 0o030, 0o003, 0o007, 0o755, 0o775, 0o777, 0o1777, 0o1770, 0o2775, 0o3777}

// TestPermissionMatrix does each operation as each user on objects of each
// mode, on a plain ext4 and in the mount, and compares errno and what is there
// afterwards: cell by cell the same.
func TestPermissionMatrix(t *testing.T) {
	root := harness.Disk(t, "ext4", 256<<20)
	want := permMatrix(t, root+"/p", root+"/out", false)
	harness.EachPair(t, func(t *testing.T, p harness.Pair) {
		d := p.Mount(t)
		run := func(from, to string, few bool) {
			t.Run(from+"-to-"+to, func(t *testing.T) {
				d.Limit(2 * time.Minute)
				comparePerms(t, permMatrix(t, d.Path(from, "p"), d.Path(to, "out"), few), want)
			})
		}
		run("scratch", "store", p != harness.TmpfsExt4)
		if p == harness.TmpfsExt4 {
			run("store", "scratch", true)
		}
	})
}

// permForced tells of cells in which FUSE forces a difference: the kernel
// ends chown(-1, -1) of a file with suid or sgid by itself, with success and
// without a request, where the filesystem strips the bits.
func permForced(cell string) bool {
	f := strings.Fields(cell)
	return f[0] == "file" && f[3] == "chown-nothing" && f[1] >= "2000"
}

func comparePerms(t *testing.T, got, want map[string]string) {
	t.Helper()
	differ := 0
	for _, cell := range slices.Sorted(maps.Keys(got)) {
		if got[cell] == want[cell] || permForced(cell) {
			continue
		}
		if differ++; differ <= 40 {
			t.Errorf("%s\n  got  %s\n  ext4 %s", cell, got[cell], want[cell])
		}
	}
	if differ > 0 {
		t.Errorf("%d of %d cells differ", differ, len(got))
	}
}

// permMatrix fills the matrix: a cell is called "kind mode user operation" and
// holds the errno and, if that changed, what is there afterwards. Few leaves
// out most modes.
func permMatrix(t *testing.T, dir, out string, few bool) map[string]string {
	t.Helper()
	begin := time.Now()
	m := &matrix{t: t, place: permPlace{dir, out}, cells: map[string]string{}}
	fileModes, dirModes := permFileModes, permDirModes
	if few {
		fileModes, dirModes = []uint32{0, 0o664, 0o6777}, []uint32{0o500, 0o300, 0o775, 0o1777, 0o2775}
	}
	for _, u := range permUsers {
		m.user, m.uid, m.gid = u.name, u.uid, u.gid
		m.actor = check.NewActor(t, u.uid, u.gid, u.groups)
		for _, mode := range fileModes {
			m.run("file", mode, fileOps(), m.makeFile)
		}
		for _, mode := range dirModes {
			m.run("dir", mode, dirOps(), m.makeDir)
		}
	}
	t.Logf("%d cells in %v", len(m.cells), time.Since(begin).Round(time.Millisecond))
	return m.cells
}

type matrix struct {
	t        *testing.T
	place    permPlace
	actor    *check.Actor
	user     string
	uid, gid int
	cells    map[string]string
}

// run does the operations one after another, on new objects where the one
// before changed anything. After an operation that failed it doesn't look: what
// that changed shows in the next cell.
func (m *matrix) run(kind string, mode uint32, ops []permOp, makeAll func(mode uint32)) {
	m.t.Helper()
	made := ""
	for _, op := range ops {
		if made == "" {
			m.clear()
			makeAll(mode)
			made = m.state()
		}
		var err error
		m.actor.Do(func() { err = op.do(m.place) })
		result := unix.ErrnoName(check.ErrnoOf(err))
		if err == nil && !op.reads {
			if after := m.state(); after != made {
				result += after
				made = ""
			}
		}
		m.cells[fmt.Sprintf("%s %04o %s %s", kind, mode, m.user, op.name)] = result
	}
	if made != "" {
		check.Equal(m.t, fmt.Sprintf("state after the operations of %s on %s %04o", m.user, kind, mode), m.state(), made)
	}
	m.clear()
}

func (m *matrix) clear() {
	m.t.Helper()
	check.OK(m.t, os.RemoveAll(m.place.dir))
	check.OK(m.t, os.RemoveAll(m.place.out))
}

// own gives what was made just now its owner and mode.
func (m *matrix) own(path string, uid, gid int, mode uint32) {
	m.t.Helper()
	if uid != 0 || gid != 0 {
		check.OK(m.t, unix.Chown(path, uid, gid))
	}
	if mode&^0o755 != 0 {
		check.OK(m.t, unix.Chmod(path, mode))
	}
}

func (m *matrix) file(path string, uid, gid int) {
	m.t.Helper()
	check.OK(m.t, unix.Mknod(path, unix.S_IFREG|0o644, 0))
	m.own(path, uid, gid, 0o644)
}

func (m *matrix) dir(path string, uid, gid int, mode uint32) {
	m.t.Helper()
	check.OK(m.t, unix.Mkdir(path, mode))
	m.own(path, uid, gid, mode)
}

func (m *matrix) makeFile(mode uint32) {
	m.t.Helper()
	m.dir(m.place.out, 0, 0, 0o777)
	m.dir(m.place.dir, 0, 0, 0o777)
	f := m.place.dir + "/f"
	check.OK(m.t, os.WriteFile(f, []byte("text"), os.FileMode(mode&0o777)))
	check.OK(m.t, unix.Setxattr(f, "user.old", []byte("v"), 0))
	m.own(f, permOwner, permGroup, mode)
}

func (m *matrix) makeDir(mode uint32) {
	m.t.Helper()
	d, out := m.place.dir, m.place.out
	m.dir(out, 0, 0, 0o777)
	m.file(out+"/in", m.uid, m.gid)
	m.dir(out+"/indir", m.uid, m.gid, 0o755)
	m.dir(d, 0, 0, mode)
	m.file(d+"/f", permOwner, permGroup)
	m.file(d+"/o", permOther, permOther)
	m.dir(d+"/sub", permOwner, permGroup, 0o755)
	m.dir(d+"/full", permOwner, permGroup, 0o755)
	m.file(d+"/full/x", 0, 0)
	check.OK(m.t, unix.Setxattr(d, "user.old", []byte("v"), 0))
	m.own(d, permOwner, permGroup, mode)
}

// state is what root sees of the objects.
func (m *matrix) state() string {
	var b strings.Builder
	m.look(&b, m.place.dir)
	for _, dir := range []string{m.place.dir, m.place.out} {
		es, _ := os.ReadDir(dir)
		for _, e := range es {
			m.look(&b, dir+"/"+e.Name())
		}
	}
	for _, name := range []string{"/", "/f"} {
		buf := make([]byte, 1000)
		n, _ := unix.Llistxattr(m.place.path(name), buf)
		fmt.Fprintf(&b, " xattrs=%d", n)
	}
	return b.String()
}

func (m *matrix) look(b *strings.Builder, path string) {
	var st unix.Stat_t
	if unix.Lstat(path, &st) != nil {
		return
	}
	fmt.Fprintf(b, " %s=%o:%d:%d", filepath.Base(path), st.Mode, st.Uid, st.Gid)
	if st.Mode&unix.S_IFMT == unix.S_IFREG {
		fmt.Fprintf(b, ":nlink=%d:size=%d", st.Nlink, st.Size)
	}
	if st.Mtim == past {
		b.WriteString(":past")
	}
}
