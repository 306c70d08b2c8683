package session

import (
	"net/http"
	"slices"
)

// flashes is the flash of one request, received and added.
type flashes struct {
	received []flashItem // what the session came with; see Session.received
	decoded  bool        // received is filled in
	own      []flashItem // flashed by this request, each at its own stage
	now      []flashItem // for this response only

	forms map[string]Submission // submissions that were asked for so far, by the name of the form

	reads
	done  []string   // ids of items that are consumed
	taken []string   // ids of items that another page has consumed before us
	keep  *reflashed // what Reflash keeps; nil = nothing
}

// reads is what was read for this response.
type reads struct {
	read     []string // ids of messages that were read
	formRead []string // ids of old input and errors that were read
	claims   []*bool  // for each call of FlashMessages, whether its result was used
}

// flashes is the flash of this request, to be changed.
func (s *Session) flashes() *flashes {
	if s.flash == nil {
		s.flash = new(flashes)
	}
	return s.flash
}

// waits says whether something that this request has flashed is to be saved.
func (f *flashes) waits() bool {
	return f != nil && slices.ContainsFunc(f.own, flashItem.isUnsaved)
}

// unsaved is what this request has flashed and is to be saved.
func (f *flashes) unsaved() (items []flashItem) {
	if f != nil {
		for _, it := range f.own {
			if it.isUnsaved() {
				items = append(items, it)
			}
		}
	}
	return items
}

// saved notes that what was flashed is now stored, or was shown and need not be.
func (f *flashes) saved() {
	if f != nil {
		for i := range f.own {
			f.own[i].stage = saved
		}
	}
}

// saveAgain is for what was saved in a session that ends, or is going to be removed from the record.
func (f *flashes) saveAgain(which func(flashItem) bool) {
	for i, it := range f.own {
		if which(it) && !slices.Contains(f.done, it.id) {
			f.own[i].stage = unsaved
		}
	}
}

// forgetUnsaved drops what will not be saved.
func (f *flashes) forgetUnsaved() {
	if f != nil {
		f.own = slices.DeleteFunc(f.own, func(it flashItem) bool { return it.stage != saved })
	}
}

// forgetNow drops the alerts of a page that is withheld. The error page in its place has messages
// of its own.
func (f *flashes) forgetNow() {
	if f != nil {
		f.now = nil
	}
}

// markRead notes that an item is about to be shown, unless the visitor has left.
func (s *Session) markRead(it flashItem) {
	if !s.headSent || !s.hasHungUp() {
		f := s.flashes()
		f.read = marked(f.read, it.id)
	}
}

// readSoFar is what was read before a page is rendered.
func (s *Session) readSoFar() reads {
	if s == nil {
		return reads{}
	}
	s.lock()
	defer s.unlock()
	if s.flash == nil {
		return reads{}
	}
	return s.flash.reads
}

// forgetReads is for a page that could not be rendered, so that nobody has seen its messages. What was
// read before, the handler may still show.
func (s *Session) forgetReads(since reads) {
	if s != nil {
		s.lock()
		defer s.unlock()
		s.flash.forgetReads(since)
	}
}

// forgetReads is for a handler that read messages and then failed, so that nobody has seen them.
func (f *flashes) forgetReads(since reads) {
	if f != nil {
		f.reads, f.forms = since, nil
	}
}

// claimed says whether FlashMessages was called and its result not used yet, as by a page that is
// going to stream.
func (f *flashes) claimed() bool {
	return slices.ContainsFunc(f.claims, func(used *bool) bool { return !*used })
}

// showForm notes that this response is about the submitted form, whatever its view reads.
func (s *Session) showForm() {
	s.lock()
	defer s.unlock()
	form := s.formName()
	for _, it := range s.visible() {
		if it.name == form {
			s.flashes().markFormRead(it)
		}
	}
}

// markFormRead notes that an item is about to be shown, if it is old input or an error.
func (f *flashes) markFormRead(it flashItem) {
	if it.kind.onePage() {
		f.formRead = marked(f.formRead, it.id)
	}
}

// showsForm says whether old input or errors were read for this response.
func (f *flashes) showsForm() bool { return len(f.formRead) > 0 }

// tells says whether messages, old input or errors were or will be read for this response. An error
// page may show them, although it consumes none.
func (s *Session) tells() bool {
	f := s.flash
	return f != nil && (len(f.read) > 0 || f.showsForm() || f.claimed() && len(s.visible()) > 0)
}

func (f *flashes) forgetReceived() {
	f.received, f.decoded, f.forms, f.keep = nil, true, nil, nil
}

// superseded says whether this request has flashed something that replaces old.
func (f *flashes) superseded(old flashItem) bool {
	return slices.ContainsFunc(f.own, func(it flashItem) bool { return it.supersedes(old) })
}

// hasFlash says whether there is any flash. Expired items count until they are looked at.
func (s *Session) hasFlash() bool {
	f := s.flash
	switch {
	case s.st == nil:
		return false
	case f == nil:
		return s.st.flashed
	}
	return len(f.own) > 0 || len(f.received) > 0 || !f.decoded && s.st.flashed
}

// claim consumes what a page has read, before the page is sent. It says whether another page was
// faster with a message: then this page must be rendered again, and no longer sees the message.
//
// The page's header is h. Inside of Timeout that is not the response's header until the page
// leaves.
func (s *Session) claim(status int, h http.Header) (again bool, err error) {
	s.lock()
	defer s.unlock()
	if s.headSent || s.failure() != nil || s.m.sealer != nil || !s.hasFlash() {
		return false, nil
	}
	s.noteStatus(status)
	s.decide(h)
	delta := s.consume()
	if delta.empty() {
		return false, nil
	}
	delta.yields = true
	if err := s.commit(delta); err != nil {
		return false, err
	}
	f := s.flashes()
	taken := f.taken
	if s.lost || s.renamed {
		taken = delta.drop // another page may have shown them, or a page of the new id will
	}
	isTaken := func(it flashItem) bool { return slices.Contains(f.read, it.id) && slices.Contains(taken, it.id) }
	again = slices.ContainsFunc(f.received, isTaken) || slices.ContainsFunc(f.own, isTaken)
	f.hide(isTaken)
	return again, nil
}

// hide removes what this response must not show any more, and what was replaced by that: it would be seen
// again instead.
func (f *flashes) hide(match func(flashItem) bool) {
	f.received = slices.DeleteFunc(f.received, func(it flashItem) bool { return match(it) || f.superseded(it) })
	f.own = slices.DeleteFunc(f.own, match)
}

// applyFlash applies d to st, and notes which items another request has removed before.
func (s *Session) applyFlash(d flashDelta, st *state) {
	if !d.empty() {
		s.flashes().taken = slices.DeleteFunc(slices.Clone(d.drop), func(id string) bool {
			return st.contains(func(e entry) bool { return e.isFlash() && string(e.key) == id })
		})
	}
	d.apply(st, s.at)
}

// consume decides which messages this response consumes, when the head is about to leave. It is
// called again for messages that are read while the body streams.
func (s *Session) consume() flashDelta {
	if !s.hasFlash() || !s.view().shows {
		return flashDelta{}
	}
	f := s.flashes()
	if s.m.sealer != nil && f.claimed() {
		for _, it := range s.visible() {
			s.markRead(it)
			f.markFormRead(it)
		}
	}
	var delta flashDelta
	for _, it := range s.received() {
		if !f.consumes(it, s.view().page) { // a page ends the forms before it, whether it shows them or not
			continue
		}
		delta.drop = append(delta.drop, it.id)
		if rest, ok := f.kept(it); ok {
			delta.add = append(delta.add, rest)
		}
	}
	for i, it := range f.own {
		switch {
		case !f.consumes(it, f.showsForm()): // what this request flashed is about the form that it shows, if any
		case it.isUnsaved(): // it need not be saved any more, but what it replaces is dropped
			f.own[i].stage = shown
			delta.drop = append(delta.drop, s.st.supersededBy(it)...)
		default:
			delta.drop = append(delta.drop, it.id)
		}
	}
	return delta
}

// shownSoFar is for a response that goes on: it consumes what was shown, and hides it from the rest.
func (s *Session) shownSoFar() flashDelta {
	f := s.flash
	if f == nil || !s.headSent || s.m.sealer != nil || !s.view().shows {
		return flashDelta{}
	}
	delta := s.consume()
	wasRead := func(it flashItem) bool { return slices.Contains(f.read, it.id) }
	f.hide(wasRead)
	f.now = slices.DeleteFunc(f.now, wasRead)
	// Forget what is over: a stream may go on for hours, and show many messages.
	f.done = slices.DeleteFunc(f.done, func(id string) bool { return slices.Contains(f.read, id) })
	f.claims = slices.DeleteFunc(slices.Clone(f.claims), func(used *bool) bool { return *used }) // see readSoFar
	f.read = nil
	return delta
}

// consumes says whether a response that can show messages ends this item, and notes it. Messages end
// when they are read. So do old input and errors, and those of the page also when a form is shown, since
// they are mostly about that form. With unread, old input and errors end even if they are not read.
func (f *flashes) consumes(it flashItem, unread bool) bool {
	if slices.Contains(f.done, it.id) {
		return false
	}
	ends := slices.Contains(f.read, it.id)
	if it.kind.onePage() {
		ends = unread || slices.Contains(f.formRead, it.id) || it.kind == kindPageError && f.showsForm()
	}
	if ends {
		f.done = append(f.done, it.id)
	}
	return ends
}

func marked(ids []string, id string) []string {
	if slices.Contains(ids, id) {
		return ids
	}
	return append(ids, id)
}

// kept is what Reflash keeps of an item that ends here, if anything.
func (f *flashes) kept(it flashItem) (rest flashItem, ok bool) {
	if f.keep == nil || f.superseded(it) {
		return it, false
	}
	switch it.kind {
	case kindInput:
		in := it.input()
		ok = in.narrow(*f.keep)
		it.value = mustEncode(in)
	case kindInputErrors:
		errs := slices.DeleteFunc(it.inputErrors(), func(e InputError) bool { return !f.keep.hasField(e.Name) })
		ok = len(errs) > 0
		it.value = mustEncode(errs)
	case kindAlert:
		alert, _ := it.alert()
		ok = f.keep.has(alert.Kind)
	default:
		ok = f.keep.has(it.name)
	}
	return it, ok
}
