package main

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// board is a state that can be waited for.
type board[T any] struct {
	mu      *sync.Mutex
	state   *T
	changed *chan struct{} // closed at the next change
}

func newBoard[T any](state T) board[T] {
	return board[T]{new(sync.Mutex), &state, new(make(chan struct{}))}
}

func (b board[T]) change(change func(*T)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change(b.state)
	close(*b.changed)
	*b.changed = make(chan struct{})
}

func (b board[T]) look(look func(T)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	look(*b.state)
}

// wait waits until is returns true.
func (b board[T]) wait(ctx context.Context, is func(T) bool) error {
	for {
		b.mu.Lock()
		done, changed := is(*b.state), *b.changed
		b.mu.Unlock()
		if done {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// A witness sits in front of a tab and counts the messages that appear.
type witness struct {
	tab
	site *site
	eyes board[sight]
}

// sight is what has come into sight so far.
type sight struct {
	messages map[string]int // how often each message did
	pages    []string       // the pages, loaded, swapped in, or brought back
	kept     int            // how many documents the browser had kept, and showed unchanged
	loading  bool           // the document and its scripts are not complete yet
}

// isAt says whether page came into sight after this many others.
func (s sight) isAt(page string, others int) bool {
	return !s.loading && slices.Contains(s.pages[others:], page)
}

// visit opens a tab with its own cookies.
func (s *site) visit(t *testing.T) witness {
	t.Helper()
	w := s.watched(openTab(t, s.url))
	if s.off {
		w.switchScriptsOff()
	}
	return w
}

// another is one more tab of the same visitor, with its own count.
func (w witness) another() witness {
	w.t.Helper()
	return w.site.watched(w.tab.another())
}

func (s *site) watched(b tab) witness {
	b.t.Helper()
	w := witness{b, s, newBoard(sight{messages: map[string]int{}})}
	inTime(b.t, func() error { return chromedp.Listen(b.ctx, w.notice) })
	// In its own world the script runs even if those of the page are switched off, and whatever the
	// page's Content-Security-Policy says.
	call(b, runtime.AddBinding, runtime.AddBindingParams{Name: "notice", ExecutionContextName: "eyes"})
	call(b, cdppage.AddScriptToEvaluateOnNewDocument,
		cdppage.AddScriptToEvaluateOnNewDocumentParams{WorldName: "eyes", Source: watch})
	return w
}

// watch reports each page, alert and field error that comes into sight: when it gets into the
// document, and again when the browser shows a document that it had kept.
const watch = `(() => {
	const tell = what => notice(JSON.stringify(what))
	let before = new Set()
	// While a page arrives, its last element may still be without its text.
	const arrived = e => e && (document.readyState != "loading" || e.nextSibling || arrived(e.parentNode))
	const look = () => {
		if (document.prerendering) return
		const all = [...document.querySelectorAll("[data-page], [data-flash] bdi, .field-error bdi")]
		const now = new Set(all.filter(e => e.dataset.page || arrived(e)))
		for (const e of now) if (!before.has(e)) {
			const page = e.dataset.page
			tell(page ? {page} : {message: e.textContent})
		}
		before = now
	}
	if (!document.prerendering) {
		tell({loading: true})
		addEventListener("load", () => tell({loading: false}))
	}
	new MutationObserver(look).observe(document, {childList: true, subtree: true})
	document.addEventListener("prerenderingchange", look)
	document.addEventListener("readystatechange", look)
	const again = e => {
		if (!e.persisted) return
		tell({kept: true})
		before = new Set()
		look()
	}
	addEventListener("load", () => addEventListener("pageshow", again)) // after what the page itself does then
})()`

func (w witness) notice(event any) {
	e, ok := event.(*runtime.EventBindingCalled)
	if !ok || e.Name != "notice" {
		return
	}
	var news struct {
		Message, Page string
		Kept          bool
		Loading       *bool
	}
	if err := json.Unmarshal([]byte(e.Payload), &news); err != nil {
		w.t.Error(err)
		return
	}
	w.eyes.change(func(s *sight) {
		switch {
		case news.Loading != nil:
			s.loading = *news.Loading
		case news.Kept:
			s.kept++
			s.loading = false
		case news.Page != "":
			s.pages = append(s.pages, news.Page)
		default:
			s.messages[news.Message]++
		}
	})
}

// patient is a context that ends when a test must not wait any longer.
func (w witness) patient() context.Context {
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	w.t.Cleanup(cancel)
	return ctx
}

// waits waits until is returns true for what came into sight.
func (w witness) waits(what string, is func(sight) bool) {
	w.t.Helper()
	if err := w.eyes.wait(w.patient(), is); err != nil {
		w.eyes.look(func(s sight) {
			w.t.Fatalf("waiting for %s: %v; so far there came into sight %+v", what, err, s)
		})
	}
}

// reads waits for messages.
func (w witness) reads(messages ...string) {
	w.t.Helper()
	for _, m := range messages {
		w.waits("“"+m+"”", func(s sight) bool { return s.messages[m] > 0 })
	}
}

// hasRead checks that exactly these messages were seen so far, each as often as it is given here.
func (w witness) hasRead(messages ...string) {
	w.t.Helper()
	want := map[string]int{}
	for _, m := range messages {
		want[m]++
	}
	eval[bool](w.tab, `true`) // so that everything earlier in the page has been reported
	w.eyes.look(func(s sight) {
		if !maps.Equal(s.messages, want) {
			w.t.Errorf("got the messages %v; want %v", s.messages, want)
		}
	})
}

// opens loads a page by its address.
func (w witness) opens(page string) {
	w.t.Helper()
	w.comes(page, chromedp.Navigate(w.app+"/"+page))
}

// clicks clicks on what leads to a page, whether it is loaded or swapped in.
func (w witness) clicks(selector, page string) {
	w.t.Helper()
	w.comes(page, chromedp.WaitNotPresent(".htmx-added"), chromedp.Click(selector)) // htmx takes a moment to process new elements
}

// goesBack goes back, and says whether the browser had kept the page and showed it unchanged.
func (w witness) goesBack(page string) (kept bool) {
	w.t.Helper()
	before := w.sight().kept
	w.comes(page, func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		history, err := chromedp.NavigationEntries()(ctx, t)
		if err != nil {
			return chromedp.Void{}, err
		}
		to := history.Entries[history.CurrentIndex-1].ID
		_, err = cdp.Call(ctx, t, cdppage.NavigateToHistoryEntry, cdppage.NavigateToHistoryEntryParams{EntryID: to})
		return chromedp.Void{}, err
	})
	return w.sight().kept > before
}

// comes runs steps that make a page come into sight, and waits for the page.
func (w witness) comes(page string, steps ...chromedp.Action[chromedp.Void]) {
	w.t.Helper()
	before := len(w.sight().pages)
	w.do(steps...)
	w.waits("the page "+page, func(s sight) bool { return s.isAt(page, before) })
}

func (w witness) sight() (now sight) {
	w.eyes.look(func(s sight) { now = s })
	return now
}
