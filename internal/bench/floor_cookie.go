package main

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"time"

	"github.com/gorilla/securecookie"
)

// gcmCookie seals with AES-GCM: a nonce, then the sealed expiry and record.
type gcmCookie struct{ aead cipher.AEAD }

func floorGCM(*backend) (transports, error) {
	block, err := aes.NewCipher(blockKey)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	return onFloor(blobs{gcmCookie{aead}}), nil
}

func (g gcmCookie) load(cookie string, scratch []byte) (record, error) {
	raw, err := base64.RawURLEncoding.AppendDecode(scratch, []byte(cookie))
	if err != nil || len(raw) < g.aead.NonceSize() {
		return nil, nil
	}
	nonce, sealed := raw[:g.aead.NonceSize()], raw[g.aead.NonceSize():]
	opened, err := g.aead.Open(sealed[:0], nonce, sealed, nil)
	if err != nil || int64(binary.LittleEndian.Uint64(opened)) < time.Now().Unix() {
		return nil, nil
	}
	return record(opened[8:]), nil
}

func (g gcmCookie) save(_ string, r record) (string, error) {
	room := scratches.Get().(*scratch)
	defer scratches.Put(room)
	plain := binary.LittleEndian.AppendUint64(room[:0], uint64(time.Now().Unix()+maxAge))
	plain = append(plain, r...)

	sealed := room[len(plain):][:g.aead.NonceSize()]
	_, _ = rand.Read(sealed)
	sealed = g.aead.Seal(sealed, sealed, plain, nil)
	return base64.RawURLEncoding.EncodeToString(sealed), nil
}

// secureCookie seals with gorilla/securecookie, encrypted and signed.
type secureCookie struct{ codec *securecookie.SecureCookie }

func floorSecureCookie(*backend) (transports, error) {
	codec := securecookie.New(secret, blockKey).MaxAge(maxAge).SetSerializer(securecookie.NopEncoder{})
	return onFloor(blobs{secureCookie{codec}}), nil
}

func (s secureCookie) load(cookie string, _ []byte) (record, error) {
	var r []byte
	if err := s.codec.Decode(cookieName, cookie, &r); err != nil {
		return nil, nil
	}
	return r, nil
}

func (s secureCookie) save(_ string, r record) (string, error) {
	return s.codec.Encode(cookieName, []byte(r))
}
