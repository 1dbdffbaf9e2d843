package tests

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/seamfs/seamfs/tests/check"
	"golang.org/x/sys/unix"
	"pgregory.net/rapid"
)

// actions are the operations of the model. Those that make moves occur under
// several names, so that they are drawn more often.
func (m *model) actions() map[string]func(*rapid.T) {
	acts := map[string]func(){
		"write": m.write, "write2": m.write, "writeBig": m.writeBig, "writeBig2": m.writeBig,
		"rename": m.rename, "rename2": m.rename, "rename3": m.rename, "across": m.across, "across2": m.across, "across3": m.across,
		"truncate": m.truncate, "link": m.link, "symlink": m.symlink, "unlink": m.unlink, "mkdir": m.mkdir, "mkdir2": m.mkdir,
		"rmdir": m.rmdir, "chmod": m.chmod, "setxattr": m.setxattr, "open": m.open, "handle": m.useHandle, "handle2": m.useHandle,
		"list": m.list,
	}
	out := map[string]func(*rapid.T){}
	for name, act := range acts {
		out[name] = func(*rapid.T) { act() }
	}
	return out
}

func (m *model) write() {
	mp, pp := m.path("path")
	m.touch(mp)
	off := rapid.Int64Range(0, 100_000).Draw(m.rt, "offset")
	data := bytes.Repeat([]byte{byte(off)}, rapid.IntRange(0, 20_000).Draw(m.rt, "length"))
	m.same("write "+mp, writeAt(mp, off, data), writeAt(pp, off, data))
}

// writeBig makes a file whose copy takes a while.
func (m *model) writeBig() {
	mp, pp := m.path("path")
	m.touch(mp)
	data := bytes.Repeat([]byte("big data"), rapid.IntRange(1, 3).Draw(m.rt, "MiB")*mib)
	m.same("write "+mp, writeAt(mp, 0, data), writeAt(pp, 0, data))
}

func writeAt(path string, off int64, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteAt(data, off)
	return err
}

func (m *model) rename() {
	from, pfrom := m.path("from")
	to, pto := m.path("to")
	m.touch(from)
	m.touch(to)
	flags := rapid.SampledFrom([]uint{0, 0, unix.RENAME_NOREPLACE, unix.RENAME_EXCHANGE}).Draw(m.rt, "flags")
	m.same(fmt.Sprintf("rename %s %s flags %d", from, to, flags),
		unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, flags),
		unix.Renameat2(unix.AT_FDCWD, pfrom, unix.AT_FDCWD, pto, flags))
}

// across renames what is there, a file or tree, to the other side.
func (m *model) across() {
	side := rapid.IntRange(0, 1).Draw(m.rt, "from side")
	es, err := os.ReadDir(m.plain[side])
	check.OK(m.t, err)
	if len(es) == 0 {
		return
	}
	name := es[rapid.IntRange(0, len(es)-1).Draw(m.rt, "entry")].Name()
	to := rapid.SampledFrom(modelNames).Draw(m.rt, "to")
	from := filepath.Join(m.mount[side], name)
	m.touch(from)
	m.same("rename "+from+" across to "+to, os.Rename(from, m.mount[1-side]+"/"+to),
		os.Rename(filepath.Join(m.plain[side], name), m.plain[1-side]+"/"+to))
}

func (m *model) truncate() {
	mp, pp := m.path("path")
	m.touch(mp)
	size := rapid.Int64Range(0, 300_000).Draw(m.rt, "size")
	m.same("truncate "+mp, os.Truncate(mp, size), os.Truncate(pp, size))
}

func (m *model) link() {
	from, pfrom := m.path("from")
	to, pto := m.path("to")
	m.touch(from)
	m.same("link "+from+" "+to, unix.Link(from, to), unix.Link(pfrom, pto))
}

func (m *model) symlink() {
	mp, pp := m.path("path")
	target := rapid.SampledFrom([]string{"a", "b", "nowhere"}).Draw(m.rt, "target")
	m.same("symlink "+mp, unix.Symlink(target, mp), unix.Symlink(target, pp))
}

func (m *model) unlink() {
	mp, pp := m.path("path")
	m.touch(mp)
	m.same("unlink "+mp, unix.Unlink(mp), unix.Unlink(pp))
}

func (m *model) mkdir() {
	mp, pp := m.path("path")
	m.same("mkdir "+mp, unix.Mkdir(mp, 0o755), unix.Mkdir(pp, 0o755))
}

func (m *model) rmdir() {
	mp, pp := m.path("path")
	m.same("rmdir "+mp, unix.Rmdir(mp), unix.Rmdir(pp))
}

func (m *model) chmod() {
	mp, pp := m.path("path")
	m.touch(mp)
	mode := rapid.SampledFrom([]uint32{0o600, 0o644, 0o755, 0o711}).Draw(m.rt, "mode")
	m.same("chmod "+mp, unix.Chmod(mp, mode), unix.Chmod(pp, mode))
}

func (m *model) setxattr() {
	mp, pp := m.path("path")
	m.touch(mp)
	value := []byte(rapid.StringN(0, 20, 50).Draw(m.rt, "value"))
	m.same("setxattr "+mp, unix.Setxattr(mp, "user.model", value, 0), unix.Setxattr(pp, "user.model", value, 0))
}

func (m *model) list() {
	for i := range m.mount {
		a, err := os.ReadDir(m.mount[i])
		check.OK(m.t, err)
		b, err := os.ReadDir(m.plain[i])
		check.OK(m.t, err)
		if fmt.Sprint(a) != fmt.Sprint(b) {
			m.fail("listing of %s: the mount says %v, plain ext4 %v", m.mount[i], a, b)
		}
	}
}

func (m *model) open() {
	if len(m.handles) > 5 {
		return
	}
	mp, pp := m.path("path")
	m.touch(mp)
	flags := rapid.SampledFrom([]int{os.O_RDONLY, os.O_RDWR, os.O_RDWR | os.O_CREATE}).Draw(m.rt, "flags")
	a, err := os.OpenFile(mp, flags, 0o644)
	b, perr := os.OpenFile(pp, flags, 0o644)
	m.same(fmt.Sprintf("open %s flags %x", mp, flags), err, perr)
	if err == nil {
		m.handles = append(m.handles, handle{a, b})
	}
}

// useHandle does one thing with a file opened earlier, whatever happened to
// its names since.
func (m *model) useHandle() {
	if len(m.handles) == 0 {
		return
	}
	i := rapid.IntRange(0, len(m.handles)-1).Draw(m.rt, "handle")
	h := m.handles[i]
	a, b := check.Fstat(m.t, h.mount), check.Fstat(m.t, h.plain)
	isDir := a.Mode&unix.S_IFMT == unix.S_IFDIR
	if a.Mode != b.Mode || !isDir && (a.Size != b.Size || a.Nlink != b.Nlink) {
		m.fail("fstat of %s: mode %o size %d nlink %d, plain ext4 %o %d %d", h.mount.Name(), a.Mode, a.Size, a.Nlink, b.Mode, b.Size, b.Nlink)
	}
	switch rapid.SampledFrom([]string{"read", "write", "truncate", "sync", "close"}).Draw(m.rt, "what") {
	case "read":
		if isDir {
			return
		}
		x, err := io.ReadAll(io.NewSectionReader(h.mount, 0, 1<<40))
		y, perr := io.ReadAll(io.NewSectionReader(h.plain, 0, 1<<40))
		m.same("read of handle "+h.mount.Name(), err, perr)
		if !bytes.Equal(x, y) {
			m.fail("read of handle %s: %d bytes differ from plain ext4's %d", h.mount.Name(), len(x), len(y))
		}
	case "write":
		off := rapid.Int64Range(0, 50_000).Draw(m.rt, "offset")
		_, err := h.mount.WriteAt([]byte("handle"), off)
		_, perr := h.plain.WriteAt([]byte("handle"), off)
		m.same("write to handle "+h.mount.Name(), err, perr)
	case "truncate":
		size := rapid.Int64Range(0, 50_000).Draw(m.rt, "size")
		m.same("truncate of handle "+h.mount.Name(), h.mount.Truncate(size), h.plain.Truncate(size))
	case "sync":
		m.same("fsync of handle "+h.mount.Name(), unix.Fsync(int(h.mount.Fd())), unix.Fsync(int(h.plain.Fd())))
	case "close":
		m.same("close of handle "+h.mount.Name(), h.mount.Close(), h.plain.Close())
		m.handles = append(m.handles[:i], m.handles[i+1:]...)
	}
}
