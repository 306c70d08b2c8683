package main

import "strings"

// What to look for in a User-Agent. The first that is found counts: Edge also says that it
// is Chrome, Chrome that it is Safari, and Android that it is Linux.
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

// device says what a User-Agent stands for, in words that its owner knows it by: "Firefox
// on Linux". A visitor can send any User-Agent, so nothing of it is repeated.
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
