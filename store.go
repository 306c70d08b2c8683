package session

import (
	"context"
	"errors"
	"iter"
	"time"
)

// Store keeps records by key. It is all that a custom store has to implement.
//
// Implementations must observe the following rules. Each of them is there because without it a
// session came back from the dead, or a visitor lost data. The package stores/storetest checks
// them. (Rules 12 to 17 are those of [Tagger], 20 to 22 those of [Sealer], 23 to 25 those of
// [Lister], 26 and 27 those of [Sharer], 28 that of [Renewer].)
//
// None of these interfaces will get another method: later additions are new interfaces, which a
// store need not have. A minor version may add checks to storetest for the rules below.
//
//  1. Read returns the newest record that was written under the key. A record that
//     is missing, destroyed or expired is [ErrNotFound].
//  2. [ErrNotFound] is never used for "could not find out". A failure to reach or to understand the
//     storage is another error, best wrapped with [ErrUnavailable]: the visitor then gets a 503,
//     rather than being logged out silently.
//  3. Write with rec.Version 0 creates the record, with version 1. If the key
//     exists (and has not expired), it is [ErrConflict] and nothing changes.
//  4. Write with rec.Version n > 0 replaces version n and stores version n+1. If another version is
//     stored, it is [ErrConflict] and nothing changes. If there is no record, it is [ErrNotFound]:
//     a write never brings a session back.
//  5. Destroy with version 0 removes the record whatever its version; with version n it removes
//     only version n, and any other version is [ErrConflict]. A missing record is [ErrNotFound] for
//     version n, and no error for 0. Destroy wins for good: no later Write with a version above 0,
//     and no Touch, finds the key again. (Nobody creates the key again: the library draws a new key
//     for every record. But if a driver may repeat a command, or a network may deliver one late,
//     the store should also refuse version 0 for some minutes after a Destroy, with [ErrNotFound].)
//  6. Touch moves the expiry. It never creates a record ([ErrNotFound]), and never
//     changes its data or version.
//  7. An expired record is gone for every method, whether or not it has been deleted. Writing
//     version 0 over it creates a new one. A zero expiry has long passed, too. A store may round
//     expiries to what it can express, but by no more than a second.
//  8. Each method is atomic, and safe for concurrent use.
//  9. The store keeps its own copy of bytes: neither the slice given to Write nor the
//     one returned by Read may be shared with what is stored.
//  10. A cancelled context ends a method early with ctx.Err().
//  11. Errors are wrapped so that errors.Is finds those above. They never contain a key, a tag or
//     data.
//  18. Data that does not fit is [ErrTooLarge], and nothing changes.
//  19. If there is something to close, the store has a method Close() error. It may be called
//     twice; afterwards every method fails, and not with [ErrNotFound].
type Store interface {
	// Read returns the record under key: rules 1, 2, 7 and 9. A key is 64 hexadecimal
	// digits, the SHA-256 of the visitor's id.
	Read(ctx context.Context, key string) (Record, error)

	// Write creates or replaces the record under key: rules 3, 4 and 9.
	Write(ctx context.Context, key string, rec Record) error

	// Destroy removes the record under key: rule 5.
	Destroy(ctx context.Context, key string, version uint64) error

	// Touch moves the expiry of the record under key: rule 6.
	Touch(ctx context.Context, key string, expires time.Time) error
}

// Record is what a store keeps for one session.
type Record struct {
	Data    []byte    // opaque to the store
	Version uint64    // 0 = not stored yet; each successful Write adds one
	Expires time.Time // the record is gone from this instant on
}

// Errors that a [Store] returns. Find them with errors.Is.
var (
	// ErrNotFound means that there is no such record: it is missing, expired or destroyed.
	ErrNotFound = errors.New("session: not found")

	// ErrConflict means that the record has another version than the caller expects. A store that
	// learns the current record in the same step may return a [ConflictError], which saves the
	// caller a Read: its data, version and expiry must be right.
	ErrConflict = errors.New("session: changed by another request")

	// ErrTooLarge means that the record does not fit.
	ErrTooLarge = errors.New("session: too large")

	// ErrUnavailable means that the store could not be asked, or gave no usable answer.
	ErrUnavailable = errors.New("session: store unavailable")
)

// ConflictError is an [ErrConflict] that holds the record it met.
type ConflictError struct {
	Current Record
}

func (e *ConflictError) Error() string { return ErrConflict.Error() }

func (e *ConflictError) Unwrap() error { return ErrConflict }

// Tagger is the optional interface of a store that can find sessions by a tag, such as the
// user they belong to. Beside the records it keeps an index: for each tag, entries that
// name keys. [Session.Tag] and [Manager.DestroyTagged] rely on it.
//
// The index is a hint, and the record is the truth: the library writes an entry before its record
// and removes it after the record, so an entry may name a key without a record. An implementation
// never goes from one to the other.
//
// Rules, in addition to those of [Store]; 8, 10 and 11 hold here as well:
//
//  12. Tag adds an entry for key, or moves the expiry of the existing one. Once it has returned,
//     Tagged and Revoke find the entry without delay (on DynamoDB, for example, this takes a
//     consistent read).
//  13. Tagged lists the entries of a tag in any order, each key once. A tag that was never used has
//     no entries; that is not an error.
//  14. Untag removes the entries for these keys. Missing ones are no error.
//  15. Revoke marks all entries of a tag as revoked, except those for the keys in except, and
//     returns the keys of all entries that are then marked, including those marked earlier, whether
//     in except or not. Entries stay until they are untagged, or expire. Nothing removes the mark:
//     a Tag for a revoked entry changes nothing, not even its expiry, and is no error.
//  16. Revoke is atomic as far as callers can tell: an entry that was added and not marked was
//     added after the last of the others had been marked. (If a driver may repeat a command, or a
//     network may deliver one late, the command that marks should name the entries, or it would mark
//     those of later logins as well.)
//  17. An expired entry is gone for every method, whether or not it has been deleted.
//     Entries do not change when a record is destroyed or expires.
type Tagger interface {
	Store

	// Tag adds an entry: rules 12 and 15. A tag is 64 hexadecimal digits, like a key.
	Tag(ctx context.Context, tag, key string, expires time.Time) error

	// Untag removes entries: rule 14.
	Untag(ctx context.Context, tag string, keys ...string) error

	// Tagged lists the entries of a tag: rule 13.
	Tagged(ctx context.Context, tag string) ([]TagEntry, error)

	// Revoke marks entries and returns their keys: rules 15 and 16.
	Revoke(ctx context.Context, tag string, except ...string) ([]string, error)
}

// TagEntry is what a [Tagger] knows about one key of a tag.
type TagEntry struct {
	Key     string
	Revoked bool // the session is being ended, or was
}

// Lister is the optional interface of a store that can list its sessions, for [Manager.All].
//
// Rules, in addition to those of [Store]; 8, 10, 11 and 19 hold here as well:
//
//  23. Keys yields the key of every record that is live from the beginning of the loop to
//     its end, each once. (It may come twice if the storage is moving records about, as
//     Redis does when it grows.) The key of a record that comes or goes meanwhile may be yielded or
//     not, and so may the key of one that was gone before the loop: a Read tells. Nothing else that
//     the store keeps is yielded, such as the entries of a [Tagger].
//  24. The caller may call any method during the loop, for that key or another one, and may take
//     any time; nobody else waits for it. The store does not hold all keys at once.
//  25. An error comes with the key "", and comes last; if a context ends, its error comes before
//     any other key. The loop may be left at any time, and another loop begins anew.
type Lister interface {
	Store

	// Keys lists the records: rules 23 to 25.
	Keys(ctx context.Context) iter.Seq2[string, error]
}

// Sharer is the optional interface of a store in memory. Such a store need not copy data that the
// library does not change. A request that only reads then costs the same however large its session
// is.
//
// Rules, in addition to those of [Store]; 8, 10 and 11 hold here as well:
//
//  26. Peek answers as Read does. The data of the record may be the stored bytes themselves, and
//     the caller does not change them. The store in turn does not change data in place, but
//     replaces it: data that was given out stays as it was.
//  27. Keep does what Write does. The store may keep rec.Data itself, since nobody changes it from
//     then on.
type Sharer interface {
	Store

	// Peek returns the record under key: rule 26.
	Peek(ctx context.Context, key string) (Record, error)

	// Keep creates or replaces the record under key: rule 27.
	Keep(ctx context.Context, key string, rec Record) error
}

// Renewer is the optional interface of a store that can move the expiry of a record while it reads
// it. If each call is a round trip, that saves the second one that a request now and then needs to
// keep its session alive.
//
// A rule, in addition to those of [Store]; 8, 10 and 11 hold here as well:
//
//  28. Renew answers as Read does. If the record expires at due or before, Renew moves its expiry
//     to until, as Touch does, and the record it returns has the new expiry. If the record can be
//     read but its expiry cannot be moved, for example because the server accepts no changes at the
//     moment, the record is returned as it is: the caller can tell by its expiry.
type Renewer interface {
	Store

	// Renew reads the record under key, and moves its expiry if due: rule 28.
	Renew(ctx context.Context, key string, due, until time.Time) (Record, error)
}

// Sealer is the optional interface of a store that keeps nothing on the server: the record travels
// in the cookie. A Sealer cannot merge the changes of two requests and cannot revoke a session. Its
// methods only compute, so they take no context: if a service keeps the keys, fetch them
// beforehand.
//
//  20. Seal makes a value of characters that a cookie may carry (RFC 6265 section 4.1.1),
//     never the same twice. It neither keeps nor changes rec.Data.
//  21. Open returns what Seal was given for the same name, until it expires. Any other value is
//     [ErrNotFound]; but a value that a newer version of the store has sealed is [ErrUnavailable].
//  22. The Store methods return errors.ErrUnsupported, and a Sealer is not a [Tagger].
type Sealer interface {
	Store

	// Seal encrypts and signs rec.Data and rec.Expires for the cookie called name: rule 20. (The
	// name is followed by the cookie's Path, Domain and Partitioned, if they are not the defaults.)
	// The caller checks the limit of 4096 bytes, since it knows the attributes.
	Seal(name string, rec Record) (value string, err error)

	// Open returns what Seal was given: rule 21. A value for another name, or sealed with a key
	// that is no longer listed, is ErrNotFound too: nothing that a visitor makes up is a server
	// error.
	Open(name, value string) (Record, error)
}
