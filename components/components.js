// A browser may show a page again as it was left, and htmx, Turbo and Unpoly keep copies. What was
// said once is not to be read there once more.
(() => {
	const forget = () => document.querySelectorAll("[data-flash]").forEach(alert => alert.remove())
	addEventListener("pageshow", event => { if (event.persisted) forget() })
	addEventListener("htmx:beforeHistorySave", forget)
	// Turbo must not keep a form that is being corrected, nor take it out of the page either. A
	// frame, and an answer that is no redirect, are not loaded: they are rendered.
	const exempt = () => {
		if (document.querySelector('[hx-history="false"]')) Turbo.cache.exemptPageFromCache()
	}
	for (const shown of ["turbo:load", "turbo:render", "turbo:frame-render"]) addEventListener(shown, exempt)
	// Unpoly shows what it has loaded before, whatever its Cache-Control says. It is in the cache only
	// after this event, and after a redirect under both addresses.
	addEventListener("up:fragment:loaded", ({request, response}) => {
		if (!response.text.includes('hx-history="false"')) return
		setTimeout(() => [request.url, response.url].forEach(url => up.cache.evict(url)))
	})
	// Nor does it say, when it loads a link ahead of time, that nobody sees the page yet.
	addEventListener("up:link:preload", ({renderOptions}) => {
		renderOptions.headers = {...renderOptions.headers, "X-Sec-Purpose": "prefetch"}
	})
	// Alerts that go by themselves wait while nobody looks at the page.
	const wait = () => document.documentElement.toggleAttribute("data-flash-wait", document.hidden)
	addEventListener("visibilitychange", wait)
	wait()
})()
