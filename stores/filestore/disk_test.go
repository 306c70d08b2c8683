package filestore_test

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/echo-hypermedia/session/stores/filestore"
)

// sectorSize is how much a disk writes as a whole.
const sectorSize = 512

// disk models what may be on the disk for a directory: all that was flushed, plus any of the later
// writes, in any order, as the operating system finds the time.
type disk struct {
	dir    string
	names  map[string]versions[*inode] // by path below dir; nil = no file of that name
	inodes []*inode

	// ordered says that flushing a file also takes its own name to the disk. File systems with a
	// journal do so; POSIX requires the directory to be flushed.
	ordered bool
}

// inode is a file or a directory, whatever its name.
type inode struct {
	file     *os.File // stays open, so that its number is not reused
	info     os.FileInfo
	contents versions[string] // of a directory ""
}

// versions are what was flushed last, followed by what was written later.
type versions[T comparable] []T

func (v versions[T]) current() T { return v[len(v)-1] }

func (v versions[T]) and(next T) versions[T] {
	if v.current() == next {
		return v
	}
	return append(v, next)
}

// newDisk is the disk of dir, which is empty and flushed.
func newDisk(t *testing.T, dir string) *disk {
	d := &disk{dir: dir}
	d.names = map[string]versions[*inode]{".": {d.inode(t, dir)}}
	return d
}

// observe notes the current content of the directory.
func (d *disk) observe(t *testing.T) {
	t.Helper()
	gone := maps.Clone(d.names)
	must(t, filepath.WalkDir(d.dir, func(path string, e fs.DirEntry, err error) error {
		must(t, err)
		name, err := filepath.Rel(d.dir, path)
		must(t, err)
		n := d.inode(t, path)
		if d.names[name] == nil {
			d.names[name] = versions[*inode]{nil}
		}
		d.names[name] = d.names[name].and(n)
		if !e.IsDir() {
			n.contents = n.contents.and(string(read(t, path)))
		}
		delete(gone, name)
		return nil
	}))
	for name := range gone {
		d.names[name] = d.names[name].and(nil)
	}
}

// inode returns the inode of the file now at path.
func (d *disk) inode(t *testing.T, path string) *inode {
	t.Helper()
	info := fileID(t, path)
	if n := d.find(info); n != nil {
		return n
	}
	f, err := os.Open(path)
	must(t, err)
	n := &inode{file: f, info: info, contents: versions[string]{""}}
	d.inodes = append(d.inodes, n)
	return n
}

func (d *disk) find(info os.FileInfo) *inode {
	for _, n := range d.inodes {
		if os.SameFile(n.info, info) {
			return n
		}
	}
	return nil
}

func (d *disk) close() {
	for _, n := range d.inodes {
		n.file.Close()
	}
}

// flush notes that the content of f, or the names in it, are on disk.
func (d *disk) flush(t *testing.T, f *os.File) {
	t.Helper()
	info, err := f.Stat()
	must(t, err)
	n := d.find(info)
	n.contents = versions[string]{n.contents.current()}
	for name, v := range d.names {
		isOwn := v.current() == n
		isIn := name != "." && d.names[filepath.Dir(name)].current() == n
		if isIn || isOwn && d.ordered {
			d.names[name] = versions[*inode]{v.current()}
		}
	}
}

// left is what remains after a power failure: contents by name. The content of a directory is "/".
type left map[string]string

// losses returns everything that may remain after a power failure, without the temporary files,
// which nobody reads.
func (d *disk) losses() []left {
	all := []left{{}}
	for _, name := range slices.Sorted(maps.Keys(d.names)) { // a directory comes before its files
		if strings.HasPrefix(filepath.Base(name), filestore.TempPrefix) {
			continue
		}
		var next []left
		for _, l := range all {
			next = append(next, d.with(l, name)...)
		}
		all = next
	}
	return all
}

// with returns l, extended by each content that may be on disk under name.
func (d *disk) with(l left, name string) (all []left) {
	if _, ok := l[filepath.Dir(name)]; !ok && name != "." {
		return []left{l}
	}
	for _, n := range d.names[name] {
		if n == nil {
			all = append(all, l)
			continue
		}
		for _, content := range n.mixtures() {
			one := maps.Clone(l)
			one[name] = content
			all = append(all, one)
		}
	}
	return all
}

// mixtures are the contents that the inode may have: each sector, and the length, is that of one of
// the versions.
func (n *inode) mixtures() []string {
	if n.info.IsDir() {
		return []string{"/"}
	}
	longest := 0
	for _, c := range n.contents {
		longest = max(longest, len(c))
	}
	mixed := []string{""}
	for at := 0; at < longest; at += sectorSize {
		var next []string
		for _, sector := range n.sectors(at) {
			for _, m := range mixed {
				next = append(next, m+sector)
			}
		}
		mixed = next
	}
	var all []string
	for _, c := range n.contents {
		for _, m := range mixed {
			all = append(all, m[:len(c)])
		}
	}
	return distinct(all)
}

// sectors are the versions of the sector at this offset. What was not written is zero.
func (n *inode) sectors(at int) []string {
	var all []string
	for _, c := range n.contents {
		sector := make([]byte, sectorSize)
		copy(sector, c[min(at, len(c)):])
		all = append(all, string(sector))
	}
	return distinct(all)
}

func distinct(s []string) []string {
	slices.Sort(s)
	return slices.Compact(s)
}
