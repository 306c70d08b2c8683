package components

// Each theme needs [CSS] on the page, beside the style sheet of its framework: CSS makes alerts go
// away and lie over the page. The rest of CSS is the look of Default. It affects a page with another
// theme only where that has the same class names, such as flash, or field as in Bulma. On pages from
// right to left, Default and Pico align addresses on the left; in other themes, give such a field the
// attribute dir="ltr".

// Default is the theme of [CSS]. It styles the controls of a [Field]. Style controls that you lay
// out by hand yourself; [aria-invalid="true"] selects those with errors.
var Default = Theme{
	Region: "flash-region",
	Top:    "flash-region-top",
	Bottom: "flash-region-bottom",
	Start:  "flash-region-start",
	Center: "flash-region-center",
	End:    "flash-region-end",

	Alert:      "flash",
	Error:      "flash-error",
	Warning:    "flash-warning",
	Success:    "flash-success",
	Info:       "flash-info",
	AlertBody:  "flash-body",
	AlertTitle: "flash-title",
	AlertLink:  "flash-link",
	Dismiss:    "flash-dismiss",
	Toggle:     "flash-toggle",
	Auto:       "flash-auto",

	Field:   "field",
	Group:   "field",
	Label:   "field-label",
	Legend:  "field-label",
	Hint:    "field-hint",
	Message: "field-error",
	Choice:  "field-choice",
	Caption: "field-caption",

	Button: "field-button",

	Summary:      "error-summary",
	SummaryTitle: "error-summary-title",
	SummaryList:  "error-summary-list",
	SummaryLink:  "error-summary-link",

	Hidden: "visually-hidden",
}

// Bootstrap is for Bootstrap 5.3. It needs none of Bootstrap's scripts.
var Bootstrap = besides(Theme{
	Alert:      "alert hstack align-items-start gap-2",
	Error:      "alert-danger",
	Warning:    "alert-warning",
	Success:    "alert-success",
	Info:       "alert-info",
	Other:      "alert-secondary",
	AlertBody:  "flex-grow-1",
	AlertTitle: "d-block",
	AlertLink:  "alert-link",

	Field:   "mb-3",
	Group:   "mb-3",
	Label:   "form-label",
	Legend:  "form-label float-none fs-6",
	Hint:    "form-text mt-0 mb-2",
	Message: "invalid-feedback d-block mb-0",
	Choice:  "form-check",
	Caption: "form-check-label",

	Control:  "form-control",
	Textarea: "form-control",
	Select:   "form-select",
	File:     "form-control",
	Range:    "form-range",
	Color:    "form-control form-control-color",
	Checkbox: "form-check-input",
	Radio:    "form-check-input",
	Button:   "btn btn-primary",
	Invalid:  "is-invalid",

	Summary:      "alert alert-danger",
	SummaryTitle: "alert-heading h5",
	SummaryList:  "list-unstyled mb-0",
	SummaryLink:  "alert-link",

	Hidden: "visually-hidden",
})

// DaisyUI is for daisyUI 5, in each of its colour themes. Tailwind must be told where the class
// names are; see [Tailwind].
var DaisyUI = besides(Theme{
	Alert:      "alert mb-3 flex items-start gap-2",
	Error:      "alert-error",
	Warning:    "alert-warning",
	Success:    "alert-success",
	Info:       "alert-info",
	AlertBody:  "min-w-0 grow",
	AlertTitle: "block",
	AlertLink:  "link font-semibold",

	Field:   "mb-5",
	Group:   "mb-5",
	Label:   "mb-1 block text-sm font-medium",
	Legend:  "mb-1 text-sm font-medium",
	Hint:    "mb-1.5 text-sm opacity-80",
	Message: "mt-1.5 text-sm font-medium text-[color-mix(in_oklab,var(--color-error)_50%,var(--color-base-content))]",
	Choice:  "flex items-start gap-2.5 py-1",

	Control:  "input w-full",
	Textarea: "textarea w-full",
	Select:   "select w-full [&[multiple]]:block [&[multiple]]:appearance-none [&[multiple]]:h-auto [&[multiple]]:py-2",
	File:     "file-input w-full",
	Range:    "range block w-full",
	Color:    "input block w-16 p-1",
	Checkbox: "checkbox",
	Radio:    "radio",
	Button:   "btn btn-primary",
	Invalid:  "[--input-color:var(--color-error)]",

	Summary:      "alert alert-error mb-5 block justify-items-stretch",
	SummaryTitle: "mb-1 text-lg font-semibold",
	SummaryList:  "leading-6",
	SummaryLink:  "link font-medium",

	Hidden: "sr-only",
})

// Tailwind is for Tailwind CSS 4 without a component library. Tailwind finds class names in source
// files, and must be told which file has these. The file is in Go's module cache, so let Go print
// its path:
//
//	{
//		cat app.css
//		echo "@source \"$(go list -f '{{.Dir}}' github.com/echo-hypermedia/session/components)/presets.go\";"
//	} | npx @tailwindcss/cli --input - --output static/app.css
//
// The pages are dark when Tailwind's variant "dark" applies to them. A class in [Input] does not
// replace one of the theme, unless it is important: w-24! beside w-full.
var Tailwind = besides(Theme{
	Alert:      "mb-3 flex items-start gap-2 rounded-lg border px-4 py-3",
	Error:      "border-red-300 bg-red-50 text-red-900 dark:border-red-800 dark:bg-red-950 dark:text-red-100",
	Warning:    "border-amber-300 bg-amber-50 text-amber-900 dark:border-amber-800 dark:bg-amber-950 dark:text-amber-100",
	Success:    "border-green-300 bg-green-50 text-green-900 dark:border-green-800 dark:bg-green-950 dark:text-green-100",
	Info:       "border-blue-300 bg-blue-50 text-blue-900 dark:border-blue-800 dark:bg-blue-950 dark:text-blue-100",
	Other:      "border-gray-300 bg-gray-50 text-gray-900 dark:border-gray-700 dark:bg-gray-900 dark:text-gray-100",
	AlertBody:  "min-w-0 grow",
	AlertTitle: "block font-semibold",
	AlertLink:  "font-semibold underline underline-offset-2",

	Field:   "mb-5",
	Group:   "mb-5",
	Label:   "mb-1 block font-medium",
	Legend:  "mb-1 font-medium",
	Hint:    "mb-1.5 text-sm text-gray-600 dark:text-gray-400",
	Message: "mt-1.5 text-sm font-medium text-red-700 dark:text-red-300",
	Choice:  "flex items-start gap-2.5 py-1",

	Control:  tailwindControl,
	Textarea: tailwindControl,
	Select:   tailwindControl,
	File:     tailwindControl + " " + tailwindFile,
	Range:    "block w-full accent-indigo-600 dark:accent-indigo-400",
	Color:    "block h-10 w-16 rounded-md border border-gray-500 p-1",
	Checkbox: "mt-0.5 size-5 shrink-0 accent-indigo-600 dark:accent-indigo-400",
	Radio:    "mt-0.5 size-5 shrink-0 accent-indigo-600 dark:accent-indigo-400",
	Button:   "rounded-md bg-indigo-600 px-4 py-2 font-semibold text-white hover:bg-indigo-700",
	Invalid:  "border-red-600! dark:border-red-400!",

	Summary: "mb-5 rounded-lg border border-s-4 border-red-300 bg-red-50 px-5 py-4 text-red-900 " +
		"dark:border-red-800 dark:bg-red-950 dark:text-red-100",
	SummaryTitle: "mb-1 text-lg font-semibold",
	SummaryLink:  "font-medium underline underline-offset-2",

	Hidden: "sr-only",
})

const tailwindControl = "block w-full rounded-md border border-gray-500 bg-white px-3 py-2 disabled:opacity-60 " +
	"dark:border-gray-400 dark:bg-gray-900"

const tailwindFile = "file:me-3 file:rounded file:bg-gray-200 file:px-3 file:py-0.5 dark:file:bg-gray-700"

// besides is t with the class names for what no framework has.
func besides(t Theme) Theme {
	t.Region, t.Top, t.Bottom = Default.Region, Default.Top, Default.Bottom
	t.Start, t.Center, t.End = Default.Start, Default.Center, Default.End
	t.Dismiss, t.Toggle, t.Auto = Default.Dismiss, Default.Toggle, Default.Auto
	return t
}

// Pico is for Pico CSS 2, which styles elements without classes. Alerts and the summary of
// errors, which it does not have, look like those of [Default].
var Pico = func() Theme {
	t := Default
	t.Field, t.Group = "pico-field", "pico-field"
	t.Label, t.Legend = "", ""
	t.Hint, t.Message = "pico-hint", "pico-error"
	t.Choice, t.Caption = "pico-choice", ""
	t.Button = ""
	t.AlertLink, t.SummaryLink = "", ""
	t.SummaryTitle, t.SummaryList = "pico-summary-title", "pico-summary-list"
	return t
}()
