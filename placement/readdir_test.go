package placement

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/seamfs/seamfs/backend/backendtest/disk"
	"github.com/seamfs/seamfs/backend/posix"
	"golang.org/x/sys/unix"
)

// diskWorld is a world of two real filesystems: /away belongs on the first,
// all else on the second.
func diskWorld(t *testing.T, away, home string) *world {
	w := &world{TB: t}
	for _, fstype := range []string{away, home} {
		root := filepath.Join(disk.New(t, fstype, 0), "backend")
		w.ok(os.Mkdir(root, 0o755))
		b, err := posix.Open(posix.Config{Name: fstype, Path: root})
		w.ok(err)
		w.backends = append(w.backends, b)
	}
	fs, err := New(Config{Backends: w.backends, Rules: []Rule{
		{Prefix: "/", Backends: []int{1}}, {Prefix: "/away", Backends: []int{0}},
	}})
	w.ok(err)
	w.fs, w.mover = fs, &fakeMover{w: w}
	fs.SetMover(w.mover)
	haltReaper(fs)
	t.Cleanup(w.shut)
	return w
}

// eachDiskPair runs a test on pairs in which each filesystem is moved from and
// moved to.
func eachDiskPair(t *testing.T, fn func(t *testing.T, w *world)) {
	for _, p := range [][2]string{{"tmpfs", "ext4"}, {"ext4", "xfs"}, {"xfs", "btrfs"}, {"btrfs", "tmpfs"}} {
		t.Run(p[0]+"-"+p[1], func(t *testing.T) { fn(t, diskWorld(t, p[0], p[1])) })
	}
}

// awayDir makes /dir with files that are all away from home, count of each
// prefix, as a rename of their directory leaves them.
func (w *world) awayDir(count int, prefixes ...string) {
	w.Helper()
	w.ok(w.mkdir("/away/dir"))
	n, release := w.node("/away/dir")
	for _, prefix := range prefixes {
		for i := range count {
			var a Attr
			f, err := w.fs.Mknod(n, fmt.Sprintf("%s-%d", prefix, i), unix.S_IFREG|0o644, 0, w.caller(), &a)
			w.ok(err)
			w.fs.Release(f)
		}
	}
	release()
	w.ok(w.rename("/away/dir", "/dir"))
}

// openDir opens a directory to be read in windows of some 20 names.
func (w *world) openDir(path string) *Dir {
	w.Helper()
	n, release := w.node(path)
	w.Cleanup(release)
	d, err := w.fs.OpenDir(n)
	w.ok(err)
	d.win.maxNames = 10
	return d
}

// entryBehind is Dir.Entry; the Name is "" at the end.
func (w *world) entryBehind(d *Dir, cookie uint64) Entry {
	w.Helper()
	e, _, err := d.Entry(cookie, true)
	w.ok(err)
	return e
}

// list reads a directory from a cookie to the end.
func (w *world) list(d *Dir, cookie uint64) (all []Entry) {
	w.Helper()
	for e := w.entryBehind(d, cookie); e.Name != ""; e = w.entryBehind(d, e.Cookie) {
		all = append(all, e)
	}
	return all
}

// idsOf are the ids of names in a directory.
func (w *world) idsOf(dir string, names func(yield func(string) bool)) map[string]uint64 {
	w.Helper()
	ids := make(map[string]uint64)
	for name := range names {
		a, err := w.attr(dir + "/" + name)
		w.ok(err)
		ids[name] = a.Ino
	}
	return ids
}

func numbered(prefix string, count int) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for i := range count {
			if !yield(fmt.Sprintf("%s-%d", prefix, i)) {
				return
			}
		}
	}
}

// TestListWhileNamesMove: while a directory is listed, half of its names move
// to another backend one by one, and others are made, removed, renamed and
// replaced. Each name that stays is passed once, with its id; none twice.
func TestListWhileNamesMove(t *testing.T) {
	const count = 100
	eachDiskPair(t, func(t *testing.T, w *world) {
		w.awayDir(count, "stays", "moves", "goes", "old", "over")
		ids := w.idsOf("/dir", numbered("stays", count))
		for name, id := range w.idsOf("/dir", numbered("moves", count)) {
			ids[name] = id
		}
		d := w.openDir("/dir")
		step := 0
		change := func() {
			name := func(prefix string) string { return fmt.Sprintf("/dir/%s-%d", prefix, step) }
			w.ok(w.settlePath(name("moves")), w.unlink(name("goes")), w.create(name("new")),
				w.rename(name("old"), name("renamed")), w.create("/over"), w.rename("/over", name("over")))
			step++
		}
		seen := make(map[string]int)
		listed := 0
		for cookie := uint64(0); ; {
			e := w.entryBehind(d, cookie)
			if e.Name == "" {
				break
			}
			if cookie = e.Cookie; seen[e.Name] > 0 {
				t.Errorf("%s is passed twice", e.Name)
			}
			seen[e.Name]++
			if id := ids[e.Name]; id != 0 && id != e.Ino {
				t.Errorf("%s has the id %d, listed as %d", e.Name, id, e.Ino)
			}
			if listed++; listed%4 == 0 && step < count {
				change()
			}
		}
		if step < count/2 || w.copies("/dir") != 2 {
			t.Fatalf("%d steps, on %d backends: too little happened to show anything", step, w.copies("/dir"))
		}
		for _, prefix := range []string{"stays", "moves", "over"} {
			for name := range numbered(prefix, count) {
				if seen[name] != 1 {
					t.Errorf("%s is passed %d times", name, seen[name])
				}
			}
		}
		w.ok(w.settleAll())
	})
}

// copies counts the backends that have a directory.
func (w *world) copies(path string) int {
	n, release := w.node(path)
	defer release()
	return n.dir.mask().count()
}

// TestSeekToEveryCookie: all cookies ever given, of names that went too, stay
// good in any order while names move, and in another open of the directory.
func TestSeekToEveryCookie(t *testing.T) {
	const count = 100
	eachDiskPair(t, func(t *testing.T, w *world) {
		w.awayDir(count, "stays", "moves", "goes")
		d := w.openDir("/dir")
		all := w.list(d, 0)
		if len(all) != 3*count {
			t.Fatalf("%d names listed", len(all))
		}
		other := w.openDir("/dir")
		for step, i := range rand.Perm(len(all)) {
			if step%6 == 0 {
				w.ok(w.settlePath(fmt.Sprintf("/dir/moves-%d", step/6)), w.unlink(fmt.Sprintf("/dir/goes-%d", step/6)),
					w.create(fmt.Sprintf("/dir/new-%d", step/6)))
			}
			use := d
			if step%3 == 0 {
				use = other
			}
			w.behind(use, all[i].Cookie, stayers(all[i+1:]), 20)
		}
		for _, d := range []*Dir{d, other} {
			d.Rewind()
			w.behind(d, 0, stayers(all), count*4)
			w.behind(d, all[count].Cookie, stayers(all[count+1:]), count*4)
		}
	})
}

func stayers(all []Entry) (out []Entry) {
	for _, e := range all {
		if strings.HasPrefix(e.Name, "stays-") || strings.HasPrefix(e.Name, "moves-") {
			out = append(out, e)
		}
	}
	return out
}

// behind checks that the names that stay follow a cookie in order, among the
// next so many entries.
func (w *world) behind(d *Dir, cookie uint64, want []Entry, entries int) {
	w.Helper()
	var got []Entry
	for e := w.entryBehind(d, cookie); e.Name != "" && entries > 0; e = w.entryBehind(d, e.Cookie) {
		got = append(got, e)
		entries--
	}
	got = stayers(got)
	if entries > 0 && len(got) != len(want) || len(got) > len(want) {
		w.Fatalf("behind %d: %d names that stay, want %d", cookie, len(got), len(want))
	}
	for i, e := range got {
		if e != want[i] {
			w.Fatalf("behind %d: entry %d is %+v, want %+v", cookie, i, e, want[i])
		}
	}
}

// TestCookiesOverRestart: a program that holds a cookie while the daemon is
// killed goes on at the same place.
func TestCookiesOverRestart(t *testing.T) {
	w := newWorld(t)
	w.ok(w.mkdir("/v/dir"))
	for name := range numbered("f", 60) {
		w.ok(w.create("/v/dir/" + name))
	}
	w.ok(w.rename("/v/dir", "/dir"))
	n, release := w.node("/dir")
	d, err := w.fs.OpenDir(n)
	w.ok(err)
	all := w.list(d, 0)
	release()
	w.restart()
	w.ok(w.settlePath("/dir/f-7"))
	d = w.openDir("/dir")
	for i, e := range all {
		next := w.entryBehind(d, e.Cookie)
		if want := append(all[i+1:len(all):len(all)], Entry{})[0]; next != want {
			t.Fatalf("behind %s: %+v, want %+v", e.Name, next, want)
		}
	}
}

// TestListOne: of a name that several backends hold, one is listed; of
// whiteouts and of what they hide, none; devices 0:0 of a user are.
func TestListOne(t *testing.T) {
	w := newWorld(t)
	w.ok(w.create("/v/n"), w.create("/f"), w.rename("/v/n", "/f"), w.mknod("/null", unix.S_IFCHR|0o600, 0))
	w.hideT()
	w.ok(w.mkdir("/both"), w.create("/v/x"), w.rename("/v/x", "/both/x"), w.create("/both/y"))
	want := map[string]uint32{"v": unix.S_IFDIR, "d": unix.S_IFDIR, "e": unix.S_IFDIR, "s": unix.S_IFDIR, "o": unix.S_IFDIR,
		"f": unix.S_IFREG, "null": unix.S_IFCHR, "t3": unix.S_IFREG, "both": unix.S_IFDIR}
	for _, when := range []string{"now", "after a restart, with nothing known of any name"} {
		got := make(map[string]uint32)
		for e, err := range w.fs.names(w.fs.Root()) {
			w.ok(err)
			got[e.Name] += e.Type
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: listed %v, want %v", when, got, want)
		}
		w.restart()
	}
}

// TestListError: an error while a window is read is given, and the next call
// reads it again.
func TestListError(t *testing.T) {
	w := newWorld(t)
	w.ok(w.create("/d/f"))
	d := w.openDir("/d")
	w.setHook(func(_ int, op, _ string) error {
		if op == "Ref.ReadDir" {
			return syscall.EIO
		}
		return nil
	})
	if _, _, err := d.Entry(0, true); err != syscall.EIO {
		t.Errorf("got %v, want EIO", err)
	}
	w.noHook()
	if e := w.entryBehind(d, 0); e.Name != "f" {
		t.Errorf("then: %+v", e)
	}
}

// TestMergedNlink: a merged directory's link count is that of one directory.
func TestMergedNlink(t *testing.T) {
	w := newWorld(t)
	w.ok(w.mkdir("/dir"), w.create("/v/f"), w.rename("/v/f", "/dir/f"), w.create("/dir/g"))
	nlink := func(want uint32) {
		t.Helper()
		a, err := w.attr("/dir")
		w.ok(err)
		if a.Nlink != want {
			t.Errorf("%d links, want %d", a.Nlink, want)
		}
	}
	lists := 0
	w.setHook(func(_ int, op, _ string) error {
		if op == "Ref.ReadDir" {
			lists++
		}
		return nil
	})
	nlink(2)
	if lists > 0 {
		t.Errorf("the directory was listed %d times to see that no directory is in it", lists)
	}
	w.ok(w.mkdir("/dir/a"), w.mkdir("/v/b"), w.rename("/v/b", "/dir/b"))
	nlink(4)
	w.ok(w.create("/v/x"), w.rename("/v/x", "/dir/a/x")) // a is on both now
	nlink(4)
	w.ok(w.unlink("/dir/a/x"), w.rmdir("/dir/a"))
	nlink(3)
	w.ok(w.rmdir("/dir/b"))
	nlink(2)
}

// TestRmdirOfFull: that a large directory isn't empty is seen by its first
// name.
func TestRmdirOfFull(t *testing.T) {
	w := newWorld(t)
	w.ok(w.mkdir("/dir"), w.create("/v/f"), w.rename("/v/f", "/dir/f"))
	for name := range numbered("g", 50) {
		w.ok(w.create("/dir/" + name))
	}
	n, release := w.node("/dir")
	defer release()
	stats := 0
	w.setHook(func(_ int, op, _ string) error {
		if op == "Ref.Stat" {
			stats++
		}
		return nil
	})
	n.dir.mu.Lock()
	_, err := w.fs.doubtfulNames(n)
	n.dir.mu.Unlock()
	if err != syscall.ENOTEMPTY || stats > len(beNames) {
		t.Errorf("%v after looking at %d names", err, stats)
	}
	w.noHook()
	w.is(w.rmdir("/dir"), syscall.ENOTEMPTY, "rmdir")
}
