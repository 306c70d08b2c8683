package redisstore

import "github.com/redis/go-redis/v9"

// The scripts make each method atomic and one round trip. They are constants: what comes from
// visitors and applications is only in ARGV. Each works on one key, as a Cluster requires. None
// begins with a shebang, which is a syntax error to servers before Redis 7. The answer nil means
// that there is no such record.
//
// It is tempting to read with GET and PTTL in a pipeline. But a client that sends read commands to
// replicas would then read an old record; a script always goes to the primary. So does MULTI, but
// in a Cluster it fails for keys that move.
//
// A call that finds its work done writes all the same, if only the time to live: see [Store.send].
//
// A script that changes a record looks only at the first bytes of the existing one: with GET, Lua
// would copy a large session to learn its version.

// A server that was a master and is a replica now (behind a proxy, or under a name that leads to
// another server since) keeps the connections it has. What it would answer from its old data is
// wrong: a session that has ended goes on, and a Destroy of one that it does not have seems to be
// done. So the scripts begin with a command that a replica refuses, and that changes nothing
// elsewhere. Commands that only read do not tell, and ROLE may not be called in a script.
//
// READONLY has to begin the answer, for the driver to drop the connection and try another. Before
// Redis 7, the error that a script gets begins otherwise. Any other error (no memory, no disk) does
// not matter yet.
//
// SETRANGE is a command that needs memory, so the first change after it is still refused for lack
// of memory.
const onMaster = `
local tried = redis.pcall('SETRANGE', KEYS[1], 0, '')
` + unlessReplica

// onMasterOfTag is the same for a sorted set. No member is empty, so ZREM removes nothing.
const onMasterOfTag = `
local tried = redis.pcall('ZREM', KEYS[1], '')
` + unlessReplica

const unlessReplica = `
if type(tried) == 'table' and string.find(tried.err, 'READONLY', 1, true) then
  return {err = 'READONLY the server is a replica'}
end
`

// Before Redis 7, a script that calls a command that could change something is an empty transaction
// to replicas and in the append-only file, even if nothing changes: with appendfsync always, each
// read would wait for the disk. So scripts that only read are silent. (With lua-replicate-commands no,
// set_repl is an error, and not needed.)
const (
	silent = `
pcall(redis.set_repl, redis.REPL_NONE)
`
	aloud = `
pcall(redis.set_repl, redis.REPL_ALL)
`
)

// done is the answer of a script that did what it should: the answer of its last SET.
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

var readScript = redis.NewScript(silent + onMaster + record + `
return record()
`)

// ARGV: the life up to which renewal is due, the new life.
//
// A server that refuses changes (its memory or its disk is full, or it has no replicas) still
// answers, thanks to pcall instead of call. A value that never expires (-1) is not ours.
var renewScript = redis.NewScript(silent + onMaster + record + `
local found = record()
if found and found[2] >= 0 and found[2] <= tonumber(ARGV[1]) then` + aloud + `
  if redis.pcall('PEXPIRE', KEYS[1], ARGV[2]) == 1 then
    found[2] = tonumber(ARGV[2])
  end
end
return found
`)

// ARGV: the beginning of the record to replace, or "" for none; the new record; its life.
//
// SET is the first command that changes anything: that is where a server whose memory is full ends
// a script, and after another change it would not.
//
// GETRANGE up to -1 returns the whole value, so a tombstone stands in the way of a new record, too.
// Nobody creates a record under a used key, but a network may deliver the command that once created
// it a second time, after the log-out. (An empty string counts as no record.)
var writeScript = redis.NewScript(onMaster + record + `
if redis.call('GETRANGE', KEYS[1], 0, #ARGV[1] - 1) ~= ARGV[1] then
  local met = record()
  if met and met[2] > 0 then
    redis.call('PEXPIRE', KEYS[1], met[2])
  end
  return met
end
if ARGV[3] == '0' then
  redis.call('PEXPIRE', KEYS[1], 0)
  return {ok = 'OK'}
end
return redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
`)

// ARGV: the beginning of the record to remove, or "" for any; the tombstone of this call.
//
// The driver resends a command if the answer was lost. If the record were simply gone, the second
// answer would be that there is none, which means that somebody else has logged the visitor out. So
// the call leaves its name in place of the record, for longer than a driver retries and a network
// delivers late. A call that finds its own name has been here before.
//
// PEXPIRE comes before SET, so that a log-out works on a server whose memory is full. It is tempting
// to use DEL. But while a Cluster moves the slot, a key that is missing belongs to the new node, and
// SET would fail.
var destroyScript = redis.NewScript(onMaster + record + `
local life = 300000
local found = redis.call('GETRANGE', KEYS[1], 0, #ARGV[2] - 1)
local gone = found == '' or string.sub(found, 1, 1) == '!'
if found == ARGV[2] or gone and ARGV[1] == '' then
  if found ~= '' then
    redis.call('PEXPIRE', KEYS[1], life)
  end
  return {ok = 'OK'}
end
if string.sub(found, 1, #ARGV[1]) ~= ARGV[1] then
  return record()
end
redis.call('PEXPIRE', KEYS[1], life)
return redis.call('SET', KEYS[1], ARGV[2], 'PX', life)
`)

// ARGV: the life.
var touchScript = redis.NewScript(onMaster + `
local first = redis.call('GETRANGE', KEYS[1], 0, 0)
if first == '' or first == '!' then
  return nil
end
return redis.call('PEXPIRE', KEYS[1], ARGV[1])
`)

// now is the server's time in milliseconds, for the scripts below. The entries of a tag are members
// of one sorted set, which has only one time to live, but each entry must expire by itself.
const now = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`

// ARGV: the key, the life.
//
// The set lives as long as the entry that lives longest. ZADD is the first command that changes
// anything, for the same reason as SET above. So it is also the one that a replica refuses.
var tagScript = redis.NewScript(now + `
local revoked = redis.call('ZSCORE', KEYS[1], '!' .. ARGV[1])
if revoked and tonumber(revoked) > now then
  return 1
end
local tried = redis.pcall('ZADD', KEYS[1], string.format('%.0f', now + ARGV[2]), ARGV[1])
` + unlessReplica + `
if type(tried) == 'table' then
  return tried
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
if not last[2] then
  return 1
end
return redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', last[2]))
`)

// ARGV: the keys. They are not removed by one ZREM, since Lua can pass only some thousands of
// arguments.
var untagScript = redis.NewScript(onMasterOfTag + `
for _, key in ipairs(ARGV) do
  redis.call('ZREM', KEYS[1], key, '!' .. key)
end
return 1
`)

// The answer is the list of members.
var taggedScript = redis.NewScript(silent + onMasterOfTag + now + `
return redis.call('ZRANGEBYSCORE', KEYS[1], string.format('(%.0f', now), '+inf')
`)

// ARGV: the keys to revoke, of those that have an entry. The answer is the list of members, as it is
// then. It is tempting to send the keys to leave alone, and to revoke all others in one step: see
// [Store.Revoke].
//
// ZADD comes before ZREM: a set that is empty for a moment is deleted, and with it its time to
// live.
var revokeScript = redis.NewScript(onMasterOfTag + now + `
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
for _, key in ipairs(ARGV) do
  local expires = redis.call('ZSCORE', KEYS[1], key)
  if expires then
    redis.call('ZADD', KEYS[1], expires, '!' .. key)
    redis.call('ZREM', KEYS[1], key)
  end
end
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
if last[2] then
  redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', last[2]))
end
return redis.call('ZRANGE', KEYS[1], 0, -1)
`)
