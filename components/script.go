package components

import (
	_ "embed" // for JS

	"github.com/a-h/templ"
)

// JS is the script of [Script], to be served as a file.
//
//go:embed components.js
var JS string

// Script is a script element with [JS], for pages with htmx, Turbo, Unpoly or scripts of your own:
//
//   - When the browser shows a page again as it was left, the script removes the alerts that these
//     have put there.
//   - It keeps forms that are being corrected out of the caches of Turbo and Unpoly, and pages with
//     alerts out of that of Unpoly.
//   - It makes Unpoly say so when it loads a page ahead.
//
// Only a script can do that, since the server is not asked. A page without JavaScript does not need
// it over https: browsers ask the server again for a page into which the server itself has put
// alerts. They do not if that page is in a frame, and the page around it may be kept: a page with
// alerts that is shown in a frame needs the script, too.
//
// It is rendered once in a page, however often it is used, with the nonce of templ.WithNonce if
// there is one.
func Script() templ.Component { return script }

var script = inline("script", JS)
