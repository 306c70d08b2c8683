package session

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Tags say whose session it is, so that all sessions of a user can be listed and ended.
// They are entries of the record, which move along with Regenerate, and entries of the
// store's index, by which the record is found; see Tagger.
//
// A log-out everywhere may run at the same time, so there is an order to it. A login writes
// the index, then the record, and then looks at the index again: if its entry is marked by
// then, or has gone, the session is not to live. A log-out everywhere marks the entries, then
// destroys the records, and only then removes the entries. In whatever order these steps meet,
// a session is refused or found. Every other order that looks natural leaves some alive which
// nobody finds any more.
//
// All of this happens under a key that is new. The record under an old one may be written
// by others, a failed login could not be undone there, and the index may hold an entry for
// it that somebody who ends an earlier login is just about to remove.
//
// Drivers ask again when an answer gets lost. So an entry may be written once more after it
// was removed; but never without its mark if the one that was marked is still there. That is
// why a log-out everywhere leaves the entries of records that it has not found.

const (
	kindTag    kind = 't' // the key is the tag; the value is when it was put, in milliseconds
	kindDevice kind = 'd' // what is known of the visitor's device, and kept from the application

	deviceLabel   = "label"
	deviceSeen    = "seen"    // when the record was written last, in milliseconds too; only where there is a tag
	deviceRenewed = "renewed" // when the device was given this id, if it had another one before
)

// maxLabel is how many bytes of a label are kept. It often comes from a User-Agent.
const maxLabel = 200

var (
	// ErrRevoked says that all sessions of this user were ended during the login, or while
	// Regenerate gave one a new id. The user may log in again.
	ErrRevoked = errors.New("session: all sessions of this user were ended meanwhile")

	errNoTags   = fmt.Errorf("session: this store cannot find the sessions of a user, so they cannot be tagged: %w; use a store on the server", errors.ErrUnsupported)
	errEmptyTag = errors.New("session: the user id is empty; the sessions of all users without one would be each other's")
)

// Tag notes that this is a session of userID, so that [Manager.Tagged] and
// [Manager.DestroyTagged] find it. It is for the login, and gives the session a new id, as
// [Session.Regenerate] does, which keeps the tags. To add a tag that the session has
// already changes nothing.
//
// A session may have several tags. So where somebody may log in as another user without
// logging out, [Session.Untag] the one before: each of them could list and end this session.
// A tag is for the sessions of one person, some tens of them; each login reads the list. The list
// keeps its entry for a session until the absolute timeout, even if the session expires before that.
//
// If all sessions of the user are ended at the same moment, this one either is among them,
// or the response becomes a 503 with [ErrRevoked].
//
// On a store that is no [Tagger], such as one in cookies, it fails the session with an error
// that is errors.ErrUnsupported; set Config.Tags to hear of that at start.
func (s *Session) Tag(userID string) {
	s.lock()
	defer s.unlock()
	switch {
	case s.m.tagger == nil:
		s.fail(errNoTags)
		return
	case userID == "":
		s.fail(errEmptyTag)
		return
	}
	if s.state().has(kindTag, userID) || !s.changeable(needsCookie) {
		return
	}
	now := encodeTime(s.m.now())
	s.change(func(st *state) error { st.put(kindTag, userID, now); return nil })
	s.tags = s.tags.with(userID, true)
	s.renewID()
}

// Untag takes a tag off. (A log-out needs none of it: [Session.Destroy] ends the session.)
func (s *Session) Untag(userID string) {
	s.lock()
	defer s.unlock()
	if !s.state().has(kindTag, userID) {
		return
	}
	if s.change(func(st *state) error { st.forget(kindTag, userID); return nil }) {
		s.tags = s.tags.with(userID, false)
	}
}

// SetLabel says what a list of sessions calls this one: "Firefox on Linux", say. Only the
// first 200 bytes are kept. A label alone is not worth a session: it is stored once there is
// something else.
func (s *Session) SetLabel(label string) {
	label = strings.ToValidUTF8(label[:min(len(label), maxLabel)], "")
	s.lock()
	defer s.unlock()
	if old, has := s.state().get(kindDevice, deviceLabel); has && string(old) == label {
		return
	}
	s.change(func(st *state) error { st.put(kindDevice, deviceLabel, []byte(label)); return nil })
}

// Handle names the stored session: in logs, in hooks, in [Manager.Tagged], for
// [Manager.Destroy], and for [Manager.DestroyTagged], which can spare it. It is not the credential,
// and no cookie can be made from it. It is "" for a session that is not stored, or in a cookie.
//
// It changes with [Session.Regenerate] and [Session.Tag], but not before that is saved: in the
// handler of a login it is the old one, until [Session.Save].
func (s *Session) Handle() string {
	if s == nil {
		return ""
	}
	s.lock()
	defer s.unlock()
	s.state()
	return handle(s.key)
}

// tagChanges are what a request does to the tags of its session: whether it puts each on, or
// takes it off.
type tagChanges map[string]bool

func (c tagChanges) with(tag string, on bool) tagChanges {
	if c == nil {
		c = tagChanges{}
	}
	c[tag] = on
	return c
}

// adds says whether a tag is put on.
func (c tagChanges) adds() bool { return len(c) > len(c.removed()) }

// removed are the tags that are taken off.
func (c tagChanges) removed() []string {
	var tags []string
	for tag, on := range c {
		if !on {
			tags = append(tags, tag)
		}
	}
	return tags
}

func (st *state) tags() []string {
	var tags []string
	for e := range st.all() {
		if e.kind == kindTag {
			tags = append(tags, string(e.key))
		}
	}
	return tags
}

// seenAt notes the time, for the list of a user's sessions. To others it is not worth the room.
func (st *state) seenAt(now time.Time) {
	if st.contains(entry.isTag) {
		st.put(kindDevice, deviceSeen, encodeTime(now))
	}
}

func encodeTime(t time.Time) []byte {
	return binary.BigEndian.AppendUint64(nil, uint64(t.UnixMilli()))
}

// time is when the entry says that something was; it is long ago if it says nothing.
func (st *state) time(k kind, key string) time.Time {
	raw, _ := st.get(k, key)
	if len(raw) != 8 {
		return time.Time{}
	}
	return time.UnixMilli(int64(binary.BigEndian.Uint64(raw)))
}

func (e entry) isTag() bool { return e.kind == kindTag }

// tagName is what a store knows a tag by: user ids do not show up in it.
func tagName(userID string) string { return hexSum("session tag " + userID) }

// joins are the tags of a record whose key this commit is the first to store.
func (c commit) joins(st *state) []string {
	if c.key == c.s.key {
		return nil
	}
	return st.tags()
}

// index writes the entries that have to be there before the record is. They must outlive
// the record, so where that has no fixed end, each write moves their expiry as well.
func (c commit) index(ctx context.Context, st *state, expires time.Time) error {
	tags := c.joins(st)
	if st.end() == 0 {
		tags = st.tags()
	}
	return c.s.m.index(ctx, tags, c.key, st, expires)
}

// outlive is how much longer an entry is kept than its record. Clocks of processes differ, and a store
// may have got one of the two late: what is still found by its key must be found by its tag.
const outlive = time.Minute

func (m *Manager) index(ctx context.Context, tags []string, key string, st *state, expires time.Time) error {
	if end := st.end(); end != 0 {
		expires = time.UnixMilli(end)
	}
	if len(tags) > 0 && m.tagger == nil {
		return errNoTags // another store has tagged it, or this one in another wrapping
	}
	for _, tag := range tags {
		if err := m.tagger.Tag(ctx, tagName(tag), key, expires.Add(outlive)); err != nil {
			return unavailable("tag", err)
		}
	}
	return nil
}

// confirm looks at the index again once st is stored, and ends the session if it is not to
// live.
func (c commit) confirm(ctx context.Context, st *state) error {
	for _, tag := range c.joins(st) {
		if err := c.check(ctx, st, tag); err != nil {
			c.s.m.discard(ctx, st.tags(), c.key)
			return err
		}
	}
	return nil
}

// check is ErrRevoked if a log-out everywhere has met this commit. If Regenerate takes the tag
// along, the entry of the old record must be good as well: a log-out that marked it may not
// have seen the new one yet. It may also have failed long ago, in the middle. So what it has
// begun is finished here, or this session could never regenerate again.
func (c commit) check(ctx context.Context, st *state, tag string) error {
	entries, err := c.s.m.tagger.Tagged(ctx, tagName(tag))
	if err != nil {
		return unavailable("look at a tag again", err)
	}
	good := func(key string) bool { return slices.Contains(entries, TagEntry{Key: key}) }
	brings := c.s.key != "" && !c.s.tags[tag]
	switch {
	case brings && !good(c.s.key):
		c.s.m.discard(ctx, st.tags(), c.s.key)
		return ErrRevoked
	case !good(c.key):
		return ErrRevoked
	}
	return nil
}

// discard ends a record that must not live. If it cannot be ended, its entries stay: the next
// log-out everywhere is to find it.
func (m *Manager) discard(ctx context.Context, tags []string, key string) {
	if err := m.store.Destroy(ctx, key, 0); err == nil {
		m.unindex(ctx, tags, key)
	}
}

// unindex removes entries of a record that has gone, or has lost these tags. One that stays
// behind does no harm: it leads nowhere, and it expires.
func (m *Manager) unindex(ctx context.Context, tags []string, key string) {
	if m.tagger == nil {
		return
	}
	for _, tag := range tags {
		_ = m.tagger.Untag(ctx, tagName(tag), key)
	}
}
