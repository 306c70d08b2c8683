package redisstore

import "github.com/redis/go-redis/v9"

// The scripts make each method atomic and one round trip. They are constants: what visitors
// and applications send is in ARGV only. Each works on one key, as a Cluster demands. None
// begins with a shebang, which servers before Redis 7 take for a syntax error. An answer of
// nil is that there is no such record.
//
// It is tempting to read with GET and PTTL in a pipeline. A client that sends what only
// reads to replicas would read an old record then; a script always goes to the primary. So
// does MULTI, but in a Cluster it fails for keys that move.
//
// A script that changes a record looks at the first bytes of the one there is: with GET, Lua
// would copy a large session to learn its version.

// done is the answer of a script that did what it should: that of its last SET.
const done = "OK"

// record is the answer of a script that has read a record, or met one that is in its way.
const record = `
local function record()
  local value = redis.call('GET', KEYS[1])
  if not value or string.sub(value, 1, 1) == '!' then
    return nil
  end
  return {value, redis.call('PTTL', KEYS[1])}
end
`

var readScript = redis.NewScript(record + `
return record()
`)

// ARGV: the life that is due, the new one.
//
// A server that takes no changes (its memory or its disk is full, or it has no replicas) still
// answers: pcall, and not call. A value without an end (-1) is none of ours.
var renewScript = redis.NewScript(record + `
local found = record()
if found and found[2] >= 0 and found[2] <= tonumber(ARGV[1]) then
  if redis.pcall('PEXPIRE', KEYS[1], ARGV[2]) == 1 then
    found[2] = tonumber(ARGV[2])
  end
end
return found
`)

// ARGV: how the record to replace begins, or "" for none; the one that follows; its life.
//
// SET is the first command that changes anything: it is where a server whose memory is
// full ends a script, and after another change it would not.
//
// GETRANGE up to -1 is all there is, so a tombstone stands in the way of a new record, too:
// nobody creates one under a key that was used, but a network may deliver the command that
// once did a second time, after the log-out. (An empty string is as good as none there.)
var writeScript = redis.NewScript(record + `
if redis.call('GETRANGE', KEYS[1], 0, #ARGV[1] - 1) ~= ARGV[1] then
  return record()
end
if ARGV[3] == '0' then
  redis.call('DEL', KEYS[1])
  return {ok = 'OK'}
end
return redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
`)

// ARGV: how the record to remove begins, or "" for any; the tombstone of this call.
//
// The driver sends a command again when the answer was lost. Were the record simply gone,
// the answer would be that there is none, which means that somebody else has logged the
// visitor out. So the call leaves its name where the record was, for longer than a driver
// tries and a network delivers late, and a call that finds its own name has been here before.
//
// Here DEL comes first, for a log-out to work on a server whose memory is full.
var destroyScript = redis.NewScript(record + `
local found = redis.call('GETRANGE', KEYS[1], 0, #ARGV[2] - 1)
local gone = found == '' or string.sub(found, 1, 1) == '!'
if found == ARGV[2] or gone and ARGV[1] == '' then
  return {ok = 'OK'}
end
if string.sub(found, 1, #ARGV[1]) ~= ARGV[1] then
  return record()
end
redis.call('DEL', KEYS[1])
return redis.call('SET', KEYS[1], ARGV[2], 'PX', 300000)
`)

// ARGV: the life.
var touchScript = redis.NewScript(`
local first = redis.call('GETRANGE', KEYS[1], 0, 0)
if first == '' or first == '!' then
  return nil
end
return redis.call('PEXPIRE', KEYS[1], ARGV[1])
`)

// now is the server's time in milliseconds, for the scripts below. The entries of a tag are
// members of one sorted set, which has one time to live: each entry needs an end of its own.
const now = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`

// ARGV: the key, the life.
//
// The set lives as long as the entry that lives longest. ZADD is the first command that
// changes anything, as SET is above.
var tagScript = redis.NewScript(now + `
local revoked = redis.call('ZSCORE', KEYS[1], '!' .. ARGV[1])
if revoked and tonumber(revoked) > now then
  return 1
end
redis.call('ZADD', KEYS[1], string.format('%.0f', now + ARGV[2]), ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
if not last[2] then
  return 1
end
return redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', last[2]))
`)

// ARGV: the keys. It is not one ZREM with all of them: Lua passes some thousands at most.
var untagScript = redis.NewScript(`
for _, key in ipairs(ARGV) do
  redis.call('ZREM', KEYS[1], key, '!' .. key)
end
return 1
`)

// The answer is the members.
var taggedScript = redis.NewScript(now + `
return redis.call('ZRANGEBYSCORE', KEYS[1], string.format('(%.0f', now), '+inf')
`)

// ARGV: the keys to leave alone. The answer is the keys of all entries that are revoked.
//
// ZADD comes first: a set that is empty for a moment is another one afterwards, without a
// time to live.
var revokeScript = redis.NewScript(now + `
local spared, revoked = {}, {}
for _, key in ipairs(ARGV) do
  spared[key] = true
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local entries = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
for i = 1, #entries, 2 do
  local member, expires = entries[i], entries[i + 1]
  if string.sub(member, 1, 1) == '!' then
    table.insert(revoked, string.sub(member, 2))
  elseif not spared[member] then
    redis.call('ZADD', KEYS[1], expires, '!' .. member)
    redis.call('ZREM', KEYS[1], member)
    table.insert(revoked, member)
  end
end
return revoked
`)
