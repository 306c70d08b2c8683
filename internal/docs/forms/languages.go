package forms

import (
	"cmp"
	"context"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/components"
)

var labels = map[string]components.Labels{
	"en": components.English(),
	"de": {
		Dismiss:      "Schließen",
		SummaryTitle: "Bitte prüfen Sie Ihre Angaben",
		ErrorPrefix:  "Fehler:",
		Kinds: map[string]string{
			session.KindError: "Fehler:", session.KindWarning: "Warnung:", session.KindSuccess: "Erfolg:", session.KindInfo: "Hinweis:",
		},
	},
}

var texts = map[string]map[string]string{
	"en": {"post.saved": "Your post was saved.", "form.invalid": "Please correct the fields that are marked."},
	"de": {"post.saved": "Ihr Beitrag wurde gespeichert.", "form.invalid": "Bitte korrigieren Sie die markierten Felder."},
}

func inTheirLanguage() session.Config {
	components.Configure(func(d *components.Defaults) {
		d.Labels = func(ctx context.Context) components.Labels { return labels[languageOf(ctx)] }
		d.Translate = func(ctx context.Context, key string) string { return cmp.Or(texts[languageOf(ctx)][key], key) }
	})
	return session.Config{
		ValidationText: func(ctx context.Context, e session.FieldError) string {
			if languageOf(ctx) == "de" && e.Tag() == "required" {
				return "Dieses Feld fehlt"
			}
			return session.ValidationText(ctx, e)
		},
		ValidationSummary: "form.invalid",
		NeverFlash:        []string{"kennwort"},
	}
}

// languageOf is what the visitor has chosen. It could also be what your middleware has found in
// Accept-Language.
func languageOf(ctx context.Context) string {
	language := session.Get(session.FromContext(ctx), "language", "en")
	if _, known := texts[language]; !known {
		return "en"
	}
	return language
}
