package e2e

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
)

// Exactly once, over lines that lose answers: what was acknowledged with a 200 has happened once,
// and what was answered with a 503 has happened once or not at all.

func Test_that_a_storm_over_lossy_lines_counts_once(t *testing.T) {
	for _, name := range []string{"redis", "dynamodb"} {
		for _, percent := range []int{2, 10, 30} {
			for _, processes := range []int{1, 4, 16} {
				t.Run(fmt.Sprintf("%s, %d %%, %d processes", name, percent, processes), func(t *testing.T) {
					got := stormOverLossyLine(t, name, percent, processes, signed)
					if !got.exact() {
						t.Errorf("%s; want none lost and none doubled", got)
					}
					if got.acknowledged < got.unknown {
						t.Errorf("%s; want half of them acknowledged at least", got)
					}
				})
			}
		}
	}
}

func Test_that_the_storm_would_notice_a_store_without_writers(t *testing.T) {
	for _, name := range []string{"redis", "dynamodb"} {
		t.Run(name, func(t *testing.T) {
			got := stormOverLossyLine(t, name, 10, 4, func(s session.Tagger) session.Tagger { return unsigned{s} })
			if got.doubled == 0 {
				t.Errorf("%s; want some doubled", got)
			}
		})
	}
}

func stormOverLossyLine(t *testing.T, name string, percent, processes int, wrap func(session.Tagger) session.Tagger) tally {
	t.Helper()
	r, l := newRemote(t, name), lossyLine(t, percent, uint64(percent*100+processes))
	var apps []*app
	for range processes {
		apps = append(apps, newApp(t, r.testStore, wrap(r.over(l))))
	}
	undisturbed := newApp(t, r.testStore, r.open())
	b := newBrowser()
	undisturbed.must(b, func(s *session.Session) { s.Put("n", 0) })
	got := tallyOf(undisturbed, b, storm(apps, b, 16, 15))
	t.Logf("%s; %d of %d answers lost", got, l.lost.Load(), l.requests.Load())
	return got
}

// lossyLine is a line that must lose some answers. It logs the seed.
func lossyLine(t *testing.T, percent int, seed uint64) *line {
	t.Helper()
	t.Logf("seed %d", seed)
	l := newLine(percent, seed)
	t.Cleanup(func() { seesSome(t, l.lost.Load(), "answer was lost") })
	return l
}

// seesSome fails a test in which what it is about never happened.
func seesSome(t *testing.T, n int64, what string) {
	t.Helper()
	if n == 0 {
		t.Errorf("no %s; this test sees nothing", what)
	}
}

func signed(s session.Tagger) session.Tagger { return s }

// unsigned is a store that omits who wrote a record, so that nobody recognises their own write when
// the driver has sent it twice.
type unsigned struct{ session.Tagger }

func (u unsigned) Write(ctx context.Context, key string, rec session.Record) error {
	rec.Data = withoutWriters(rec.Data)
	return u.Tagger.Write(ctx, key, rec)
}

// withoutWriters knows how a record begins: a byte, two numbers, and the number of writers, each of
// which is 8 bytes and a number.
func withoutWriters(data []byte) []byte {
	end := 1
	number := func() uint64 {
		n, size := binary.Uvarint(data[end:])
		end += size
		return n
	}
	number()
	number()
	start := end
	for writers := number(); writers > 0; writers-- {
		end += 8
		number()
	}
	return bytes.Join([][]byte{data[:start], {0}, data[end:]}, nil)
}

// lossyApps are four processes over a lossy line.
type lossyApps struct {
	apps        []*app
	undisturbed *app // one more, over a good line

	store session.Tagger
	keys  sync.Map // of all records that ever existed
}

func (l *lossyApps) app(i int) *app { return l.apps[i%len(l.apps)] }

// records is the number of records, including those whose id nobody has.
func (l *lossyApps) records(t *testing.T) (n int) {
	t.Helper()
	l.keys.Range(func(key, _ any) bool {
		_, err := l.store.Read(t.Context(), key.(string))
		switch {
		case err == nil:
			n++
		case !errors.Is(err, session.ErrNotFound):
			t.Error(err)
		}
		return true
	})
	return n
}

// forEachLossyStore runs test with each store on a server, behind lines that lose more and more. If
// half of the answers are lost, one call in sixteen fails for good.
func forEachLossyStore(t *testing.T, test func(t *testing.T, l *lossyApps)) {
	t.Helper()
	for _, name := range []string{"redis", "dynamodb"} {
		for _, percent := range []int{10, 30, 50} {
			t.Run(fmt.Sprintf("%s, %d %%", name, percent), func(t *testing.T) {
				r, line := newRemote(t, name), lossyLine(t, percent, uint64(percent))
				l := &lossyApps{store: r.open()}
				noteKeys := func(method, key string) {
					if method == "Write" {
						l.keys.Store(key, true)
					}
				}
				for range 4 {
					l.apps = append(l.apps, newApp(t, r.testStore, watch(r.over(line), noteKeys)))
				}
				l.undisturbed = newApp(t, r.testStore, watch(r.open(), noteKeys))
				test(t, l)
			})
		}
	}
}

// acknowledged says whether an answer is a 200. Otherwise it must be a 503.
func (got answer) acknowledged(t *testing.T) bool {
	t.Helper()
	if got.status != http.StatusOK && got.status != http.StatusServiceUnavailable {
		t.Errorf("status %d; want 200 or 503", got.status)
	}
	if got.status != http.StatusOK && got.id != "" {
		t.Errorf("status %d sets a cookie", got.status)
	}
	return got.status == http.StatusOK
}

// There may be more records, of visitors who could not be told that they have one. Nobody has the
// ids of these.
func Test_that_over_a_lossy_line_a_visitor_gets_one_session(t *testing.T) {
	const visitors = 200
	forEachLossyStore(t, func(t *testing.T, l *lossyApps) {
		var begun, unknown atomic.Int64
		together(visitors, func(i int) {
			b := newBrowser()
			if !l.app(i).post(b, func(s *session.Session) { s.Put("n", i) }).acknowledged(t) {
				unknown.Add(1)
				return
			}
			begun.Add(1)
			if n, found := l.undisturbed.opens(b.id()); !found || n != i {
				t.Errorf("a visitor who was told to have a session has one: %t; with %d in it, want %d", found, n, i)
			}
		})
		records := l.records(t)
		t.Logf("%d sessions begun, %d answered with 503, %d orphans", begun.Load(), unknown.Load(), records-int(begun.Load()))
		if records < int(begun.Load()) || records > int(begun.Load()+unknown.Load()) {
			t.Errorf("%d records; want %d, and at most %d more", records, begun.Load(), unknown.Load())
		}
		seesSome(t, begun.Load(), "session was begun")
	})
}

// After a 503 the session may be gone, and the visitor logs in again; but no session ever has both
// ids.
func Test_that_over_a_lossy_line_a_regenerate_that_is_acknowledged_keeps_the_session(t *testing.T) {
	const visitors, times = 16, 8
	forEachLossyStore(t, func(t *testing.T, l *lossyApps) {
		var moved, unknown, ended, lost atomic.Int64
		together(visitors, func(i int) {
			var b browser
			n := 0 // acknowledged increments
			begin := func() {
				b, n = newBrowser(), 0
				l.undisturbed.must(b, func(s *session.Session) { s.Put("n", 0); s.Tag(fmt.Sprint("user", i)) })
			}
			begin()
			for time := range times {
				old := b.id()
				got := l.app(i+time).post(b, func(s *session.Session) { s.Increment("n"); s.Regenerate() })
				was, alive := l.undisturbed.opens(old)
				if !got.acknowledged(t) {
					unknown.Add(1)
					switch {
					case !alive:
						ended.Add(1)
						begin()
					case was != n:
						t.Errorf("%d increments in the old session; want %d", was, n)
					}
					continue
				}
				moved.Add(1)
				n++
				if alive {
					t.Error("the old id leads to a session")
				}
				if is, found := l.undisturbed.opens(got.id); !found || is != n {
					lost.Add(1)
					begin()
				}
			}
		})
		t.Logf("%d moved, %d answered with 503, which ended %d; %d lost; %d orphans",
			moved.Load(), unknown.Load(), ended.Load(), lost.Load(), l.records(t)-visitors)
		if lost.Load() > 0 {
			t.Errorf("%d sessions were lost by a regenerate that was acknowledged", lost.Load())
		}
		seesSome(t, moved.Load(), "session has moved")
	})
}

func Test_that_over_a_lossy_line_a_log_out_that_is_acknowledged_ends_the_session(t *testing.T) {
	const visitors = 100
	forEachLossyStore(t, func(t *testing.T, l *lossyApps) {
		var done, unknown, unfinished atomic.Int64
		together(visitors, func(i int) {
			b := newBrowser()
			id := l.undisturbed.must(b, func(s *session.Session) { s.Put("n", 0) }).id
			answers := make([]answer, 3)
			together(3, func(j int) {
				work := (*session.Session).Destroy
				if j > 0 {
					work = func(s *session.Session) { s.Increment("n") }
				}
				answers[j] = l.app(i+j).post(browserWith(id), work)
			})
			_, alive := l.undisturbed.opens(id)
			switch {
			case answers[0].acknowledged(t):
				done.Add(1)
				if alive {
					t.Error("a session that was ended is alive")
				}
			case alive:
				unfinished.Add(1)
				fallthrough
			default:
				unknown.Add(1)
			}
		})
		t.Logf("%d logged out, %d answered with 503, of which %d are still logged in", done.Load(), unknown.Load(), unfinished.Load())
		seesSome(t, done.Load(), "visitor was logged out")
	})
}

// texts is a page with the texts of all messages.
type texts struct{}

func (texts) Render(ctx context.Context, w io.Writer) error {
	_, err := io.WriteString(w, strings.Join(textsOf(session.FromContext(ctx)), "\n"))
	return err
}

// showing is how often a number of concurrent pages show a message, and how many are a 503 instead.
func showing(t *testing.T, b browser, text string, pages int, app func(i int) *app) (shown, failed int) {
	answers := make([]answer, pages)
	together(pages, func(i int) {
		answers[i] = app(i).serve(b, http.MethodGet, func(c echo.Context) error {
			return session.Render(c, http.StatusOK, texts{})
		})
	})
	for _, got := range answers {
		if !got.acknowledged(t) {
			failed++
			continue
		}
		shown += strings.Count(got.body, text)
	}
	return shown, failed
}

// A message can be consumed by a page that is not told so and becomes a 503.
func Test_that_over_a_lossy_line_a_message_is_shown_once(t *testing.T) {
	const visitors, pages = 50, 4
	forEachLossyStore(t, func(t *testing.T, l *lossyApps) {
		var once, gone, unknown atomic.Int64
		together(visitors, func(i int) {
			b, text := newBrowser(), fmt.Sprintf("message %d.", i)
			l.undisturbed.must(b, func(s *session.Session) { s.Put("n", 0) })
			flashed := l.app(i).post(b, func(s *session.Session) { s.FlashInfo(text) }).acknowledged(t)
			shown, failed := showing(t, b, text, pages, func(page int) *app { return l.app(i + page) })
			for range 2 {
				later, _ := showing(t, b, text, 1, func(int) *app { return l.undisturbed })
				shown += later
			}
			switch {
			case shown > 1:
				t.Errorf("it is shown %d times", shown)
			case shown == 1:
				once.Add(1)
			case !flashed:
				unknown.Add(1)
			case failed == 0:
				t.Error("it is never shown, though no page has failed")
			default:
				gone.Add(1)
			}
		})
		t.Logf("%d messages shown once, %d consumed by a page that failed, %d not flashed", once.Load(), gone.Load(), unknown.Load())
		seesSome(t, once.Load(), "message was shown")
	})
}

func Test_that_over_a_lossy_line_a_log_out_everywhere_finds_all_sessions(t *testing.T) {
	const users, logins = 30, 4
	forEachLossyStore(t, func(t *testing.T, l *lossyApps) {
		var in, out, unfinished, alive int
		for i := range users {
			user := fmt.Sprint("user", i)
			earlier := newBrowser()
			l.undisturbed.must(earlier, loginOf(user))

			browsers, answers, logOut := raceLogins(l.apps, user, logins)

			if !logOut.acknowledged(t) {
				unfinished++
			} else if handleOf(l.undisturbed, earlier) != "" {
				t.Error("somebody who was logged in before a log-out everywhere still is")
			}
			listed, err := l.undisturbed.manager.Tagged(t.Context(), user)
			ok(t, err)
			for j, b := range browsers {
				handle := handleOf(l.undisturbed, b)
				if handle == "" {
					out++
					continue
				}
				in++
				if !answers[j].acknowledged(t) {
					t.Error("a login that failed is a session")
				}
				if !slices.ContainsFunc(listed, func(i session.Info) bool { return i.Handle == handle }) {
					t.Error("a session is alive and unreachable")
				}
			}
			ok(t, l.undisturbed.manager.DestroyTagged(t.Context(), user))
			for _, b := range append(browsers, earlier) {
				if handleOf(l.undisturbed, b) != "" {
					alive++
				}
			}
		}
		t.Logf("of %d logins %d are in and %d are not, %d log-outs everywhere answered with 503, %d orphans",
			users*logins, in, out, unfinished, l.records(t))
		if alive > 0 {
			t.Errorf("%d sessions have survived a log-out everywhere", alive)
		}
		seesSome(t, int64(users-unfinished), "user was logged out everywhere")
	})
}
