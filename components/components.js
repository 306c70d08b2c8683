// A browser may show a page again as it was left, and htmx may keep a copy of it. What a
// part of the page has brought is not to be read twice.
(() => {
	const forget = root => root.querySelectorAll("[data-flash]").forEach(alert => alert.remove())
	addEventListener("pageshow", event => { if (event.persisted) forget(document) })
	addEventListener("htmx:beforeHistorySave", () => forget(document))
})()
