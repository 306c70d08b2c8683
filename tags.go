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
// the index, then the record, and then looks at the index again: if its entry is then marked, or
// has gone, the session must not live. A log-out everywhere marks the entries, then destroys the
// records, and only then removes the entries. However these steps interleave, a session is either
// refused or found. Every other order that looks natural leaves some sessions alive that nobody can
// find any more.
//
// All of this happens under a new key. Other requests may write to the record under an old key, a
// failed login could not be undone there, and the index may hold an entry for it that is about to
// be removed because an earlier login is being ended.
//
// Drivers repeat a call when its answer is lost. So an entry may be written again after it was
// removed; but while a marked entry is there, never without its mark. That is why a log-out
// everywhere leaves the entries of records that it has not found.

const (
	kindTag    kind = 't' // the key is the tag; the value is when it was put, in milliseconds
	kindDevice kind = 'd' // what is known of the visitor's device, and kept from the application

	deviceLabel   = "label"
	deviceSeen    = "seen"    // when the record was last written, in milliseconds too; only if there is a tag
	deviceRenewed = "renewed" // when the device was given this id, if it had another one before
)

// maxLabel is how many bytes of a label are kept. It often comes from a User-Agent.
const maxLabel = 200

var (
	errNoTags   = fmt.Errorf("session: this store cannot find the sessions of a user, so they cannot be tagged: %w; use a store on the server", errors.ErrUnsupported)
	errEmptyTag = errors.New("session: the user id is empty; the sessions of all users without one would be each other's")
)

// Tag marks the session as one of userID, so that [Manager.Tagged] and [Manager.DestroyTagged] find
// it. Call it at login. It gives the session a new id, as [Session.Regenerate] does. (Regenerate
// keeps all tags.) Adding a tag that the session already has changes nothing. An empty user id fails
// the session.
//
// A session may have several tags, and each of these users can list and end it. So if somebody may
// log in as another user without logging out, [Session.Untag] the previous one. A tag is for the
// sessions of one person, a few dozen of them; each login reads the list. The list keeps its entry
// for a session until the absolute timeout, even if the session expires before that. (If the absolute
// timeout is more than 400 days, the entry expires soon after the session.)
//
// For an administrator who acts as a user for a while, keep the administrator's own tag, add none, and
// call Regenerate: a log-out everywhere of the administrator then still ends the session.
//
// If all sessions of the user are ended at the same moment, either this one is among them, or the
// response becomes a 503 with [ErrRevoked].
//
// With a store that is not a [Tagger], such as one in cookies, Tag fails the session with an error
// that is errors.ErrUnsupported; set Config.Tags to learn of that at start.
func (s *Session) Tag(userID string) {
	s.lock()
	defer s.unlock()
	if err := s.m.checkUser(userID); err != nil {
		s.fail(err)
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

// Untag removes a tag, if the session has it. (A log-out does not need it: [Session.Destroy] ends
// the session.)
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

// SetLabel sets the name of this session in a list of sessions, such as "Firefox on Linux". Only
// the first 200 bytes are kept. A label alone does not begin a session: it is stored once there is
// something else to store.
func (s *Session) SetLabel(label string) {
	label = strings.ToValidUTF8(label[:min(len(label), maxLabel)], "")
	s.lock()
	defer s.unlock()
	if old, has := s.state().get(kindDevice, deviceLabel); has && string(old) == label {
		return
	}
	s.change(func(st *state) error { st.put(kindDevice, deviceLabel, []byte(label)); return nil })
}

// Handle returns a name for the stored session. Logs, hooks and [Manager.Tagged] show it,
// [Manager.Destroy] takes it, and [Manager.DestroyTagged] can spare it. It is not the credential,
// and no cookie can be made from it. It is "" for a session that is not stored, or is stored in a
// cookie.
//
// The handle changes with the id, by [Session.Regenerate], [Session.Tag] or [Session.RememberMe],
// but only when that is saved: in the handler of a login it is still the old one, until
// [Session.Save].
func (s *Session) Handle() string {
	if s == nil {
		return ""
	}
	s.lock()
	defer s.unlock()
	s.state()
	return handle(s.key)
}

// tagChanges are what a request does to the tags of its session: true for a tag that it adds, false
// for one that it removes.
type tagChanges map[string]bool

func (c tagChanges) with(tag string, on bool) tagChanges {
	if c == nil {
		c = tagChanges{}
	}
	c[tag] = on
	return c
}

// adds says whether a tag is added.
func (c tagChanges) adds() bool { return len(c) > len(c.removed()) }

// removed are the tags that are removed.
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

// seenAt notes the time, for the list of a user's sessions. For a session without tags it is not
// worth the space.
func (st *state) seenAt(now time.Time) {
	if st.contains(entry.isTag) {
		st.put(kindDevice, deviceSeen, encodeTime(now))
	}
}

func encodeTime(t time.Time) []byte {
	return binary.BigEndian.AppendUint64(nil, uint64(t.UnixMilli()))
}

// time is the time that the entry holds, or the zero time, which is long ago, if there is none.
func (st *state) time(k kind, key string) time.Time {
	raw, _ := st.get(k, key)
	if len(raw) != 8 {
		return time.Time{}
	}
	return time.UnixMilli(int64(binary.BigEndian.Uint64(raw)))
}

func (e entry) isTag() bool { return e.kind == kindTag }

// tagName is the name of a tag in the store: user ids do not show up there.
func tagName(userID string) string { return hexSum("session tag " + userID) }

// joins are the tags that this commit enters in the index: those of the record if its key is new, or none.
func (c commit) joins(st *state) []string {
	if c.key == c.s.key {
		return nil
	}
	return st.tags()
}

// index writes the entries that must be there before the record. They must outlive it, so if they do not last
// until the end of the session, each write moves their expiry as well.
func (c commit) index(ctx context.Context, st *state, expires time.Time) error {
	tags := c.joins(st)
	if st.lastsLong() {
		tags = st.tags()
	}
	return c.s.m.index(ctx, tags, c.key, st, expires)
}

// outlive is how much longer an entry is kept than its record. Clocks of processes differ, and one
// of the two may have reached the store late: a record that can still be found by its key must also
// be found by its tag.
const outlive = time.Minute

func (m *Manager) index(ctx context.Context, tags []string, key string, st *state, expires time.Time) error {
	switch {
	case !st.lastsLong():
		expires = time.UnixMilli(st.end())
	case m.renewer != nil: // the store has prolonged the record first, and then the entry may fail to follow
		expires = expires.Add(m.cfg.IdleTimeout)
	}
	if len(tags) > 0 && m.tagger == nil {
		return errNoTags // another store has tagged it, or this one when it was wrapped differently
	}
	for _, tag := range tags {
		if err := m.tagger.Tag(ctx, tagName(tag), key, expires.Add(outlive)); err != nil {
			return unavailable("tag", err)
		}
	}
	return nil
}

// confirm looks at the index again once st is stored, and ends the session if it must not live.
func (c commit) confirm(ctx context.Context, st *state) error {
	for _, tag := range c.joins(st) {
		if err := c.check(ctx, st, tag); err != nil {
			c.s.m.discard(ctx, st.tags(), c.key)
			return err
		}
	}
	return nil
}

// check returns ErrRevoked if a log-out everywhere has met this commit. If Regenerate carries the
// tag over, the entry of the old record must be good as well: a log-out that marked the old entry
// may not have seen the new one yet. That log-out may also have failed half-way, long ago. So its
// work is finished here, or this session could never regenerate again.
func (c commit) check(ctx context.Context, st *state, tag string) error {
	entries, err := c.s.m.tagger.Tagged(ctx, tagName(tag))
	if err != nil {
		return unavailable("look at a tag again", err)
	}
	good := func(key string) bool { return slices.Contains(entries, TagEntry{Key: key}) }
	brings := c.s.key != "" && !c.s.tags[tag]
	switch {
	case brings && !good(c.s.key) && !c.s.m.isUntagged(ctx, c.s.key, tag):
		c.s.m.discard(ctx, st.tags(), c.s.key)
		return ErrRevoked
	case !good(c.key):
		return ErrRevoked
	}
	return nil
}

// isUntagged says whether the record under key is alive and has no such tag: another request has just
// removed it. A commit that has carried the tag over then meets a conflict, and removes it as well.
func (m *Manager) isUntagged(ctx context.Context, key, tag string) bool {
	st, _, err := m.read(ctx, key)
	return err == nil && st != nil && !st.has(kindTag, tag)
}

// discard ends a record that must not live. If it cannot be ended, its entries stay, so that the
// next log-out everywhere finds it.
func (m *Manager) discard(ctx context.Context, tags []string, key string) {
	if err := m.store.Destroy(ctx, key, 0); err == nil {
		m.unindex(ctx, tags, key)
	}
}

// unindex removes entries of a record that has gone, or has lost these tags. An entry that stays
// behind does no harm: it leads nowhere, and it expires.
func (m *Manager) unindex(ctx context.Context, tags []string, key string) {
	if m.tagger == nil {
		return
	}
	for _, tag := range tags {
		_ = m.tagger.Untag(ctx, tagName(tag), key)
	}
}
