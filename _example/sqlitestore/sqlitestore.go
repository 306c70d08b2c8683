// Package sqlitestore keeps sessions in a SQLite database: a complete custom store in one file. Its
// guide is docs/custom-stores.md.
//
// It keeps all of the [session.Tagger] and [session.Lister] contracts, for any number of processes
// on one machine. Once a method has returned, what it wrote is on disk.
//
// Its limits: a network file system has no locks that SQLite can rely on, and a session ends by the
// clock of the process that asks. Changes are made one after the other, by whichever process, and
// each waits for the disk.
package sqlitestore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"os"
	"sync/atomic"
	"time"

	_ "modernc.org/sqlite" // SQLite translated to Go, so no C compiler is needed

	"github.com/echo-hypermedia/session"
)

var (
	_ session.Tagger = (*Store)(nil)
	_ session.Lister = (*Store)(nil)
)

// MaxData is how many bytes of data a session may have. SQLite would accept much more.
const MaxData = 1 << 20

// Times are milliseconds since 1970.
const schema = `
	CREATE TABLE IF NOT EXISTS sessions (
		key     TEXT    PRIMARY KEY,
		version INTEGER NOT NULL,
		expires INTEGER NOT NULL,
		data    BLOB    NOT NULL
	) STRICT, WITHOUT ROWID;
	CREATE INDEX IF NOT EXISTS sessions_expires ON sessions (expires);

	CREATE TABLE IF NOT EXISTS tags (
		tag     TEXT    NOT NULL,
		key     TEXT    NOT NULL,
		expires INTEGER NOT NULL,
		revoked INTEGER NOT NULL DEFAULT 0,
		PRIMARY KEY (tag, key)
	) STRICT, WITHOUT ROWID;
	CREATE INDEX IF NOT EXISTS tags_expires ON tags (expires);
`

// pragmas are set on each connection. With a write-ahead log (WAL), reads and changes do not wait
// for each other. FULL flushes the log with each change; with NORMAL, a power failure could bring
// back a session that was logged out.
var pragmas = []string{"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)"}

// Options configures a [Store]. Only Path is required.
type Options struct {
	// Path is the file of the database. It is created, for this user only, if it does not exist.
	Path string

	// Now tells the time, for tests. Nil means time.Now.
	Now func() time.Time
}

// Store is a [session.Tagger] and a [session.Lister] in a SQLite database, made by [New]. It is
// safe for concurrent use, even by several processes.
type Store struct {
	db    *sql.DB
	now   func() time.Time
	swept atomic.Int64 // when expired rows were last removed
}

// New opens the database, and creates it if necessary.
func New(opts Options) (*Store, error) {
	if opts.Path == "" {
		return nil, errors.New("sqlitestore: Options.Path is empty; name the file of the database")
	}
	// SQLite itself would let everybody read the file. Its log gets the mode of the database.
	file, err := os.OpenFile(opts.Path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("sqlitestore: %w", err)
	}
	file.Close()

	name := "file:" + (&url.URL{Path: opts.Path}).EscapedPath() + "?" + url.Values{"_pragma": pragmas}.Encode()
	db, err := sql.Open("sqlite", name)
	if err != nil {
		return nil, fmt.Errorf("sqlitestore: %w", err)
	}
	if _, err := db.Exec(schema); err != nil {
		db.Close()
		return nil, fmt.Errorf("sqlitestore: make the tables: %w", err)
	}
	s := &Store{db: db, now: opts.Now}
	if s.now == nil {
		s.now = time.Now
	}
	return s, nil
}

// Close ends the store. Closing again does nothing.
func (s *Store) Close() error { return s.db.Close() }

// Read returns the record under key, or [session.ErrNotFound].
func (s *Store) Read(ctx context.Context, key string) (session.Record, error) {
	const query = `SELECT data, version, expires FROM sessions WHERE key = ? AND expires > ?`

	var rec session.Record
	var expires int64
	err := s.db.QueryRowContext(ctx, query, key, s.millis()).Scan(&rec.Data, &rec.Version, &expires)
	if errors.Is(err, sql.ErrNoRows) {
		return session.Record{}, errNotFound
	}
	if err != nil {
		return session.Record{}, failed(ctx, "read", err)
	}
	rec.Expires = time.UnixMilli(expires)
	return rec, nil
}

// Write creates the record under key or replaces the version that rec names. A conflict is a
// [*session.ConflictError] with the current record.
func (s *Store) Write(ctx context.Context, key string, rec session.Record) error {
	if len(rec.Data) > MaxData {
		return errTooLarge
	}
	if rec.Data == nil {
		rec.Data = []byte{} // nil would become NULL
	}
	if rec.Version == 0 {
		s.sweep(ctx)
		return s.create(ctx, key, rec)
	}
	const update = `UPDATE sessions SET data = ?, version = version + 1, expires = ?
		WHERE key = ? AND version = ? AND expires > ?`
	return s.compareAndSet(ctx, "write", key, rec.Version, func() (sql.Result, error) {
		return s.db.ExecContext(ctx, update, rec.Data, rec.Expires.UnixMilli(), key, rec.Version, s.millis())
	})
}

// create also replaces a record that has expired.
func (s *Store) create(ctx context.Context, key string, rec session.Record) error {
	const insert = `INSERT INTO sessions (key, version, expires, data) VALUES (?, 1, ?, ?)
		ON CONFLICT (key) DO UPDATE SET version = 1, expires = excluded.expires, data = excluded.data
		WHERE sessions.expires <= ?`
	return s.compareAndSet(ctx, "write", key, 0, func() (sql.Result, error) {
		return s.db.ExecContext(ctx, insert, key, rec.Expires.UnixMilli(), rec.Data, s.millis())
	})
}

// Destroy removes the record under key: any version of it if version is 0, and only that
// version otherwise. A conflict is a [*session.ConflictError] with the current record.
func (s *Store) Destroy(ctx context.Context, key string, version uint64) error {
	if version == 0 {
		_, err := s.db.ExecContext(ctx, `DELETE FROM sessions WHERE key = ?`, key)
		return failed(ctx, "destroy", err)
	}
	const remove = `DELETE FROM sessions WHERE key = ? AND version = ? AND expires > ?`
	return s.compareAndSet(ctx, "destroy", key, version, func() (sql.Result, error) {
		return s.db.ExecContext(ctx, remove, key, version, s.millis())
	})
}

// Touch moves the expiry of the record under key, or returns [session.ErrNotFound].
func (s *Store) Touch(ctx context.Context, key string, expires time.Time) error {
	const update = `UPDATE sessions SET expires = ? WHERE key = ? AND expires > ?`

	result, err := s.db.ExecContext(ctx, update, expires.UnixMilli(), key, s.millis())
	if err != nil {
		return failed(ctx, "touch", err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 1 {
		return failed(ctx, "touch", err)
	}
	return errNotFound
}

// compareAndSet runs a statement that changes the record if it has this version (0: if there is
// none). If nothing was changed, it finds out why.
func (s *Store) compareAndSet(ctx context.Context, doing, key string, version uint64, statement func() (sql.Result, error)) error {
	for {
		result, err := statement()
		if err != nil {
			return failed(ctx, doing, err)
		}
		if n, err := result.RowsAffected(); err != nil || n == 1 {
			return failed(ctx, doing, err)
		}
		current, err := s.Read(ctx, key)
		missing := errors.Is(err, session.ErrNotFound)
		switch {
		case err != nil && !missing:
			return err
		case missing && version != 0:
			return errNotFound
		case !missing && current.Version != version:
			return fmt.Errorf("sqlitestore: %s: %w", doing, &session.ConflictError{Current: current})
		}
		// Now the statement would succeed: another change came in between.
	}
}

// Tag adds an entry for key to the tag or moves the expiry of the existing one. A revoked entry
// stays as it is.
func (s *Store) Tag(ctx context.Context, tag, key string, expires time.Time) error {
	const insert = `INSERT INTO tags (tag, key, expires) VALUES (?, ?, ?)
		ON CONFLICT (tag, key) DO UPDATE SET expires = excluded.expires, revoked = 0
		WHERE NOT revoked OR tags.expires <= ?`
	_, err := s.db.ExecContext(ctx, insert, tag, key, expires.UnixMilli(), s.millis())
	return failed(ctx, "tag", err)
}

// Untag removes the entries for these keys from the tag.
func (s *Store) Untag(ctx context.Context, tag string, keys ...string) error {
	const remove = `DELETE FROM tags WHERE tag = ? AND key IN (SELECT value FROM json_each(?))`
	_, err := s.db.ExecContext(ctx, remove, tag, list(keys))
	return failed(ctx, "untag", err)
}

// Tagged lists the entries of the tag.
func (s *Store) Tagged(ctx context.Context, tag string) ([]session.TagEntry, error) {
	const query = `SELECT key, revoked FROM tags WHERE tag = ? AND expires > ?`
	return s.entries(ctx, "tagged", query, tag, s.millis())
}

// Revoke marks the entries of the tag, except those for the keys in except, and returns the keys of
// all marked entries. It is one statement, so nothing can happen in between.
func (s *Store) Revoke(ctx context.Context, tag string, except ...string) ([]string, error) {
	const update = `UPDATE tags SET revoked = 1 WHERE tag = ? AND expires > ?
		AND (revoked OR key NOT IN (SELECT value FROM json_each(?))) RETURNING key, revoked`

	marked, err := s.entries(ctx, "revoke", update, tag, s.millis(), list(except))
	keys := make([]string, len(marked))
	for i, entry := range marked {
		keys[i] = entry.Key
	}
	return keys, err
}

func (s *Store) entries(ctx context.Context, doing, query string, args ...any) ([]session.TagEntry, error) {
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, failed(ctx, doing, err)
	}
	defer rows.Close()
	var found []session.TagEntry
	for rows.Next() {
		var entry session.TagEntry
		if err := rows.Scan(&entry.Key, &entry.Revoked); err != nil {
			return nil, failed(ctx, doing, err)
		}
		found = append(found, entry)
	}
	return found, failed(ctx, doing, rows.Err())
}

// Keys lists the live sessions in the order of their keys, with one query for each. So no query is
// open while the caller handles a key, which may take any time.
func (s *Store) Keys(ctx context.Context) iter.Seq2[string, error] {
	const query = `SELECT key FROM sessions WHERE key > ? AND expires > ? ORDER BY key LIMIT 1`

	return func(yield func(string, error) bool) {
		var key string
		for {
			err := s.db.QueryRowContext(ctx, query, key, s.millis()).Scan(&key)
			switch {
			case errors.Is(err, sql.ErrNoRows):
				return
			case err != nil:
				yield("", failed(ctx, "list", err))
				return
			case !yield(key, nil):
				return
			}
		}
	}
}

// sweep removes expired rows, once a minute, when somebody begins a session. If it fails, it is
// tried again a minute later. Nothing depends on it, since every query checks expires itself.
func (s *Store) sweep(ctx context.Context) {
	now, last := s.millis(), s.swept.Load()
	passed := now - last // negative if the clock was ahead then
	if passed >= 0 && passed < time.Minute.Milliseconds() || !s.swept.CompareAndSwap(last, now) {
		return
	}
	s.db.ExecContext(ctx, `DELETE FROM sessions WHERE expires <= ?`, now)
	s.db.ExecContext(ctx, `DELETE FROM tags WHERE expires <= ?`, now)
}

func (s *Store) millis() int64 { return s.now().UnixMilli() }

// list is the keys as JSON, which SQL can read whatever their number.
func list(keys []string) string {
	text, _ := json.Marshal(append([]string{}, keys...)) // cannot fail for strings
	return string(text)
}

var (
	errNotFound = fmt.Errorf("sqlitestore: %w", session.ErrNotFound)
	errTooLarge = fmt.Errorf("sqlitestore: %w: at most MaxData bytes", session.ErrTooLarge)
)

// failed says what could not be done. Errors of SQLite contain neither keys nor data.
func failed(ctx context.Context, doing string, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil: // SQLite says "interrupted"
		return fmt.Errorf("sqlitestore: %s: %w", doing, ctx.Err())
	}
	return fmt.Errorf("sqlitestore: %s: %w: %w", doing, session.ErrUnavailable, err)
}
