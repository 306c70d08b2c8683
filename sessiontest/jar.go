package sessiontest

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// jar keeps the cookies of a browser for the hosts of one site. The jar of net/http returns only names and
// values, and its clock cannot be moved. This one refuses what browsers refuse (RFC 6265bis section
// 5.7), except for SameSite: our visitors come from the site itself.
type jar struct {
	now func() time.Time

	mu      sync.Mutex
	cookies []jarCookie
}

type jarCookie struct {
	http.Cookie
	host  string    // that has set it, and alone gets it unless there is a Domain
	until time.Time // zero: as long as the browser is open
}

// set stores the cookies of an answer from u. It returns those that it refuses.
func (j *jar) set(u *url.URL, cookies []*http.Cookie) (refused []refusedCookie) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, c := range cookies {
		if !strings.HasPrefix(c.Path, "/") {
			path := u.EscapedPath()
			c.Path = path[:max(1, strings.LastIndexByte(path, '/'))]
		}
		why := refusal(u, c)
		switch {
		case why == "":
			j.put(jarCookie{*c, u.Hostname(), j.expiry(c)})
		case c.MaxAge >= 0: // a cookie that is being removed may come from an older version of the application
			refused = append(refused, refusedCookie{c.Name, why})
		}
	}
	return refused
}

type refusedCookie struct{ name, why string }

// put stores c in place of an older cookie, or removes that one if c has expired.
func (j *jar) put(c jarCookie) {
	c.Domain = strings.TrimPrefix(c.Domain, ".")
	same := func(old jarCookie) bool {
		return old.Name == c.Name && old.Path == c.Path && old.Domain == c.Domain && (c.Domain != "" || old.host == c.host)
	}
	j.cookies = slices.DeleteFunc(j.cookies, same)
	if c.alive(j.now()) {
		j.cookies = append(j.cookies, c)
	}
}

// expiry is by our clock. Max-Age counts from now, and wins.
func (j *jar) expiry(c *http.Cookie) time.Time {
	switch {
	case c.MaxAge != 0:
		return j.now().Add(time.Duration(c.MaxAge) * time.Second)
	case !c.Expires.IsZero():
		return j.now().Add(time.Until(c.Expires))
	}
	return time.Time{}
}

func (c jarCookie) alive(now time.Time) bool { return c.until.IsZero() || c.until.After(now) }

// refusal is why a browser does not accept c from u, or "".
func refusal(u *url.URL, c *http.Cookie) string {
	ofHost := strings.HasPrefix(c.Name, "__Host-")
	switch {
	case c.Secure && u.Scheme != "https":
		return "it is Secure, and comes by plain http"
	case !c.Secure && (ofHost || strings.HasPrefix(c.Name, "__Secure-")):
		return "it is not Secure, as one of that name has to be"
	case ofHost && (c.Path != "/" || c.Domain != ""):
		return "one of that name has the Path / and no Domain"
	case c.Domain != "" && !within(u.Hostname(), c.Domain):
		return fmt.Sprintf("it is for %s, and comes from %s", c.Domain, u.Hostname())
	}
	return ""
}

func within(host, domain string) bool {
	domain = strings.ToLower(strings.TrimPrefix(domain, "."))
	return host == domain || strings.HasSuffix(host, "."+domain)
}

// sent is the cookies that a request to u carries, those with longer paths first.
func (j *jar) sent(u *url.URL) []jarCookie {
	j.mu.Lock()
	defer j.mu.Unlock()
	var sent []jarCookie
	for _, c := range j.cookies {
		if c.alive(j.now()) && c.goesTo(u) {
			sent = append(sent, c)
		}
	}
	slices.SortStableFunc(sent, func(a, b jarCookie) int { return len(b.Path) - len(a.Path) })
	return sent
}

func (c jarCookie) goesTo(u *url.URL) bool {
	below, ok := strings.CutPrefix(u.EscapedPath(), c.Path)
	inPath := ok && (below == "" || below[0] == '/' || strings.HasSuffix(c.Path, "/"))
	toHost := c.host == u.Hostname() || c.Domain != "" && within(u.Hostname(), c.Domain)
	return toHost && inPath && (!c.Secure || u.Scheme == "https")
}

// export is all cookies with their attributes; an age is the remaining one.
func (j *jar) export(host string) []*http.Cookie {
	j.mu.Lock()
	defer j.mu.Unlock()
	var all []*http.Cookie
	for _, c := range j.cookies {
		if !c.alive(j.now()) {
			continue
		}
		out := c.Cookie
		out.Raw, out.RawExpires, out.Expires = "", "", time.Time{}
		switch {
		case out.Domain != "":
			out.Domain = "." + out.Domain // as browsers show it
		case c.host != host:
			continue // no cookie says which host alone gets it
		}
		if !c.until.IsZero() {
			out.MaxAge = int((c.until.Sub(j.now()) + time.Second - 1) / time.Second)
		}
		all = append(all, &out)
	}
	return all
}

// replace makes cookies the whole content of the jar, and says how many of them are for the site.
// As browsers show them, the Domain of a cookie for all hosts in it begins with a dot, and that of a
// cookie for one host does not.
func (j *jar) replace(s *site, cookies []*http.Cookie) (taken int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.cookies = nil
	for _, c := range cookies {
		of := cmp.Or(strings.TrimPrefix(c.Domain, "."), s.base.Hostname())
		if !within(s.base.Hostname(), of) && !s.isHost(of) {
			continue
		}
		own := *c
		if !strings.HasPrefix(own.Domain, ".") {
			own.Domain = ""
		}
		if own.Path == "" {
			own.Path = "/"
		}
		j.put(jarCookie{own, of, j.expiry(c)})
		taken++
	}
	return taken
}
