// Package filestore keeps sessions in files, one for each.
//
//	store, err := filestore.New(filestore.Options{Dir: "/var/lib/myapp/sessions"})
//	…
//	defer store.Close()
//
// It needs only a directory. It suits an application on one machine, in one process or in
// several that share the directory. Sessions survive deployments.
//
// It keeps all of the [session.Store] and [session.Tagger] contracts, across processes too. After a
// crash at any moment there is either the old record or the new one. Once a method has returned,
// what it wrote is on disk and survives a power failure as well; [Options.NoSync] trades that away.
// For this, the disk must write a sector as a whole and leave its neighbours alone when the power
// fails, as SQLite requires too ("powersafe overwrite"). Only the user that runs the process can
// read the files.
//
// Its limits:
//
//   - It is not for several machines. On network file systems (NFS, SMB) locks and
//     renames do not keep the promises that this package builds on.
//   - It does not encrypt. Whoever can read the disk, or a backup of it, can read the
//     sessions. Restoring a backup brings back ended sessions that have not expired.
//   - It does not limit how many sessions there are. When the disk is full, writes are
//     [session.ErrUnavailable], and what was there before stays.
//   - It waits for a disk that hangs: a context ends the waiting for a lock, but a call to the
//     operating system cannot be cancelled.
//   - It needs flock(2), which Linux, macOS, the BSDs and illumos have. Elsewhere, as on Windows, [New]
//     returns an error.
//   - It needs a file system that keeps the modes of files. On others, such as FAT, exFAT and NTFS,
//     the options of the mount decide who can read the sessions. Nor do these, or ext2, promise
//     that a file which is replaced survives a power failure.
//
// # Layout
//
//	Dir/
//	  sessions/3f/3f9a…            the record of a session; the name is its key
//	  sessions/3f/.temp-…          a file that is being made
//	  tags/c0/c04b…                the index of a tag: which sessions a user has
//
// A file has room for the data three times, and for some growth. A change writes the new data
// beside the old, then the head of the file: 112 bytes that say where the data is. Data that no
// longer fits gets a new file. Every new file starts as a temporary one, which gets its name when
// it is complete.
//
// A change holds the lock, flock(2), on the directory that it changes. Reading takes no lock,
// unless it meets a writer at work. Listing holds the lock while it reads the names in a directory.
//
// Directories have mode 0700 and files 0600, however open the umask is; only a Dir that already
// exists keeps its mode. Everything is opened relative to Dir, through [os.Root], so a planted
// symbolic link does not lead out. If Dir is removed or replaced while the application runs, it is
// made or opened again; the sessions in it are lost.
//
// # Damage
//
// Every file carries a checksum. A damaged record counts as gone ([session.ErrNotFound]), so that
// its visitor can start again, and the damage is logged. The file is kept for inspection until it
// expires, or for a day if it does not say when it expires. A record that cannot be read
// (permissions, a broken disk), or that a newer release wrote, is [session.ErrUnavailable]: it may
// well be there.
//
// The index of a tag is different: if it is damaged, nobody knows which sessions the user has, and
// [Store.Revoke] must not say that it has found them all. It returns ErrUnavailable for 30 days. By
// then the lost sessions have expired, unless they were remembered for longer (see
// [session.Session.RememberMe]). Logging in still works.
//
// # Sweeping
//
// Expired sessions are gone at once, and their files some time later: once an hour, the first
// change in one of the 512 directories starts a goroutine that removes what has expired there.
// There is never more than one, and [Store.Close] ends it. An application that is idle for days
// sweeps nothing meanwhile; call [Store.Sweep] from a timer of your own.
package filestore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/echo-hypermedia/session"
)

var (
	_ session.Tagger = (*Store)(nil)
	_ session.Lister = (*Store)(nil)
)

// MaxData is how many bytes of data a session may have; one more is [session.ErrTooLarge]. The
// limit keeps a foreign file from filling the memory.
const MaxData = 16 << 20

// Options configures a [Store]. Only Dir is required.
type Options struct {
	// Dir is the directory for the sessions. It is made, with mode 0700, if it does not exist.
	// Nobody else should be able to write to it. A relative path is resolved when New is called.
	Dir string

	// NoSync lets methods return before a change is on disk, which is faster. A crash of the
	// process still loses nothing; a power failure may lose or damage what was changed in the last
	// half minute, and bring back sessions that were ended in that time.
	NoSync bool

	// Logger gets reports of damaged files, and of failures while sweeping. Nil means
	// slog.Default(). It is never given keys, tags or data.
	Logger *slog.Logger

	// Now tells the time, for tests. Nil means time.Now. It may be called by many
	// goroutines at once.
	Now func() time.Time
}

// Store is a [session.Tagger] and [session.Lister] in a directory, made by [New]. It is safe for
// concurrent use.
type Store struct {
	dir    string // absolute
	noSync bool
	fsync  func(*os.File) error // File.Sync, except in tests
	logger *slog.Logger         // nil means the default, which main may set after New; see currentLogger
	now    func() time.Time

	sessions, tags *area

	mu     sync.Mutex // guards the fields below
	root   *os.Root
	info   os.FileInfo // of the directory that root is
	closed bool

	running  sync.WaitGroup  // calls under way, and the sweeper
	closing  context.Context // ends when the store is closed
	close    context.CancelFunc
	sweeping atomic.Bool
}

// New returns a store in opts.Dir. Several stores, in this process and in others of the
// same user, may share a directory.
//
// It checks that files can be written and locked there, and that the folders in it can be opened. The
// error reports everything that is wrong with opts at once.
func New(opts Options) (*Store, error) {
	if !canLock {
		return nil, fmt.Errorf("filestore: %s has no flock(2), which keeps processes from overwriting each other's sessions. Use another store there", runtime.GOOS)
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	s := &Store{
		noSync:   opts.NoSync,
		fsync:    (*os.File).Sync,
		logger:   opts.Logger,
		now:      opts.Now,
		sessions: newArea(sessionsDir),
		tags:     newArea(tagsDir),
	}
	if err := s.prepare(opts.Dir); err != nil {
		return nil, err
	}
	s.closing, s.close = context.WithCancel(context.Background())
	return s, nil
}

func (s *Store) currentLogger() *slog.Logger { return cmp.Or(s.logger, slog.Default()) }

// Read returns the record under key, or [session.ErrNotFound]. It takes no lock, unless the file is
// not intact.
func (s *Store) Read(ctx context.Context, key string) (session.Record, error) {
	var rec session.Record
	err := s.look(ctx, s.sessions, key, func(f opened) (err error) {
		rec, err = s.load(ctx, f)
		return err
	})
	return rec, s.answer("read", err)
}

// Write creates the record under key or replaces version rec.Version. A conflict is a
// [*session.ConflictError] with the current record. After any error except a failed flush at the
// end, the old record is unchanged.
func (s *Store) Write(ctx context.Context, key string, rec session.Record) error {
	err := s.change(ctx, s.sessions, key, func(f opened) error {
		current, err := s.load(ctx, f)
		switch {
		case errors.Is(err, session.ErrNotFound) && rec.Version == 0:
			// Nothing is in the way.
		case err != nil:
			return err
		case current.Version != rec.Version:
			return &session.ConflictError{Current: current}
		}
		rec.Version++
		return s.put(f, rec)
	})
	return s.answer("write", err)
}

// Destroy removes the record under key: any version of it if version is 0, and only that
// version otherwise. A conflict is a [*session.ConflictError] with the current record.
func (s *Store) Destroy(ctx context.Context, key string, version uint64) error {
	if version == 0 { // must go even if it is damaged or from a newer release
		return s.answer("destroy", s.hold(ctx, s.sessions, key, s.remove))
	}
	err := s.change(ctx, s.sessions, key, func(f opened) error {
		current, err := s.load(ctx, f)
		switch {
		case errors.Is(err, session.ErrNotFound):
			return cmp.Or(s.settle(f), err) // a log-out takes this for success, so it must last
		case err != nil:
			return err
		case current.Version != version:
			return &session.ConflictError{Current: current}
		}
		return s.remove(f.file)
	})
	return s.answer("destroy", err)
}

// Touch moves the expiry of the record under key, or returns [session.ErrNotFound].
func (s *Store) Touch(ctx context.Context, key string, expires time.Time) error {
	err := s.change(ctx, s.sessions, key, func(f opened) error {
		if _, err := s.load(ctx, f); err != nil {
			return err
		}
		f.head.expires = expires
		return s.putHead(f, f.head)
	})
	return s.answer("touch", err)
}

// Close ends the store. It waits for calls under way, except those that wait for a lock: these
// fail, as do all later calls. Closing again does nothing.
func (s *Store) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.close()
	s.running.Wait()
	return s.root.Close()
}

// look runs fn with the file called name, open for reading. Others may change the file meanwhile.
func (s *Store) look(ctx context.Context, a *area, name string, fn func(opened) error) error {
	return s.find(ctx, a, name, func(f file) error {
		r := f.open(os.O_RDONLY)
		defer r.close()
		return fn(r)
	})
}

// change runs fn with the file called name, open for writing, while nobody else can change it.
func (s *Store) change(ctx context.Context, a *area, name string, fn func(opened) error) error {
	return s.hold(ctx, a, name, func(f file) error {
		w := f.open(os.O_RDWR)
		defer w.close()
		return fn(w)
	})
}

// hold runs fn with the file called name, while nobody else can change it, in this process or in
// another one.
func (s *Store) hold(ctx context.Context, a *area, name string, fn func(file) error) error {
	return s.find(ctx, a, name, func(f file) error {
		s.sweepIfDue(f.root, f.folder)
		f, unlock, err := s.lock(ctx, f)
		if err != nil {
			return err
		}
		defer unlock()
		return fn(f)
	})
}

// find runs fn with the file called name, without opening it.
func (s *Store) find(ctx context.Context, a *area, name string, fn func(file) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	folder, err := a.folder(name)
	if err != nil {
		return err
	}
	root, err := s.enter(ctx)
	if err != nil {
		return err
	}
	defer s.running.Done()
	return fn(folder.file(root, name))
}

// load returns the live record in f. A damaged record counts as gone: a visitor whose every request
// failed would be no better off.
func (s *Store) load(ctx context.Context, f opened) (session.Record, error) {
	rec, err := s.read(ctx, f)
	if s.reportDamage(ctx, f.folder, err) {
		return session.Record{}, session.ErrNotFound
	}
	if err != nil {
		return session.Record{}, err
	}
	if !s.now().Before(rec.Expires) {
		return session.Record{}, session.ErrNotFound
	}
	return rec, nil
}

// read returns the record in f, expired or not.
//
// It is tempting to hold the lock meanwhile. But an intact head was the current one at some moment
// of the call, and it has the checksum of its data: if that matches, this was the record at that
// moment, whatever has been written since. If it does not match, a writer may have been writing the
// head, or have written three times and reused our part; a second read, with the lock, decides.
func (s *Store) read(ctx context.Context, f opened) (session.Record, error) {
	rec, err := f.record()
	if f.lock != nil || !isDamage(err) {
		return rec, err
	}
	held, unlock, err := s.lock(ctx, f.file)
	if err != nil {
		return session.Record{}, err
	}
	defer unlock()
	again := held.open(os.O_RDONLY)
	defer again.close()
	return again.record()
}

// reportDamage says whether err is about a damaged file, and if so logs it.
func (s *Store) reportDamage(ctx context.Context, f *folder, err error) bool {
	if !isDamage(err) {
		return false
	}
	s.currentLogger().ErrorContext(ctx, "filestore: a file is damaged", "folder", f.path, "error", err)
	return true
}

var (
	errClosed = fmt.Errorf("%w: the store is closed", session.ErrUnavailable)
	errName   = errors.New("a key or tag is not 64 hexadecimal digits, in lower case, such as hex.EncodeToString returns for a SHA-256")
)

// answers are the errors that callers look for. Any other error is a failure of the storage.
var answers = []error{
	session.ErrNotFound,
	session.ErrConflict,
	session.ErrTooLarge,
	session.ErrUnavailable,
	context.Canceled,
	context.DeadlineExceeded,
	errName,
}

// answer is err as callers get it from the method that verb names. An error of the operating system
// is given with the directory but without the path, which may end with a key.
func (s *Store) answer(verb string, err error) error {
	if err == nil {
		return nil
	}
	for _, a := range answers {
		if errors.Is(err, a) {
			return fmt.Errorf("filestore: %s: %w", verb, err)
		}
	}
	return fmt.Errorf("filestore: %s: %w: %s: %w", verb, session.ErrUnavailable, s.dir, bare(err))
}

// bare is err without the path, which may end with a key.
func bare(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	if e, ok := errors.AsType[*os.LinkError](err); ok {
		return e.Err
	}
	return err
}
