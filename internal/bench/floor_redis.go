package main

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"
)

const life = maxAge * time.Second

// redisKey keeps a record under a key.
type redisKey struct{ client *redis.Client }

func floorRedis(b *backend) (transports, error) {
	client, err := b.redis()
	if err != nil {
		return nil, err
	}
	return onFloor(blobs{redisKey{client}}), nil
}

func (k redisKey) load(cookie string, _ []byte) (record, error) {
	r, err := k.client.Get(context.Background(), cookie).Bytes()
	if errors.Is(err, redis.Nil) {
		return nil, nil
	}
	return r, err
}

func (k redisKey) save(cookie string, r record) (newCookie string, err error) {
	if cookie == "" {
		newCookie = newID()
		cookie = newCookie
	}
	return newCookie, k.client.Set(context.Background(), cookie, []byte(r), life).Err()
}

// redisHash keeps each value in a field, and lets the server change one: a write need not read
// first. A library that must know more, such as whether a session was revoked, cannot do this; but
// it is the least.
type redisHash struct{ client *redis.Client }

func floorRedisHash(b *backend) (transports, error) {
	client, err := b.redis()
	if err != nil {
		return nil, err
	}
	return onFloor(redisHash{client}), nil
}

var (
	hashCreate = redis.NewScript(`
		redis.call('HSET', KEYS[1], unpack(ARGV, 2))
		return redis.call('EXPIRE', KEYS[1], ARGV[1])`)
	hashPut = redis.NewScript(`
		if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
		redis.call('HSET', KEYS[1], ARGV[2], ARGV[3])
		return redis.call('EXPIRE', KEYS[1], ARGV[1])`)
	hashTake = redis.NewScript(`
		local value = redis.call('HGET', KEYS[1], ARGV[1])
		redis.call('HDEL', KEYS[1], ARGV[1])
		return value`)
)

func (h redisHash) create(r record) (string, error) {
	id, args := newID(), []any{maxAge}
	for at := 0; at < len(r); {
		from := at + 3 + int(r[at])
		to := from + int(r[at+1]) + int(r[at+2])<<8
		args = append(args, []byte(r[at+3:from]), []byte(r[from:to]))
		at = to
	}
	return id, hashCreate.Run(context.Background(), h.client, []string{id}, args...).Err()
}

func (h redisHash) get(cookie, key string) (string, error) {
	return orEmpty(h.client.HGet(context.Background(), cookie, key).Result())
}

func (h redisHash) put(cookie, key, value string) (string, error) {
	return "", hashPut.Run(context.Background(), h.client, []string{cookie}, maxAge, key, value).Err()
}

func (h redisHash) take(cookie, key string) (value, newCookie string, err error) {
	value, err = orEmpty(hashTake.Run(context.Background(), h.client, []string{cookie}, key).Text())
	return value, "", err
}

func orEmpty(value string, err error) (string, error) {
	if errors.Is(err, redis.Nil) {
		return "", nil
	}
	return value, err
}
