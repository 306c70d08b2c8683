package storetest

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/echo-hypermedia/session"
)

// cookie is the name that values are sealed for.
const cookie = "__Host-session"

// sealCases are for a session.Sealer.
var sealCases = []storeCase{
	{20, "a value has only characters that a cookie may carry", func(_ context.Context, s subject) error {
		for n := range 50 {
			value, err := s.seals.Seal(cookie, s.record(0, large(n)))
			if err != nil {
				return err
			}
			if bad := strings.TrimFunc(value, cookieOctet); bad != "" || value == "" {
				return fmt.Errorf("%d bytes: got the value %q", n, value)
			}
		}
		return nil
	}},
	{20, "equal records do not seal to equal values", func(_ context.Context, s subject) error {
		rec := s.record(0, "one")
		seen := map[string]bool{}
		for range 100 {
			value, err := s.seals.Seal(cookie, rec)
			if err != nil {
				return err
			}
			if seen[value] {
				return errors.New("got the same value again")
			}
			seen[value] = true
		}
		return nil
	}},
	{20, "a value does not show the data", func(_ context.Context, s subject) error {
		const data = "a secret of the visitor"
		value, err := s.seals.Seal(cookie, s.record(0, data))
		return errors.Join(err, hides(value, data))
	}},
	{20, "seal neither keeps nor changes data", func(_ context.Context, s subject) error {
		rec := s.record(0, "one")
		rec.Data = append(rec.Data, "two"...)[:3] // the slice has capacity beyond its length
		value, err := s.seals.Seal(cookie, rec)
		err = errors.Join(err, unchanged(rec.Data[:6], "onetwo"))
		copy(rec.Data, "XXX")
		return errors.Join(err, s.opens(value, "one"))
	}},
	{21, "what was sealed opens", func(_ context.Context, s subject) error {
		return s.sealsAndOpens(append(odd(), "", "one")...)
	}},
	{21, "large data opens", func(_ context.Context, s subject) error {
		return s.sealsAndOpens(large(min(s.most(), 1<<16)))
	}},
	{21, "open returns the expiry that was sealed", func(_ context.Context, s subject) error {
		value, err := s.seals.Seal(cookie, s.record(0, "one"))
		rec, openErr := s.seals.Open(cookie, value)
		err = errors.Join(err, openErr, s.near(rec.Expires, time.Hour))
		for _, zone := range zones {
			sealed := s.record(0, "one")
			sealed.Expires = sealed.Expires.In(zone)
			value, sealErr := s.seals.Seal(cookie, sealed)
			rec, openErr := s.seals.Open(cookie, value)
			err = errors.Join(err, sealErr, openErr, step(zone.String(), s.near(rec.Expires, time.Hour)))
		}
		return err
	}},
	{21, "a value opens until just before its expiry", func(_ context.Context, s subject) error {
		value, err := s.seals.Seal(cookie, s.record(0, "one"))
		s.Advance(time.Hour - time.Minute)
		err = errors.Join(err, s.opens(value, "one"))
		return errors.Join(err, promptly(func(int) error {
			value, err := s.seals.Seal(cookie, s.record(0, "one"))
			s.Advance(time.Hour - 2*time.Second)
			return step("two seconds before", errors.Join(err, s.opens(value, "one")))
		}))
	}},
	{21, "that a value was opened changes nothing for the next time", func(_ context.Context, s subject) error {
		value, err := s.seals.Seal(cookie, s.record(0, "one"))
		rec, openErr := s.seals.Open(cookie, value)
		copy(rec.Data, "XXX")
		err = errors.Join(err, openErr,
			step("again", s.opens(value, "one")),
			step("for another cookie", s.refuses("session", value)),
		)
		s.Advance(time.Hour + past)
		return errors.Join(err, step("expired", s.refuses(cookie, value)))
	}},
	{21, "an expired value is not found", func(_ context.Context, s subject) error {
		value, err := s.seals.Seal(cookie, s.record(0, "one"))
		never, neverErr := s.seals.Seal(cookie, session.Record{Data: []byte("one")})
		err = errors.Join(err, neverErr, step("zero time", s.refuses(cookie, never)))
		s.Advance(time.Hour + past)
		return errors.Join(err, s.refuses(cookie, value))
	}},
	{21, "a value for another cookie is not found", func(_ context.Context, s subject) error {
		names := []string{cookie, "session", "Session", "sessio", "session|", "session=", "s"}
		for _, sealed := range names {
			value, err := s.seals.Seal(sealed, s.record(0, "one"))
			if err != nil {
				return err
			}
			for _, opened := range names {
				if opened == sealed {
					continue
				}
				if err := s.refuses(opened, value); err != nil {
					return fmt.Errorf("sealed for %q, opened as %q: %w", sealed, opened, err)
				}
			}
		}
		return nil
	}},
	{21, "a value with a flipped bit is not found", endings(func(s subject, value string) error {
		for i := range value {
			for bit := range 8 {
				flipped := []byte(value)
				flipped[i] ^= 1 << bit
				if err := s.refuses(cookie, string(flipped)); err != nil {
					return fmt.Errorf("bit %d of character %d of %d: %w", bit, i, len(value), err)
				}
			}
		}
		return nil
	})},
	{21, "a part of a value is not found", endings(func(s subject, value string) error {
		for i := range value {
			if err := errors.Join(s.refuses(cookie, value[:i]), s.refuses(cookie, value[i+1:])); err != nil {
				return fmt.Errorf("cut at %d of %d: %w", i, len(value), err)
			}
		}
		return nil
	})},
	{21, "more than a value is not found", endings(func(s subject, value string) error {
		for _, more := range []string{"\n", "\r\n", " ", "=", "A", "\x00", value} {
			if err := errors.Join(s.refuses(cookie, more+value), s.refuses(cookie, value+more)); err != nil {
				return fmt.Errorf("with %s: %w", clip(more), err)
			}
		}
		return nil
	})},
	{21, "garbage is not found", func(_ context.Context, s subject) error {
		for _, value := range append(odd(), "", "=", "====", ".", "..", "|", "||", "|||", strings.Repeat("A", 8192)) {
			if err := s.refuses(cookie, value); err != nil {
				return fmt.Errorf("%s: %w", clip(value), err)
			}
		}
		return nil
	}},
	{11, "no error of a sealer gives anything away", func(_ context.Context, s subject) error {
		const data = "a secret of the visitor"
		value, err := s.seals.Seal(cookie, s.record(0, data))
		for name, value := range map[string]string{"session": value, cookie: value + value} {
			err = errors.Join(err, silent(second(s.seals.Open(name, value)), value, data))
		}
		s.Advance(time.Hour + past)
		return errors.Join(err, silent(second(s.seals.Open(cookie, value)), value, data))
	}},
	{8, "values are sealed and opened by many at once", func(_ context.Context, s subject) error {
		return together(workers, func(worker int) error {
			for i := range each {
				if err := s.sealsAndOpens(fmt.Sprint(worker, "-", i)); err != nil {
					return err
				}
			}
			return nil
		})
	}},
	{22, "the methods of a store are unsupported", func(ctx context.Context, s subject) error {
		_, read := s.Read(ctx, k)
		return errors.Join(
			step("read", want(read, errors.ErrUnsupported)),
			step("read", never(read, session.ErrNotFound)),
			step("write", want(s.Write(ctx, k, s.record(0, "one")), errors.ErrUnsupported)),
			step("destroy", want(s.Destroy(ctx, k, 0), errors.ErrUnsupported)),
			step("touch", want(s.Touch(ctx, k, s.in(time.Hour)), errors.ErrUnsupported)),
			silent(read, k),
		)
	}},
	{22, "a sealer is not a tagger", func(_ context.Context, s subject) error {
		if s.tags == nil {
			return nil
		}
		return errors.New("got a session.Tagger; want none, since nothing can be revoked")
	}},
}

// endings runs a case for values of every length at which base64 ends differently, even if base64
// is applied twice.
func endings(run func(s subject, value string) error) func(context.Context, subject) error {
	return func(_ context.Context, s subject) error {
		for _, data := range []string{"1234", "12345", "123456", "123456789"} {
			value, err := s.seals.Seal(cookie, s.record(0, data))
			if err := errors.Join(err, run(s, value)); err != nil {
				return fmt.Errorf("%d bytes: %w", len(data), err)
			}
		}
		return nil
	}
}

// cookieOctet is cookie-octet of RFC 6265 section 4.1.1.
func cookieOctet(r rune) bool {
	return r == 0x21 || 0x23 <= r && r <= 0x2b || 0x2d <= r && r <= 0x3a || 0x3c <= r && r <= 0x5b || 0x5d <= r && r <= 0x7e
}

func (s subject) sealsAndOpens(all ...string) error {
	for _, data := range all {
		value, err := s.seals.Seal(cookie, s.record(0, data))
		if err := errors.Join(err, s.opens(value, data)); err != nil {
			return err
		}
	}
	return nil
}

func (s subject) opens(value, data string) error {
	rec, err := s.seals.Open(cookie, value)
	if err != nil {
		return fmt.Errorf("open: got error %w; want a record", err)
	}
	if string(rec.Data) != data {
		return fmt.Errorf("open: got %s; want %s", clip(string(rec.Data)), clip(data))
	}
	return nil
}

func (s subject) refuses(name, value string) error {
	return step("open", want(second(s.seals.Open(name, value)), session.ErrNotFound))
}

// encoded is what may be base64 or hexadecimal, as a whole or between separators.
var encoded = regexp.MustCompile(`[A-Za-z0-9+/_-]{8,}`)

// hides reports data that can be read in value without a key. The data may have been encoded more
// than once: by itself, and then together with a signature.
func hides(value, data string) error {
	texts := []string{value}
	for range 4 {
		var inside []string
		for _, text := range texts {
			if strings.Contains(text, data) {
				return errors.New("got the data in the value, and not encrypted")
			}
			for _, part := range encoded.FindAllString(text, -1) {
				inside = append(inside, decodings(part)...)
			}
		}
		texts = inside
	}
	return nil
}

// decodings are what text may stand for, in hexadecimal or in base64. Base64 may begin anywhere: if
// there are letters before it, the data shows from one of four positions.
func decodings(text string) []string {
	var all []string
	if plain, err := hex.DecodeString(text); err == nil {
		all = append(all, string(plain))
	}
	text = strings.NewReplacer("-", "+", "_", "/").Replace(text)
	for begin := range 4 {
		plain, _ := base64.RawStdEncoding.DecodeString(text[begin:]) // as far as it can be decoded
		all = append(all, string(plain))
	}
	return all
}
