package session_test

import (
	"bytes"
	"context"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

// old reads fields as "name=value", or "name=-" if the default is to be shown.
func old(names ...string) func(*session.Session) any {
	return func(s *session.Session) any {
		var all []string
		for _, name := range names {
			all = append(all, name+"="+s.Old(name, "-"))
		}
		return strings.Join(all, " ")
	}
}

func keep(s *session.Session) { s.FlashAll() }

func Test_how_long_old_input_lives(t *testing.T) {
	showsForm := func(c echo.Context) error {
		return c.HTML(http.StatusOK, "title="+session.From(c).Old("title", "-"))
	}
	cases := []struct {
		claim  string
		before []request
		by     echo.HandlerFunc // answers those
		want   string           // on the next page
	}{
		{"until the next page", nil, nil, "title=T"},
		{"that page ends it", []request{{}}, showsForm, "title=-"},
		{"a page that does not read it ends it, too", []request{{}}, blankPage, "title=-"},
		{"so does a boosted page", []request{{as: htmxBoosted}}, blankPage, "title=-"},
		{"so does a page whose type is left to net/http", []request{{}}, func(c echo.Context) error {
			session.From(c).Has("user")
			_, err := c.Response().Write([]byte("<!doctype html>"))
			return err
		}, "title=-"},
		{"so does one in XHTML", []request{{}}, func(c echo.Context) error {
			session.From(c).Has("user")
			return c.Blob(http.StatusOK, "application/xhtml+xml", []byte("<html/>"))
		}, "title=-"},
		{"a missing page with the layout of the site ends it", []request{{}}, notFoundPage, "title=-"},
		{"a page that does not use the session leaves it", []request{{}}, func(c echo.Context) error { return c.HTML(http.StatusOK, "about us") }, "title=T"},
		{"JSON polls leave it", []request{{as: jsonPoll}, {as: jsonPoll}}, jsonPage, "title=T"},
		{"JSON for a page leaves it", []request{{}}, jsonPage, "title=T"},
		{"a part that does not read it leaves it", []request{{as: htmxPart}}, blankPage, "title=T"},
		{"a part that a script fetches leaves it", []request{{as: scriptFetch}}, blankPage, "title=T"},
		{"a part that reads it ends it", []request{{as: htmxPart}}, showsForm, "title=-"},
		{"another form that is sent ahead leaves it, too", []request{{as: prefetched, path: "?_form=search&title=x"}}, func(c echo.Context) error { return session.Invalid(c, invalidTitle, formView) }, "title=T"},
		{"images and prefetches leave it", []request{{as: favicon}, {as: plainFavicon}, {as: prefetched}}, showsForm, "title=T"},
		{"redirects leave it", []request{{}, {}}, flashing(func(s *session.Session) { s.Old("title") }), "title=T"},
		{"a page that fails leaves it", []request{{}}, func(c echo.Context) error { session.From(c).Old("title"); return errOops }, "title=T"},
	}
	for _, tc := range cases {
		t.Run(tc.claim, func(t *testing.T) {
			onBothStores(t, func(t *testing.T, s *site) {
				v := s.browser()
				v.post(url.Values{"title": {"T"}}, flashing(keep))
				for _, a := range tc.before {
					v.ask(a, tc.by)
				}
				reads(t, v, "the page", old("title"), tc.want)
			})
		})
	}
}

func Test_that_old_input_that_was_read_is_gone_after_clear(t *testing.T) {
	v := newSite(t).browser()
	v.post(url.Values{"title": {"T"}}, flashing(keep))
	reads(t, v, "the page", func(s *session.Session) any {
		before := s.Old("title", "-")
		s.Clear()
		return before + s.Old("title", "-")
	}, "T-")
}

func Test_that_the_error_page_of_a_part_ends_old_input_that_both_have_read(t *testing.T) {
	v := newSite(t).browser()
	v.HTTPErrorHandler = func(_ error, c echo.Context) {
		_ = c.HTML(http.StatusConflict, session.From(c).Old("title", "-"))
	}
	v.post(url.Values{"title": {"T"}}, flashing(keep))
	got := v.ask(request{as: htmxPart}, func(c echo.Context) error { session.From(c).Old("title"); return echo.ErrConflict })
	wantText(t, "the error page", got.body, "T")
	reads(t, v, "the page", old("title"), "title=-")
}

// The page loaded the session before the form was sent, so the old input of that is for another
// page.
func Test_that_a_page_which_is_in_flight_across_the_POST_leaves_old_input(t *testing.T) {
	v := newSite(t).browser()
	v.post(nil, flashing(func(s *session.Session) { s.Put("user", 7) }))
	end := (&reader{browser: v}).open(request{}, with(func(s *session.Session) { s.Increment("pages") }))
	v.post(url.Values{"title": {"T"}}, flashing(keep))
	end()
	reads(t, v, "the page", old("title"), "title=T")
	reads(t, v, "the page after it", old("title"), "title=-")
}

func Test_that_a_page_ends_old_input_that_other_values_were_put_behind(t *testing.T) {
	v := newSite(t).browser()
	v.post(url.Values{"title": {"T"}}, flashing(keep))
	v.post(nil, flashing(func(s *session.Session) { s.Put("user", 7) }))
	v.visit(blankPage)
	reads(t, v, "the page after it", old("title"), "title=-")
}

func Test_that_a_title_of_one_form_never_fills_another_next_week(t *testing.T) {
	onBothStores(t, func(t *testing.T, s *site) {
		v := s.browser()
		v.post(url.Values{"title": {"of form A"}}, flashing(keep))
		s.clock.advance(session.DefaultFlashTTL)
		reads(t, v, "form B", old("title"), "title=-")
	}, func(cfg *session.Config) { cfg.IdleTimeout, cfg.AbsoluteTimeout = 1000*session.DefaultFlashTTL, -1 })
}

func Test_what_is_kept_of_a_submission(t *testing.T) {
	form := url.Values{"title": {"T"}, "body": {""}, "tags": {"a", "b"}, "password": {"hunter2"}}
	cases := []struct {
		claim string
		keep  func(*session.Session)
		want  string
	}{
		{"nothing, if nothing is asked for", func(*session.Session) {}, "title=- body=- tags=- off=- password=-"},
		{"all, empty and unchecked fields too", keep, "title=T body= tags=a off= password=-"},
		{"some", func(s *session.Session) { s.FlashOnly("title", "password", "off") }, "title=T body=- tags=- off= password=-"},
		{"none", func(s *session.Session) { s.FlashOnly() }, "title=- body=- tags=- off=- password=-"},
		{"all but some", func(s *session.Session) { s.FlashExcept("title", "off") }, "title=- body= tags=a off=- password=-"},
		{"all but none", func(s *session.Session) { s.FlashExcept() }, "title=T body= tags=a off= password=-"},
		{"the last word stands", func(s *session.Session) { s.FlashAll(); s.FlashOnly("title") }, "title=T body=- tags=- off=- password=-"},
	}
	for _, tc := range cases {
		t.Run(tc.claim, func(t *testing.T) {
			onBothStores(t, func(t *testing.T, s *site) {
				v := s.browser()
				v.post(form, flashing(tc.keep))
				reads(t, v, "the page", old("title", "body", "tags", "off", "password"), tc.want)
			})
		})
	}
}

func Test_that_old_input_tells_empty_from_absent(t *testing.T) {
	v := newSite(t).browser()
	v.post(url.Values{"empty": {""}, "many": {"a", "b"}}, flashing(func(s *session.Session) { s.FlashExcept("secret_plan") }))
	v.do(func(s *session.Session) {
		sub := s.Submission("")
		for name, want := range map[string]string{
			"empty":       "[] true",
			"many":        "[a b] true",
			"unchecked":   "[] true",
			"secret_plan": "[] false",
			"password":    "[] false",
		} {
			values, known := sub.Values(name)
			wantText(t, name, fmt.Sprint(values, known), want)
		}
		if !sub.Submitted() {
			t.Error("not submitted")
		}
	})
	v.do(func(s *session.Session) {
		sub := s.Submission("")
		if values, known := sub.Values("empty"); known || values != nil || sub.Submitted() {
			t.Errorf("of no submission: %v %t", values, known)
		}
	})
}

func Test_which_fields_are_secrets(t *testing.T) {
	names := map[bool][]string{
		true: {
			"password", "Password", "PASSWORD", "password_confirmation", "passwordConfirmation", "password2", "newpassword",
			"user[password]", "user.password", "users[0][password]", "current-password", "new-password", "passwd", "userPasswd", "pwd", "dbpwd",
			"pass", "user[pass]", "pw", "new_pw", "confirmPw", "pw1", "passphrase", "passcode", "passwort",
			"secret", "client_secret", "clientSecret", "clientsecret", "secret_key", "secretAnswer", "secretanswer",
			"token", "_token", "api_token", "apiToken", "APIToken", "accesstoken", "authenticity_token", "token2", "tokens[]", "stripeToken",
			"csrf", "_csrf", "csrf_token", "csrfmiddlewaretoken", "xsrf", "X-XSRF-TOKEN", "gorilla.csrf.Token",
			"api_key", "apiKey", "apikey", "private_key", "access-key", "api_keys", "ssh_key", "seed_phrase", "mnemonic",
			"card_number", "cardNumber", "cardnumber", "card-no", "cc-number", "ccnumber", "cc-csc", "credit_card", "creditcard", "creditcardnumber", "credit-card-no",
			"cvc", "cvv", "cvv2", "ccv", "card[cvc]", "cardCvc", "security_code",
			"pin", "userPIN", "card_pin", "pin[]", "otp", "otp_code", "otpCode", "totp", "one-time-code", "mfa_code", "two_factor_code", "recovery-code", "2fa-code", "smsCode", "login_code", "access_code",
			"recovery_codes", "recovery_phrase", "recoveryphrase", "пользовательPIN", "PIN-код", "PINкод", "user[PINкод]", "PINκωδικός", "код2fa_code", "PINコード", "新しいPIN", "código_pin", "pinCódigo", "passwörter", "cafe\u0301Pin", "2FACode", "2FA_code", "user[2FA-Code]", "2ªSenha_pin", "nºpin", "pinⅡ", "ＩＤpin", "1️⃣pin", "APIのKey", "card番号no", "pin１", "token２", "pin٢", "security_answers", "backup_codes[]", "reset_code", "mfa", "MFA", "2fa", "SAMLResponse", "confirmationCode", "activation-code",
			"ssn", "user_ssn", "social_security_number", "security_answer",
			"g-recaptcha-response", "h-captcha-response", "cf-turnstile-response",
			"_method", "_form",
		},
		false: {
			"title", "email", "user[name]", "option", "options[]", "className", "class", "footprint", "spin", "pinned", "pine", "opinion", "shipping",
			"passenger", "passengers[0].name", "compass", "passport", "bypass", "overpass", "passion",
			"description", "secretary", "tokenize", "tokenizer", "hotpot", "potpourri", "business_name", "businessname", "lessness",
			"secretária", "passé", "pinède", "pin\u0303ata", "opinión", "großpin", "öpin", "имя", "お名前",
			"card_holder", "cardinal", "card_note", "postcard", "discard", "account_number", "acc_number", "number", "no",
			"pwm", "spw", "2fast", "mfa_enabled", "enable_2fa", "creditcardholder", "key", "keys", "accvat", "codes", "reset", "confirmation", "keywords", "monkey", "keyboard", "code", "postcode", "country_code", "answer", "method", "form", "format",
		},
	}
	form := url.Values{}
	for _, list := range names {
		for _, name := range list {
			form.Set(name, "typed")
		}
	}
	for what, keep := range map[string]func(*session.Session){
		"FlashAll":              (*session.Session).FlashAll,
		"FlashExcept":           func(s *session.Session) { s.FlashExcept("nothing") },
		"FlashOnly":             func(s *session.Session) { s.FlashOnly(append(names[true], names[false]...)...) },
		"FlashValidationErrors": func(s *session.Session) { s.FlashValidationErrors(errOops) },
	} {
		t.Run(what, func(t *testing.T) {
			v := newSite(t).browser()
			v.post(form, flashing(keep))
			v.do(func(s *session.Session) {
				sub := s.Submission("typed") // the value of _form
				for secret, list := range names {
					for _, name := range list {
						values, known := sub.Values(name)
						if secret == (known || len(values) > 0) {
							t.Errorf("%s: kept %t %v; want %t", name, known, values, !secret)
						}
					}
				}
			})
		})
	}
}

func Test_that_an_application_has_words_of_its_own_for_what_is_never_kept(t *testing.T) {
	words := []string{"kennwort", "mot de passe", "contraseña", "[iban]", "şifre", "κωδικος", "пароль", "ключ1", "パスワード", "सांकेतिक शब्द", "كلمة السر"}
	names := map[bool][]string{
		true: {
			"kennwort", "Kennwort", "KENNWORT", "user[kennwort]", "user.kennwort", "neuesKennwort", "kennwort_wiederholen", "kennwort2",
			"mot_de_passe", "motDePasse", "mot-de-passe", "motdepasse", "contraseña", "nueva_contraseña", "contraseñaNueva", "bank.iban", "password",
			"yeniŞifre", "ΚΩΔΙΚΟΣ", "ΝέοςΚΩΔΙΚΟΣ", "пароль", "новый_пароль", "новыйПароль", "ПАРОЛЬ2", "user[пароль]", "ключ1", "パスワード", "新しい[パスワード]",
			"सांकेतिक_शब्द", "كلمة-السر",
		},
		false: {"name", "kennwortlos", "meinkennwort", "kennworte", "mot", "de", "passe", "mot_de_la_passe", "contrase", "contraseñas", "паролька", "किसांकेतिक_शब्द", "items[1].name", "шифр"},
	}
	form := url.Values{}
	for _, list := range names {
		for _, name := range list {
			form.Set(name, "typed")
		}
	}
	v := newSite(t, func(cfg *session.Config) { cfg.NeverFlash = words }).browser()
	words[0] = "name" // must not change anything
	v.post(form, flashing(keep))
	v.do(func(s *session.Session) {
		for secret, list := range names {
			want := map[bool]string{true: "default", false: "typed"}[secret]
			for _, name := range list {
				if got := s.Old(name, "default"); got != want {
					t.Errorf("%s is %q; want %q", name, got, want)
				}
			}
		}
	})
}

// What was never stored cannot leak from the store.
func Test_that_secrets_and_files_do_not_reach_the_store(t *testing.T) {
	s := newSite(t)
	v := s.browser()
	body, contentType := upload(t, map[string]string{"title": "a title", "password": "hunter2", "user[pin]": "4711"}, "photo", "bytes of a photo")
	v.ask(request{body: body, header: headers{"Content-Type", contentType}}, flashing(keep))
	if !strings.Contains(s.store.written(), "a title") {
		t.Errorf("stored %q; want the title in it", s.store.written())
	}
	for _, secret := range []string{"hunter2", "4711", "bytes of a photo", "photo.jpg"} {
		if strings.Contains(s.store.written(), secret) {
			t.Errorf("%q was stored", secret)
		}
	}
	reads(t, v, "the page", old("title", "password", "photo"), "title=a title password=- photo=")
}

// upload is a multipart form with a file.
func upload(t *testing.T, fields map[string]string, fileField, content string) (body, contentType string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for name, value := range fields {
		if err := w.WriteField(name, value); err != nil {
			t.Fatal(err)
		}
	}
	file, err := w.CreateFormFile(fileField, fileField+".jpg")
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(file, content)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String(), w.FormDataContentType()
}

func Test_that_fields_of_a_form_never_become_messages(t *testing.T) {
	onBothStores(t, func(t *testing.T, s *site) {
		v := s.browser()
		v.post(url.Values{"success": {"You won!"}, "error": {"Call us"}, "errors": {"x"}, "errorsBag": {"x"}, "E_VALIDATION_ERROR": {"x"}, "k": {"v"}}, flashing(keep))
		reads(t, v, "the page", func(s *session.Session) any {
			return fmt.Sprint(alerts(s), s.FlashMessages().All(), s.PageErrors(), s.InputErrors("errors"), session.Flashed(s, "k", "-"), s.Old("success"))
		}, "map[] [] []-You won!")
	})
}

func Test_that_old_input_comes_from_every_kind_of_form(t *testing.T) {
	multipartBody, multipartType := upload(t, map[string]string{"title": "T"}, "file", "…")
	urlencoded := headers{"Content-Type", echo.MIMEApplicationForm}
	type entry struct {
		Title string `form:"title" query:"title"`
	}
	bound := func(c echo.Context) error {
		var e entry
		if err := c.Bind(&e); err != nil {
			return err
		}
		if e.Title != "T" {
			return fmt.Errorf("bound %q", e.Title)
		}
		return flashing(keep)(c)
	}
	type requestKey struct{}
	replaced := func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			c.SetRequest(c.Request().WithContext(context.WithValue(c.Request().Context(), requestKey{}, 1)))
			return next(c)
		}
	}
	cloned := func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			c.SetRequest(c.Request().Clone(c.Request().Context()))
			return next(c)
		}
	}
	overridden := func(method string) echo.HandlerFunc {
		return func(c echo.Context) error {
			if c.FormValue("_method") == "" {
				return errOops
			}
			c.Request().Method = method // as Echo's MethodOverride does
			return flashing(keep)(c)
		}
	}
	cases := []struct {
		claim string
		request
		by   echo.HandlerFunc
		want string
	}{
		{"urlencoded", request{form: url.Values{"title": {"T"}}}, flashing(keep), "title=T other="},
		{"multipart", request{body: multipartBody, header: headers{"Content-Type", multipartType}}, flashing(keep), "title=T other="},
		{"bound before", request{form: url.Values{"title": {"T"}}}, bound, "title=T other="},
		{"multipart, bound before", request{body: multipartBody, header: headers{"Content-Type", multipartType}}, bound, "title=T other="},
		{"bound on another request", request{form: url.Values{"title": {"T"}}}, replaced(bound), "title=T other="},
		{"bound on a clone of the request", request{form: url.Values{"title": {"T"}}}, cloned(bound), "title=T other="},
		{"multipart, bound on another request", request{body: multipartBody, header: headers{"Content-Type", multipartType}}, replaced(bound), "title=T other="},
		{"PUT", request{method: http.MethodPut, form: url.Values{"title": {"T"}}}, flashing(keep), "title=T other="},
		{"PUT by method override", request{form: url.Values{"title": {"T"}, "_method": {"PUT"}}}, overridden(http.MethodPut), "title=T other="},
		{"DELETE by method override", request{path: "?other=query", form: url.Values{"title": {"T"}, "_method": {"DELETE"}}}, overridden(http.MethodDelete), "title=T other="},
		{"DELETE of htmx, in the address", request{method: http.MethodDelete, path: "?title=T", as: htmxPart, header: urlencoded}, flashing(keep), "title=T other="},
		{"GET", request{path: "?title=T"}, flashing(keep), "title=T other="},
		{"GET without a form", request{}, flashing(keep), "title=- other=-"},
		{"a form with nothing in it", request{method: http.MethodPost, header: urlencoded}, flashing(keep), "title= other="},
		{"the address is not the form", request{path: "?title=of+the+address", form: url.Values{"other": {"o"}}}, flashing(keep), "title= other=o"},
		{"JSON is no form", request{body: `{"title":"T"}`, header: headers{"Content-Type", "application/json"}}, flashing(keep), "title=- other=-"},
		{"multipart, with an address that is none of a form", request{path: "?100%", body: multipartBody, header: headers{"Content-Type", multipartType}}, flashing(keep), "title=T other="},
		{"a broken upload is none", request{body: "--x\r\nbroken", header: headers{"Content-Type", "multipart/form-data; boundary=x"}}, flashing(keep), "title=- other=-"},
		{"no body is none", request{method: http.MethodPost}, flashing(keep), "title=- other=-"},
	}
	for _, tc := range cases {
		t.Run(tc.claim, func(t *testing.T) {
			v := newSite(t).browser()
			if got := v.ask(tc.request, tc.by); got.status >= 400 {
				t.Fatalf("status %d: %s", got.status, got.body)
			}
			reads(t, v, "the page", old("title", "other"), tc.want)
		})
	}
}

func Test_that_a_named_form_has_its_own_input_and_errors(t *testing.T) {
	onBothStores(t, func(t *testing.T, s *site) {
		v := s.browser()
		v.post(url.Values{"_form": {"newsletter"}, "email": {"me@"}}, flashing(func(s *session.Session) {
			s.FlashValidationErrors(session.ValidationErrors{"email": {"is incomplete"}})
		}))
		reads(t, v, "the page", func(s *session.Session) any {
			contact, newsletter, unnamed := s.Submission("contact"), s.Submission("newsletter"), s.Submission("")
			email, _ := newsletter.Values("email")
			return fmt.Sprint(contact.Submitted(), contact.Errors("email"), unnamed.Submitted(), s.Old("email", "-"), s.InputErrors("email"),
				newsletter.Submitted(), email, newsletter.Errors("email"))
		}, "false [] false-[] true [me@] [is incomplete]")
	})
}

func Test_that_huge_submissions_are_trimmed(t *testing.T) {
	manyFields := url.Values{"title": {"T"}}
	for i := range 1000 {
		manyFields.Set(fmt.Sprintf("field%d", i), strings.Repeat("x", 1000))
	}
	onlyNames, longNames := url.Values{"title": {"T"}}, url.Values{"title": {"T"}}
	for i := range 1000 {
		onlyNames.Set(fmt.Sprintf("%d%s", i, strings.Repeat("n", 200)), "")
		longNames.Set(fmt.Sprintf("%d%s", i, strings.Repeat("n", 2000)), "")
	}
	escapedNames := url.Values{"title": {"T"}}
	for i := range 240 {
		escapedNames.Set(fmt.Sprintf("%03d%s", i, strings.Repeat("<", 250)), "")
	}
	cases := []struct {
		claim string
		form  url.Values
		want  string
	}{
		{"a long text shows its default", url.Values{"title": {"T"}, "text": {strings.Repeat("x", 100_000)}}, "title=T text=- other="},
		{"one of two long texts stays", url.Values{"title": {"T"}, "text": {strings.Repeat("x", 40_000)}, "other": {strings.Repeat("y", 40_001)}}, "title=T text=" + strings.Repeat("x", 40_000) + " other=-"},
		{"of thousands of fields little stays", manyFields, "title=T text= other="},
		{"of nothing but names nothing stays", onlyNames, "title=- text=- other=-"},
		{"names count as JSON has them", escapedNames, "title=- text=- other=-"},
		{"names are short", longNames, "title=T text= other="},
		{"a name of a form is short", url.Values{"title": {"T"}, "_form": {strings.Repeat("f", 10_000)}}, "title=T text= other="},
	}
	for _, tc := range cases {
		t.Run(tc.claim, func(t *testing.T) {
			s := newSite(t)
			v := s.browser()
			v.post(tc.form, flashing(keep))
			if len(s.store.written()) > 100_000 {
				t.Errorf("stored %d bytes", len(s.store.written()))
			}
			reads(t, v, "the page", old("title", "text", "other"), tc.want)
		})
	}
}

func Test_what_fits_into_a_cookie(t *testing.T) {
	onlyNames, manyErrors := url.Values{"title": {"T"}}, session.ValidationErrors{}
	for i := range 200 {
		onlyNames.Set(fmt.Sprintf("field_%03d", i), "")
		manyErrors[fmt.Sprintf("field_%03d", i)] = []string{"Enter no more than 100 characters"}
	}
	cases := []struct {
		claim string
		form  url.Values
		err   error
		want  string
	}{
		{"a long text is left out, its form and errors stay", url.Values{"title": {"T"}, "text": {strings.Repeat("x", 5000)}}, session.ValidationErrors{"title": {"is short"}}, "title=T text=-[is short]"},
		{"of many errors the first ones stay", url.Values{"title": {"T"}}, manyErrors, "title=- text=-[]"},
		{"of two errors the first one stays", url.Values{"title": {"T"}}, session.ValidationErrors{"title": {"is short"}, "zip": {strings.Repeat("x", 5000) + " is no zip code"}}, "title=- text=-[is short]"},
		{"an error that quotes a long text is left out", url.Values{"title": {"T"}}, session.ValidationErrors{"title": {strings.Repeat("x", 5000) + " is no title"}}, "title=- text=-[]"},
		{"of nothing but names nothing stays", onlyNames, session.ValidationErrors{"title": {"is short"}}, "title=- text=-[is short]"},
	}
	for _, tc := range cases {
		t.Run(tc.claim, func(t *testing.T) {
			v := newCookieSite(t).browser()
			got := v.post(tc.form, flashing(func(s *session.Session) { s.FlashValidationErrors(tc.err) }))
			if got.status != http.StatusSeeOther {
				t.Fatalf("status %d; want 303", got.status)
			}
			reads(t, v, "the page", func(s *session.Session) any {
				if _, many := tc.err.(session.ValidationErrors)["field_000"]; many && len(s.InputErrors("field_000")) != 1 {
					t.Error("the first error is lost")
				}
				return fmt.Sprint(old("title", "text")(s), s.InputErrors("title"))
			}, tc.want)
		})
	}
}

func Test_that_messages_nobody_shows_leave_room_for_old_input(t *testing.T) {
	for waiting := range 30 {
		v := newCookieSite(t).browser()
		for i := range waiting {
			v.post(nil, flashing(func(s *session.Session) { s.FlashInfo(fmt.Sprintf("Message %d that nobody shows", i)) }))
		}
		v.post(url.Values{"text": {strings.Repeat("x", 500)}}, flashing(keep))
		reads(t, v, fmt.Sprintf("the page after %d messages", waiting), old("text"), "text="+strings.Repeat("x", 500))
	}
}

func Test_that_errors_and_input_add_up_when_some_are_saved_already(t *testing.T) {
	titleErrors := func(s *session.Session) { s.FlashInputErrors(map[string][]string{"title": {"is short"}}) }
	textErrors := func(s *session.Session) { s.FlashInputErrors(map[string][]string{"text": {"is long"}}) }
	cases := []struct {
		claim         string
		first, second func(*session.Session)
		want          string
	}{
		{"errors after errors", titleErrors, textErrors, "title=- title: is short; text: is long"},
		{"input after errors", titleErrors, keep, "title=x title: is short"},
		{"errors after input", keep, textErrors, "title=x text: is long"},
		{"all after errors", titleErrors, func(s *session.Session) {
			s.FlashValidationErrors(session.ValidationErrors{"text": {"is long"}})
		}, "title=x title: is short; text: is long"},
		{"errors after errors that were read", func(s *session.Session) {
			titleErrors(s)
			s.InputErrors("title")
		}, textErrors, "title=- title: is short; text: is long"},
	}
	onBothStores(t, func(t *testing.T, s *site) {
		for _, tc := range cases {
			v := s.browser()
			v.post(url.Values{"title": {"x"}}, flashing(func(s *session.Session) {
				tc.first(s)
				if err := s.Save(t.Context()); err != nil {
					t.Error(err)
				}
				tc.second(s)
			}))
			show := func(s *session.Session) any { return fmt.Sprint(old("title")(s), " ", fieldErrors(s)) }
			reads(t, v, tc.claim, show, tc.want)
			reads(t, v, "after "+tc.claim, show, "title=- ")
		}
	})
}

func Test_that_spellings_of_a_name_mean_the_same_field(t *testing.T) {
	cases := []struct{ submitted, read string }{
		{"items[0].name", "items[0][name]"},
		{"items[0].name", "items.0.name"},
		{"items[0][name]", "items[0].name"},
		{"items[0][name]", "items.0.name"},
		{"items.0.name", "items[0].name"},
		{"items.0.name", "items[0][name]"},
		{"tags[]", "tags"},
		{"tags", "tags[]"},
	}
	for _, tc := range cases {
		t.Run(tc.submitted+" as "+tc.read, func(t *testing.T) {
			v := newSite(t).browser()
			v.post(url.Values{tc.submitted: {"T"}}, flashing(func(s *session.Session) {
				s.FlashAll()
				s.FlashInputErrors(map[string][]string{tc.submitted: {"bad"}})
			}))
			reads(t, v, "the page", func(s *session.Session) any {
				return fmt.Sprint(s.Old(tc.read, "-"), s.InputErrors(tc.read), s.Old("items[1].name", "-"), s.InputErrors("items.1.name"))
			}, "T[bad][]")
		})
	}
}

func Test_that_a_field_is_kept_and_left_out_by_any_spelling_of_its_name(t *testing.T) {
	s := newSite(t)
	form := url.Values{"user[name]": {"Ada"}, "user[plan]": {"confidential"}, "tags[]": {"secretive"}}
	cases := []struct {
		claim string
		keep  func(*session.Session)
	}{
		{"some", func(s *session.Session) { s.FlashOnly("user.name") }},
		{"all but some", func(s *session.Session) { s.FlashExcept("user.plan", "tags") }},
	}
	for _, tc := range cases {
		v := s.browser()
		v.post(form, flashing(tc.keep))
		reads(t, v, tc.claim, old("user[name]", "user[plan]", "tags[]"), "user[name]=Ada user[plan]=- tags[]=-")
		for _, value := range []string{"confidential", "secretive"} {
			if strings.Contains(s.store.written(), value) {
				t.Errorf("%s: %q was stored", tc.claim, value)
			}
		}
	}
}

// A group that is left out may contain what nobody must read, whatever its fields are called.
func Test_that_the_name_of_a_group_stands_for_its_fields(t *testing.T) {
	form := url.Values{"user[name]": {"Ada"}, "user[pets][0]": {"Tom"}, "username": {"ada"}, "user": {"7"}}
	names := old("user[name]", "user.pets.0", "username", "user")
	cases := []struct {
		claim string
		keep  func(*session.Session)
		want  string
	}{
		{"only a group", func(s *session.Session) { s.FlashOnly("user") }, "user[name]=Ada user.pets.0=Tom username=- user=7"},
		{"all but a group", func(s *session.Session) { s.FlashExcept("user") }, "user[name]=- user.pets.0=- username=ada user=-"},
		{"all but a group in it", func(s *session.Session) { s.FlashExcept("user[pets]") }, "user[name]=Ada user.pets.0=- username=ada user=7"},
	}
	for _, tc := range cases {
		v := newSite(t).browser()
		v.post(form, flashing(tc.keep))
		reads(t, v, tc.claim, names, tc.want)
	}
	v := newSite(t).browser()
	v.post(form, flashing((*session.Session).FlashAll))
	reads(t, v, "the page that reflashes", reflashing(names, func(s *session.Session) { s.ReflashExcept("user") }),
		"user[name]=Ada user.pets.0=Tom username=ada user=7")
	reads(t, v, "reflashed but for a group", names, "user[name]=- user.pets.0=- username=ada user=-")
}

func Test_that_another_name_of_a_kind_names_no_field(t *testing.T) {
	form := url.Values{"notice": {"typed"}, "title": {"T"}}
	v := newSite(t).browser()
	v.post(form, flashing((*session.Session).FlashAll))
	reads(t, v, "the page that reflashes", reflashing(old("notice", "title"), func(s *session.Session) { s.ReflashExcept("info") }), "notice=typed title=T")
	reads(t, v, "all but a kind", old("notice", "title"), "notice=typed title=T")

	v.post(form, flashing((*session.Session).FlashAll))
	reads(t, v, "the page that reflashes", reflashing(old("notice", "title"), func(s *session.Session) { s.ReflashOnly("info", "title") }), "notice=typed title=T")
	reads(t, v, "only a kind, and another field", old("notice", "title"), "notice=- title=T")
}

func Test_that_the_exact_name_goes_first(t *testing.T) {
	v := newSite(t).browser()
	v.post(url.Values{"tags": {"one"}, "tags[]": {"many"}}, flashing(func(s *session.Session) {
		s.FlashAll()
		s.FlashInputErrors(map[string][]string{"tags": {"one"}, "tags[]": {"many"}})
	}))
	reads(t, v, "the page", func(s *session.Session) any {
		return fmt.Sprint(s.Old("tags"), s.InputErrors("tags"), s.Old("tags[]"), s.InputErrors("tags[]"))
	}, "one[one]many[many]")
}

func Test_that_a_list_has_the_errors_of_its_elements(t *testing.T) {
	v := newSite(t).browser()
	v.post(nil, flashing(func(s *session.Session) {
		s.FlashInputErrors(map[string][]string{"tags.0": {"a"}, "tags[1]": {"b"}, "tags.1.name": {"c"}, "tagsets.0": {"d"}, "tags[]": {"e"}})
	}))
	reads(t, v, "the page", func(s *session.Session) any { return fmt.Sprint(s.InputErrors("tags[]")) }, "[a b e]")
}

func Test_that_a_field_without_messages_has_no_error(t *testing.T) {
	none := map[string][]string{"title": {}, "body": nil}
	cases := []struct {
		claim string
		flash func(s *session.Session)
	}{
		{"flashed by name", func(s *session.Session) { s.FlashInputErrors(none) }},
		{"in an error", func(s *session.Session) { s.FlashValidationErrors(session.ValidationErrors(none)) }},
	}
	for _, tc := range cases {
		v := newSite(t).browser()
		v.post(url.Values{"title": {"T"}}, flashing(tc.flash))
		reads(t, v, tc.claim, func(s *session.Session) any {
			return fmt.Sprint(s.Submission("").AllErrors(), s.PageErrors(), s.HasErrors())
		}, "[] [] false")
	}
}

func Test_what_counts_as_an_error_of_the_page_or_of_any_form(t *testing.T) {
	cases := []struct {
		claim string
		flash func(s *session.Session)
		want  bool
	}{
		{"none", nil, false},
		{"a message is none", func(s *session.Session) { s.FlashError("no") }, false},
		{"nor is old input", (*session.Session).FlashAll, false},
		{"one of a field, in a form of any name", func(s *session.Session) { s.FlashInputErrors(map[string][]string{"title": {"is short"}}) }, true},
		{"one of the page", func(s *session.Session) { s.FlashErrors(map[string]string{"E_LIMIT": "too many"}) }, true},
	}
	for _, tc := range cases {
		v := newSite(t).browser()
		v.post(url.Values{session.FormField: {"post"}}, flashing(func(s *session.Session) {
			if tc.flash != nil {
				tc.flash(s)
			}
		}))
		reads(t, v, tc.claim, func(s *session.Session) any { return fmt.Sprint(s.HasErrors()) }, fmt.Sprint(tc.want))
	}
}

func Test_that_an_error_is_there_at_once_whoever_has_asked_before(t *testing.T) {
	newSite(t).browser().post(url.Values{"title": {"x"}}, flashing(func(s *session.Session) {
		for _, message := range []string{"is short", "is taken"} {
			s.InputErrors("title")
			s.FlashInputErrors(map[string][]string{"title": {message}})
		}
		wantText(t, "the errors", fieldErrors(s).(string), "title: is short, is taken")
	}))
}

// A page that mentions an error, if only in its title, must not be cached.
func Test_that_to_ask_for_errors_is_to_show_them(t *testing.T) {
	v := newSite(t).browser()
	v.post(nil, flashing(func(s *session.Session) { s.FlashErrors(map[string]string{"E_LIMIT": "too many"}) }))
	got := v.do(func(s *session.Session) { s.HasErrors() })
	wantText(t, "Cache-Control", got.header.Get("Cache-Control"), "no-store")
}

// A part of a page does not contain the page's title.
func Test_that_to_ask_for_errors_in_a_part_leaves_them(t *testing.T) {
	v := newSite(t).browser()
	v.post(nil, flashing(func(s *session.Session) { s.FlashErrors(map[string]string{"E_LIMIT": "too many"}) }))
	v.ask(request{as: htmxPart}, with(func(s *session.Session) { s.HasErrors() }))
	reads(t, v, "the next page", func(s *session.Session) any { return fmt.Sprint(s.HasErrors()) }, "true")
}

func FuzzFieldNames(f *testing.F) {
	for _, name := range []string{"title", "items[0].name", "tags[]", "[", "]", "a[b", "a]b", "..", "a[].b", "[].", "ä[ö]", "\x00", "user[password]", strings.Repeat("x", 257)} {
		f.Add(name, name+"x")
	}
	e := echo.New()
	f.Fuzz(func(t *testing.T, name, other string) {
		// Each call has its own store: a shared one would be full after 100,000 sessions.
		mw := session.Middleware(session.Config{Store: memorystore.New(memorystore.Options{})})
		name = strings.ToValidUTF8(name, "") // browsers send nothing else
		r, _ := http.NewRequest(http.MethodPost, "/", strings.NewReader(url.Values{name: {"v"}}.Encode()))
		r.Header.Set("Content-Type", echo.MIMEApplicationForm)
		err := mw(func(c echo.Context) error {
			s := session.From(c)
			s.FlashAll()
			s.FlashInputErrors(map[string][]string{name: {"bad"}})
			want := []string{"bad"}
			if len(name) > 256 {
				want = nil
			}
			if got := s.InputErrors(name); !slices.Equal(got, want) {
				t.Errorf("errors of %q: %q; want %q", name, got, want)
			}
			values, known := s.Submission("").Values(name)
			if known && (len(values) != 1 || values[0] != "v") {
				t.Errorf("value of %q: %q", name, values)
			}
			s.Submission("").Values(other)
			s.InputErrors(other)
			return nil
		})(e.NewContext(r, nowhere{}))
		if err != nil {
			t.Error(err)
		}
	})
}

func Test_that_what_is_left_out_does_not_count(t *testing.T) {
	form := url.Values{"title": {"T"}}
	for i := range 3000 {
		form.Set(fmt.Sprintf("rows[%d][description]", i), "")
	}
	for claim, keep := range map[string]func(*session.Session){
		"only":   func(s *session.Session) { s.FlashOnly("title") },
		"except": func(s *session.Session) { s.FlashExcept("rows") },
	} {
		v := newSite(t).browser()
		v.post(form, flashing(keep))
		reads(t, v, claim, old("title"), "title=T")
	}
}

func Test_that_what_was_typed_does_not_outlast_its_time_by_more_than_a_change(t *testing.T) {
	s := newSite(t)
	v := s.browser()
	v.post(url.Values{"text": {strings.Repeat("x", 10_000)}}, flashing(func(s *session.Session) { s.FlashAll(); s.FlashInfo("y") }))
	for _, step := range []struct {
		after time.Duration
		keeps bool
	}{{session.DefaultFlashTTL - time.Second, true}, {2 * time.Second, false}} {
		s.clock.advance(step.after)
		s.store.reset()
		v.ask(request{as: jsonPoll}, with(increment))
		if keeps := len(s.store.written()) > 10_000; keeps != step.keeps || len(s.store.written()) == 0 {
			t.Errorf("after %v more, %d bytes are stored", step.after, len(s.store.written()))
		}
	}
}

func Test_that_forms_of_any_name_do_not_fill_the_session(t *testing.T) {
	store := newWatched()
	p := start(t, session.Config{Store: store})
	v := newVisitor()
	long := strings.Repeat("x", 60_000)
	names := []string{"title" + strings.Repeat("_", 1<<20)}
	for i := range 40 {
		names = append(names, fmt.Sprintf("_form=form%d&text=%s", i, long))
	}
	for _, form := range names {
		r := v.request()
		post := httptest.NewRequestWithContext(r.Context(), http.MethodPost, "/", strings.NewReader(form))
		post.Header = r.Header
		post.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		v.keep(p.serve(post, func(c echo.Context) error { return session.Invalid(c, required("Post.Title")) }))
	}
	rec, err := store.Store.Read(t.Context(), keyOf(v.cookie()))
	if err != nil || len(rec.Data) > 1<<20 {
		t.Errorf("the record has %d bytes, %v; want less than 1 MiB", len(rec.Data), err)
	}
	v.must(t, p, func(s *session.Session) {
		for i := range 40 {
			if waits := len(s.Submission(fmt.Sprintf("form%d", i)).Errors("title")) > 0; waits != (i >= 32) {
				t.Errorf("the errors of form %d wait: %t; want those of the last 8", i, waits)
			}
		}
	})
}

func Test_that_fields_beyond_the_limit_cost_no_other_its_messages(t *testing.T) {
	v := newSite(t).browser()
	v.post(url.Values{"title": {"T"}}, flashing(func(s *session.Session) {
		many := map[string][]string{}
		for i := range 200 {
			many[fmt.Sprintf("f%03d", i)] = []string{"bad"}
		}
		s.FlashInputErrors(many)
		s.FlashInputErrors(map[string][]string{"another": {"bad"}, "f000": {"worse"}})
	}))
	reads(t, v, "errors", func(s *session.Session) any { return strings.Join(s.InputErrors("f000"), ",") }, "bad,worse")
}

// An uploaded file may have an error in each line.
func Test_that_of_thousands_of_errors_of_a_field_the_first_stay(t *testing.T) {
	var lines []string
	for i := range 1000 {
		lines = append(lines, fmt.Sprintf("line %d is wrong", i))
	}
	v := newSite(t).browser()
	v.do(func(s *session.Session) { s.FlashInputErrors(map[string][]string{"file": lines}) })
	v.do(func(s *session.Session) {
		if got := s.InputErrors("file"); !slices.Equal(got, lines[:200]) {
			t.Errorf("%d errors are left: %.100q", len(got), got)
		}
	})
}
