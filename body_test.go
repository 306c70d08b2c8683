package session_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/echo-hypermedia/session"
)

// Middleware further in may have replaced the body of a request. An answer outside of it reads the
// form, unless the form was read before.
func Test_which_form_is_read_after_the_body_was_replaced(t *testing.T) {
	wrong := func(echo.Context) error { return session.ValidationErrors{"photo": {"wrong"}} }
	openFile := func(c echo.Context) error {
		if _, err := c.FormFile("photo"); err != nil {
			return session.ValidationErrors{"photo": {"large"}}
		}
		return nil
	}
	cases := []struct {
		desc    string
		within  echo.MiddlewareFunc // inside of whatever answers
		handler echo.HandlerFunc
		size    int
		want    string
	}{
		{"it was not", noMiddleware, wrong, 1, "mine mine wrong"},
		{"by a reader that another request has now", lending, wrong, 1, "mine mine wrong"},
		{"by what was read of it", rereading, wrong, 1, "mine mine wrong"},
		{"by one with a limit of the application", limiting(1 << 20), openFile, 3 << 20, "default default large"},
		{"by one with a limit of Echo", middleware.BodyLimit("1M"), openFile, 3 << 20, "default default large"},
	}
	page := func(c echo.Context) error {
		s := session.From(c)
		return c.HTML(http.StatusOK, s.Old("title", "default")+" "+s.Old("after", "default")+" "+strings.Join(s.InputErrors("photo"), ""))
	}
	for answerer, mount := range map[string]func(p *process){
		"FlashInvalid":     func(p *process) { p.Use(session.FlashInvalid) },
		"an error handler": func(p *process) { p.HTTPErrorHandler = answerInvalid },
	} {
		for _, tc := range cases {
			p, v := start(t, session.Config{}), newVisitor()
			mount(p)
			v.keep(p.serve(photo(tc.size), tc.within(tc.handler)))
			if got := v.visit(p, page).Body.String(); got != tc.want {
				t.Errorf("%s, by %s: the page has %q; want %q", tc.desc, answerer, got, tc.want)
			}
		}
	}
}

func noMiddleware(next echo.HandlerFunc) echo.HandlerFunc { return next }

// lending is what BodyLimit does in Echo 4.16.0, which lends its reader to one request after another.
func lending(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		lent := &lentReader{c.Request().Body}
		c.Request().Body = lent
		err := next(c)
		lent.Reset(io.NopCloser(strings.NewReader("title=of another")))
		return err
	}
}

type lentReader struct{ io.ReadCloser }

func (l *lentReader) Reset(body io.ReadCloser) { l.ReadCloser = body }

// rereading is what middleware does that checks a signature of the body.
func rereading(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		body, err := io.ReadAll(c.Request().Body)
		if err != nil {
			return err
		}
		c.Request().Body = io.NopCloser(bytes.NewReader(body))
		return next(c)
	}
}

func limiting(most int64) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			c.Request().Body = http.MaxBytesReader(c.Response(), c.Request().Body, most)
			return next(c)
		}
	}
}

func answerInvalid(err error, c echo.Context) {
	if err := session.Invalid(c, err); err != nil {
		c.Echo().DefaultHTTPErrorHandler(err, c)
	}
}

// photo is a form with a file of that size between two fields.
func photo(size int) *http.Request {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	_ = form.WriteField("title", "mine")
	file, _ := form.CreateFormFile("photo", "photo.jpg")
	_, _ = file.Write(bytes.Repeat([]byte{'.'}, size))
	_ = form.WriteField("after", "mine")
	_ = form.Close()

	r := httptest.NewRequest(http.MethodPost, "/", &body)
	r.ContentLength = -1 // in chunks, so that it is read until a limit is reached
	r.Header.Set("Content-Type", form.FormDataContentType())
	r.Header.Set("Accept", "text/html")
	r.Header.Set("Referer", "http://example.com/")
	return r
}

func Test_that_a_body_that_is_no_form_is_left_alone(t *testing.T) {
	const size = 33 << 20
	r := httptest.NewRequest(http.MethodPost, "/", io.LimitReader(zeros{}, size))
	r.Header.Set("Content-Type", "application/json")
	start(t, session.Config{}).serve(r, func(c echo.Context) error {
		err := session.Invalid(c, session.ValidationErrors{"title": {"x"}})
		if n, readErr := io.Copy(io.Discard, c.Request().Body); n != size || readErr != nil {
			t.Errorf("%d bytes can be read afterwards, %v; want all %d", n, readErr, size)
		}
		return err
	})
}

// The visitor has stopped it, or left. What is missing in it is not what they did wrong.
func Test_that_an_upload_that_broke_off_leaves_nothing_for_the_next_page(t *testing.T) {
	invalid := func(c echo.Context) error {
		if c.FormValue("after") == "" {
			return session.Invalid(c, session.ValidationErrors{"after": {"is missing"}})
		}
		return nil
	}
	for claim, h := range map[string]echo.HandlerFunc{
		"before the token came": accept,
		"before a field came":   invalid,
		"and the error is returned": session.FlashInvalid(func(c echo.Context) error {
			_, _ = c.MultipartForm()
			return session.ValidationErrors{"after": {"is missing"}}
		}),
	} {
		for protocol, end := range map[string]struct {
			err  error
			left bool // the context has ended
		}{
			"HTTP/1.1":  {io.ErrUnexpectedEOF, false},
			"a timeout": {os.ErrDeadlineExceeded, false},
			"HTTP/2":    {errors.New("client disconnected"), true},
		} {
			p, v := start(t, session.Config{}), newVisitor()
			v.must(t, p, putSeven)
			ctx, cancel := context.WithCancel(t.Context())
			r := photo(1 << 10).WithContext(ctx)
			r.Body = io.NopCloser(io.MultiReader(io.LimitReader(r.Body, 500), iotest.ErrReader(end.err)))
			r.Header.Set("Cookie", v.request().Header.Get("Cookie"))
			if end.left {
				cancel()
			}
			if rec := p.serve(r, h); rec.Code != http.StatusBadRequest {
				t.Errorf("%s, %s: status %d; want 400", claim, protocol, rec.Code)
			}
			v.must(t, p, func(s *session.Session) {
				if s.HasErrors() || texts(s) != "" {
					t.Errorf("%s, %s: the next page has %q, errors: %t", claim, protocol, texts(s), s.HasErrors())
				}
			})
			if log := p.log.String(); log != "" {
				t.Errorf("%s, %s: logged %s", claim, protocol, log)
			}
			cancel()
		}
	}
}

// A handler that takes the parts of an upload as they come has left nothing of it to be read.
func Test_that_an_upload_that_the_handler_has_read_is_answered(t *testing.T) {
	for claim, read := range map[string]func(r *http.Request){
		"by parts": func(r *http.Request) { parts, _ := r.MultipartReader(); _, _ = parts.NextPart() },
		"as bytes": func(r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) },
		"and closed": func(r *http.Request) {
			r.Body = io.NopCloser(iotest.ErrReader(http.ErrBodyReadAfterClose)) // as net/http has it then
		},
		"up to Echo's limit":          func(r *http.Request) { r.Body = io.NopCloser(iotest.ErrReader(echo.ErrStatusRequestEntityTooLarge)) },
		"by a reader that refuses it": func(r *http.Request) { r.Body = io.NopCloser(iotest.ErrReader(errors.New("infected"))) },
	} {
		rec := start(t, session.Config{}).serve(photo(1<<10), func(c echo.Context) error {
			read(c.Request())
			return session.Invalid(c, session.ValidationErrors{"title": {"x"}})
		})
		if rec.Code != http.StatusSeeOther {
			t.Errorf("%s: status %d; want 303", claim, rec.Code)
		}
	}
}

// The file of an upload has no place on the disk. That is not what visitors do wrong.
func Test_that_a_disk_without_room_is_an_error_of_the_server(t *testing.T) {
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "missing"))
	r := uploadOf(33 << 20)
	if rec := start(t, session.Config{}).serve(r, accept); rec.Code != http.StatusInternalServerError {
		t.Errorf("status %d; want 500", rec.Code)
	}
}

func Test_that_a_form_of_too_many_parts_is_refused_rather_than_lost(t *testing.T) {
	a := tooManyParts()
	a.from = "/form"
	got := newSite(t).browser().ask(a, func(c echo.Context) error {
		return session.Invalid(c, session.ValidationErrors{"title": {"x"}})
	})
	if got.status != http.StatusRequestEntityTooLarge {
		t.Errorf("status %d; want 413", got.status)
	}
}

// No server creates such a request, but a test of an application may.
func Test_that_an_upload_without_a_body_is_answered(t *testing.T) {
	r, err := http.NewRequest(http.MethodPost, "/", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "multipart/form-data; boundary=x")
	rec := start(t, session.Config{}).serve(r, func(c echo.Context) error {
		return session.Invalid(c, session.ValidationErrors{"title": {"x"}})
	})
	if rec.Code != http.StatusSeeOther {
		t.Errorf("status %d; want 303", rec.Code)
	}
}

// Behind Echo's Timeout, a handler may still run when its echo.Context already serves somebody
// else.
func Test_that_FlashInvalid_leaves_the_request_of_another_visitor_alone(t *testing.T) {
	other := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("title=of another"))
	other.Header.Set("Content-Type", echo.MIMEApplicationForm)
	body := other.Body
	mine := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("title=mine"))
	rec := start(t, session.Config{}).serve(mine, session.FlashInvalid(func(c echo.Context) error {
		c.SetRequest(other)
		return session.ValidationErrors{"title": {"x"}}
	}))
	if rest, err := io.ReadAll(body); other.Body != body || string(rest) != "title=of another" || err != nil {
		t.Errorf("its body has %q left, %v; want all of it", rest, err)
	}
	if rec.Code != http.StatusInternalServerError {
		t.Errorf("status %d; want the error to pass", rec.Code)
	}
}

func Test_that_the_temporary_files_of_an_upload_are_removed(t *testing.T) {
	parseForm := func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if _, err := c.MultipartForm(); err != nil {
				return err
			}
			return next(c)
		}
	}
	forgetForm := func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			err := next(c)
			c.SetRequest(c.Request().Clone(c.Request().Context()))
			c.Request().MultipartForm = nil
			return err
		}
	}
	mounts := map[string]func(s echo.MiddlewareFunc) []echo.MiddlewareFunc{
		"alone": func(s echo.MiddlewareFunc) []echo.MiddlewareFunc { return []echo.MiddlewareFunc{s} },
		"ContextTimeout inside": func(s echo.MiddlewareFunc) []echo.MiddlewareFunc {
			return []echo.MiddlewareFunc{s, middleware.ContextTimeout(time.Hour)}
		},
		"parsed outside": func(s echo.MiddlewareFunc) []echo.MiddlewareFunc {
			return []echo.MiddlewareFunc{parseForm, s, forgetForm}
		},
	}
	for name, protocol := range protocols {
		t.Run(name, func(t *testing.T) {
			without := filesLeftBehind(t, protocol) // those that net/http of Go 1.27 leaves behind itself with HTTP/2
			for name, mount := range mounts {
				t.Run(name, func(t *testing.T) {
					site := emptySite(t, nil)
					if n := filesLeftBehind(t, protocol, mount(site.manager.Middleware())...); n != without {
						t.Errorf("%d files are left behind, and %d without sessions", n, without)
					}
				})
			}
		})
	}
}

// filesLeftBehind is how many temporary files of net/http remain after an upload.
func filesLeftBehind(t *testing.T, protocol func(*httptest.Server), mounted ...echo.MiddlewareFunc) int {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	var files int
	w := newWire(t, protocol)
	site := emptySite(t, w)
	site.use(mounted...)
	site.all(func(c echo.Context) error {
		if _, err := c.MultipartForm(); err != nil {
			return err
		}
		files = countFiles(t, dir)
		return c.NoContent(http.StatusOK)
	})
	v := site.browser()
	body, contentType := largeUpload(33 << 20) // 32 MB stay in memory
	got := v.send(v.request(http.MethodPost, "/", body, "Content-Type", contentType))
	if got.status != http.StatusOK || files != 1 {
		t.Fatalf("got %d, %v, %d files; want the upload in a file", got.status, got.err, files)
	}
	w.server.Close() // waits until net/http is done with the request
	return countFiles(t, dir)
}

// quic-go, which serves HTTP/3, leaves the files of a form where they are.
func Test_that_the_temporary_files_of_an_upload_by_HTTP3_are_removed(t *testing.T) {
	for claim, outside := range map[string]echo.MiddlewareFunc{
		"that the handler reads": noMiddleware,
		"that was read before":   middleware.MethodOverrideWithConfig(middleware.MethodOverrideConfig{Getter: middleware.MethodFromForm("_method")}),
	} {
		dir := t.TempDir()
		t.Setenv("TMPDIR", dir)
		r := uploadOf(33 << 20)
		r.ProtoMajor, r.ProtoMinor, r.Proto = 3, 0, "HTTP/3.0"
		p := start(t, session.Config{})
		p.Pre(outside)
		rec := p.serve(r, func(c echo.Context) error {
			if _, err := c.FormFile("upload"); err != nil || countFiles(t, dir) != 1 {
				t.Errorf("%s: %v; want the upload in a file", claim, err)
			}
			return c.NoContent(http.StatusNoContent)
		})
		if n := countFiles(t, dir); rec.Code != http.StatusNoContent || n != 0 {
			t.Errorf("%s: status %d; %d files are left", claim, rec.Code, n)
		}
	}
}

func countFiles(t *testing.T, dir string) int {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Error(err)
	}
	return len(files)
}

// largeUpload is a form with a file of this size, which is generated while it is read.
func largeUpload(size int64) (body io.Reader, contentType string) {
	r, w := io.Pipe()
	form := multipart.NewWriter(w)
	go func() {
		part, err := form.CreateFormFile("upload", "large.bin")
		if err == nil {
			_, err = io.CopyN(part, zeros{}, size)
		}
		if err == nil {
			err = form.Close()
		}
		w.CloseWithError(err)
	}()
	return r, form.FormDataContentType()
}

// uploadOf is a request with such a form.
func uploadOf(size int64) *http.Request {
	body, contentType := largeUpload(size)
	r := httptest.NewRequest(http.MethodPost, "/", body)
	r.Header.Set("Content-Type", contentType)
	return r
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// If a handler has refused an upload for its size, the answer must not read it.
func Test_how_much_is_read_of_an_upload_that_nobody_has_read(t *testing.T) {
	const most = 32 << 20
	refuse := func(c echo.Context) error { return session.Invalid(c, errOops) }
	returned := func(echo.Context) error { return session.ValidationErrors{"title": {"x"}} }
	forScripts := func(h echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			c.Request().Header.Set("Accept", "application/json")
			return h(c)
		}
	}
	flash := func(c echo.Context) error { session.From(c).FlashAll(); return c.NoContent(http.StatusNoContent) } // the handler may still read it afterwards
	for _, tc := range []struct {
		desc   string
		size   int64
		answer echo.HandlerFunc
		all    bool
		files  int // on the disk
	}{
		{"a small one that is refused", 1 << 20, refuse, true, 0},
		{"a large one that is refused", 34 << 20, refuse, false, 0},
		{"a large one that is refused, for a script", 34 << 20, forScripts(refuse), false, 0},
		{"a large one whose error is returned", 34 << 20, session.FlashInvalid(returned), false, 0},
		{"a large one whose error is returned, for a script", 34 << 20, forScripts(session.FlashInvalid(returned)), false, 0},
		{"a large one that is flashed", 34 << 20, flash, true, 1},
	} {
		r := uploadOf(tc.size)
		read := &countedBody{ReadCloser: r.Body}
		r.Body = read
		dir := t.TempDir()
		t.Setenv("TMPDIR", dir)
		rec := start(t, session.Config{}).serve(r, tc.answer)
		if n := countFiles(t, dir); n != tc.files {
			t.Errorf("%s: it is in %d files; want %d", tc.desc, n, tc.files)
		}
		if refused := rec.Code == http.StatusRequestEntityTooLarge; refused == tc.all {
			t.Errorf("%s: status %d", tc.desc, rec.Code)
		}
		if all := read.n > tc.size; all != tc.all || !all && read.n > most+1 {
			t.Errorf("%s: %d bytes of %d were read", tc.desc, read.n, tc.size)
		}
	}
}

type countedBody struct {
	io.ReadCloser
	n int64
}

func (b *countedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.n += int64(n)
	return n, err
}
