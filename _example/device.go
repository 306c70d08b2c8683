package main

import "strings"

// What to look for in a User-Agent. The first match counts: Edge also claims to be Chrome, Chrome
// to be Safari, and Android to be Linux.
var (
	browserMarks = []mark{
		{"Edg", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser/", "Samsung Internet"},
		{"Firefox/", "Firefox"}, {"FxiOS/", "Firefox"},
		{"Chrome/", "Chrome"}, {"CriOS/", "Chrome"}, {"Safari/", "Safari"},
	}
	systemMarks = []mark{
		{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"Windows", "Windows"},
		{"Macintosh", "Mac"}, {"CrOS", "ChromeOS"}, {"Linux", "Linux"},
	}
)

type mark struct{ sign, name string }

// device describes a User-Agent in words that its owner recognises: "Firefox on Linux". A visitor
// can send any User-Agent, so it repeats nothing of it.
func device(userAgent string) string {
	browser := find(browserMarks, userAgent)
	if browser == "" {
		return "An unknown browser"
	}
	if system := find(systemMarks, userAgent); system != "" {
		return browser + " on " + system
	}
	return browser
}

func find(marks []mark, userAgent string) string {
	for _, m := range marks {
		if strings.Contains(userAgent, m.sign) {
			return m.name
		}
	}
	return ""
}
