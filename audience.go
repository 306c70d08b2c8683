package session

import (
	"net/http"
	"strings"
)

// audience is who will see the answer to a request, as told by the headers that browsers and
// hypermedia libraries document. All such decisions are made here.
type audience uint8

const (
	audienceUnknown audience = iota

	// A page that a person is about to see, including boosted navigations and frames of the
	// browser. An unknown request counts as one.
	audiencePage

	// A part of a page that a person has open: for htmx, Turbo Frames, Unpoly, Datastar, or any
	// script whose request does not ask for a page.
	audiencePart

	// Nobody, or nobody yet: prefetches, images, scripts, HEAD. A prefetched page may be
	// shown later without another request, so it must not show messages.
	audienceNobody
)

// audience is who this request is for. The headers are checked only once.
func (s *Session) audience() audience {
	if s.to == audienceUnknown {
		s.to = classify(s.req)
	}
	return s.to
}

func classify(r *http.Request) audience {
	switch {
	case r.Method == http.MethodHead || r.Method == http.MethodOptions, isSpeculative(r.Header), !isShown(r.Header):
		return audienceNobody
	case isPart(r.Header), isFetch(r.Header):
		return audiencePart
	}
	return audiencePage
}

// isSpeculative says whether the answer is fetched in case somebody wants it: by the
// browser, Turbo (X-Sec-Purpose) or htmx's preload extension. The purpose may carry
// more than one word, as in Chrome's "prefetch;prerender".
func isSpeculative(h http.Header) bool {
	for _, name := range [...]string{"Sec-Purpose", "Purpose", "X-Sec-Purpose", "X-Purpose", "X-Moz"} {
		purpose := strings.ToLower(header(h, name))
		if strings.Contains(purpose, "prefetch") || strings.Contains(purpose, "prerender") || strings.Contains(purpose, "preview") {
			return true
		}
	}
	return header(h, "Hx-Preloaded") == "true"
}

// isShown says whether the answer goes to a place where a page's text can be read. Over
// plain http browsers leave Sec-Fetch-Dest out; what they accept then tells an image or
// a style sheet from a page.
func isShown(h http.Header) bool {
	switch header(h, "Sec-Fetch-Dest") {
	case "":
		accept := accepted(h)
		for _, asset := range [...]string{"image/", "video/", "audio/", "text/css", "font/", "application/font-"} {
			if strings.HasPrefix(accept, asset) {
				return false
			}
		}
		return true
	case "document", "iframe", "frame", "embed", "object", "empty":
		return true
	}
	return false
}

// isPartial says whether a part is requested, even if it is loaded ahead: the same answer is later
// taken from the cache and put into the page.
func isPartial(to audience, h http.Header) bool { return to == audiencePart || isPart(h) }

func isPart(h http.Header) bool {
	return isHTMXPart(h) || header(h, "Turbo-Frame") != "" || header(h, "Datastar-Request") == "true" ||
		header(h, "X-Up-Target") != "" && !isWholePage(h)
}

// isWholePage says whether Unpoly replaces the whole page with the answer.
func isWholePage(h http.Header) bool {
	target := header(h, "X-Up-Target")
	return target == "body" || target == "html"
}

// isUnpolyPage says whether Unpoly follows a link to a page. It asks for the main part of the page
// like for any other part.
func isUnpolyPage(h http.Header) bool {
	target := header(h, "X-Up-Target")
	return target == "main" || strings.HasPrefix(target, "[up-main")
}

// isFetch says whether a script asks for something other than a page. Turbo Drive, and other
// scripts that replace one page with another, accept text/html. Unpoly accepts anything, and so
// does htmx 2, whether it follows a boosted link or restores a page (which it may be configured to
// do without HX-Request).
func isFetch(h http.Header) bool {
	return header(h, "Sec-Fetch-Dest") == "empty" && !acceptsHTML(h) && !isWholePage(h) &&
		header(h, "Hx-Request") == "" && header(h, "Hx-History-Restore-Request") == ""
}

// isHTMXPart says whether htmx asks for a part of a page. htmx 4 says so outright; with
// htmx 2 it is any request that neither navigates nor restores a page.
func isHTMXPart(h http.Header) bool {
	if kind := header(h, "Hx-Request-Type"); kind != "" {
		return kind == "partial"
	}
	return header(h, "Hx-Request") == "true" && header(h, "Hx-Boosted") == "" && header(h, "Hx-History-Restore-Request") == ""
}

func acceptsHTML(h http.Header) bool { return strings.Contains(accepted(h), "text/html") }

func acceptsJSON(h http.Header) bool { return strings.Contains(accepted(h), "json") }

func acceptsAnything(h http.Header) bool { return strings.Contains(accepted(h), "*/*") }

// accepted is the list that the client accepts. Browsers send it in one line, but what stands between
// them and us may give each member a line of its own, as an adapter for AWS Lambda does.
func accepted(h http.Header) string { return strings.Join(h["Accept"], ", ") }

// takesPage says whether sending the client on to a page helps. htmx and Unpoly accept anything,
// whether they ask for a part or follow a form.
func takesPage(h http.Header) bool {
	return acceptsHTML(h) || isPart(h) || isWholePage(h) || header(h, "Hx-Request") != "" || isTool(h) && sendsForm(h)
}

// isTool says whether curl or the like asks. A script in a browser accepts */* too, but expects an
// error rather than a page; Sec-Fetch-Dest, which browsers send, tells the two apart.
func isTool(h http.Header) bool {
	accept := accepted(h)
	return (accept == "" || accept == "*/*") && header(h, "Sec-Fetch-Dest") == ""
}

func isGet(r *http.Request) bool { return r.Method == http.MethodGet || r.Method == http.MethodHead }

// header is the first value of a header, whose name must be in the canonical form of http.Header:
// Hx-Request, not HX-Request. Get would have to check that for each of a dozen names in each
// request.
func header(h http.Header, name string) string {
	if values := h[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}
