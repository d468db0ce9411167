/**
 * What happens in Redis, as scripts: each is one step that nothing can come between.
 *
 * Three keys, one slot of a cluster: `{prefix}:entries` is a hash of records by bench key, `{prefix}:epoch` counts the
 * changes, `{prefix}:probes` is a hash of the probes under way, as `replica deadline`. Moments are those of Redis' own
 * clock; what a replica sends and gets are spans (`left`, `age`), so the clocks of replicas need not agree.
 */
import * as Redis from "effect/persistence/Redis"

/** What stands under one prefix. */
export interface Names {
  readonly entries: string
  readonly epoch: string
  readonly probes: string
  /** The channel on which changes are told. */
  readonly channel: string
}

/** The names under a prefix. The braces keep them in one slot of a cluster. */
export const names = (prefix: string): Names => ({
  entries: `{${prefix}}:entries`,
  epoch: `{${prefix}}:epoch`,
  probes: `{${prefix}}:probes`,
  channel: `{${prefix}}:changes`
})

/** How long a record is kept after its end, in milliseconds: as long as a process remembers an idle key. */
const memory = 3_600_000

const clock = `
local t = redis.call("TIME")
local now = t[1] * 1000 + math.floor(t[2] / 1000)
`

/** Ends a probe of this replica. */
const endProbe = `
local held = redis.call("HGET", KEYS[3], ARGV[1])
if held and string.match(held, "^(%S+)") == ARGV[2] then redis.call("HDEL", KEYS[3], ARGV[1]) end
`

/**
 * Puts a record: of two ends the later one holds, by hand and by itself; of two secrets under one name the one that was
 * found dead last. Gives the epoch it now has.
 *
 * ARGV: bench key, replica, record, channel.
 */
export const put = Redis.script(
  (names: Names, key: string, replica: string, record: string) => [
    names.entries,
    names.epoch,
    names.probes,
    key,
    replica,
    record,
    names.channel
  ],
  {
    numberOfKeys: 3,
    lua: `${clock}${endProbe}
local function absolute(r)
  if r.reason then r["until"] = now + r.left; r.since = now - r.age end
  if r.hint then r.hint = now + r.hint end
  r.left = nil; r.age = nil
  local m = r.manual
  if m then
    m.since = now - m.age; m.age = nil
    if m.left then m["until"] = now + m.left; m.left = nil end
  end
  return r
end
local new = absolute(cjson.decode(ARGV[3]))
local text = redis.call("HGET", KEYS[1], ARGV[1])
if text then
  local old = cjson.decode(text)
  local other = old.fingerprint and new.fingerprint and old.fingerprint ~= new.fingerprint
  if old.reason and (not new.reason or (old["until"] > new["until"] and not other)) then
    local hits = math.max(old.hits, new.hits)
    new.reason = old.reason; new.evidence = old.evidence; new["until"] = old["until"]; new.since = old.since
    new.hint = old.hint; new.fingerprint = old.fingerprint
    new.hits = hits; new.failures = math.max(old.failures, new.failures)
  elseif old.reason then
    new.hits = math.max(old.hits, new.hits)
    new.since = math.min(old.since, new.since)
  end
  local m = old.manual
  if m and (not m["until"] or m["until"] > now) then
    local n = new.manual
    if not n or (n["until"] and (not m["until"] or m["until"] > n["until"])) then new.manual = m end
  end
end
new.epoch = redis.call("INCR", KEYS[2])
new.writer = ARGV[2]
local written = cjson.encode(new)
redis.call("HSET", KEYS[1], ARGV[1], written)
redis.call("PUBLISH", ARGV[4], cjson.encode({ key = ARGV[1], writer = ARGV[2], now = now, record = new }))
return new.epoch
`
  }
).withReturnType<number>()

/**
 * Clears a record, unless it is newer than what this replica knew: then it stays and is given back as the latest
 * state by the next pull. A rest by hand stays unless it is cleared by hand. Gives 1 if it was cleared.
 *
 * ARGV: bench key, replica, the epoch that was known, "1" if by hand, channel.
 */
export const clear = Redis.script(
  (names: Names, key: string, replica: string, epoch: number, byHand: boolean) => [
    names.entries,
    names.epoch,
    names.probes,
    key,
    replica,
    epoch,
    byHand ? "1" : "0",
    names.channel
  ],
  {
    numberOfKeys: 3,
    lua: `${clock}${endProbe}
local text = redis.call("HGET", KEYS[1], ARGV[1])
if not text then return 0 end
local old = cjson.decode(text)
if ARGV[4] == "0" and old.epoch > tonumber(ARGV[3]) and old.writer ~= ARGV[2] then return 0 end
local m = old.manual
if ARGV[4] == "0" and m and (not m["until"] or m["until"] > now) then
  local rest = { since = 0, hits = 0, failures = 0, manual = m, writer = ARGV[2] }
  rest["until"] = 0
  rest.epoch = redis.call("INCR", KEYS[2])
  redis.call("HSET", KEYS[1], ARGV[1], cjson.encode(rest))
else
  redis.call("HDEL", KEYS[1], ARGV[1])
end
redis.call("PUBLISH", ARGV[5], cjson.encode({ key = ARGV[1], writer = ARGV[2], now = now, byHand = ARGV[4] == "1" }))
return 1
`
  }
).withReturnType<number>()

/** Everything there is, as `[now, key, record, key, record, …]`. What has been over for long is swept out. */
export const pull = Redis.script((names: Names) => [names.entries], {
  numberOfKeys: 1,
  lua: `${clock}
local all = redis.call("HGETALL", KEYS[1])
local live = { tostring(now) }
for i = 1, #all, 2 do
  local r = cjson.decode(all[i + 1])
  local m = r.manual
  local byHand = m and (not m["until"] or m["until"] > now)
  if byHand or (r.reason and r["until"] + ${memory} > now) then
    live[#live + 1] = all[i]
    live[#live + 1] = all[i + 1]
  else
    redis.call("HDEL", KEYS[1], all[i])
  end
end
return live
`
}).withReturnType<ReadonlyArray<string>>()

/**
 * Takes the probes of some bench keys, all or none. Gives 0 if they are this replica's now, else the milliseconds
 * after which it is worth asking again.
 *
 * ARGV: replica, lease in milliseconds, bench keys.
 */
export const claim = Redis.script(
  (names: Names, replica: string, lease: number, keys: ReadonlyArray<string>) => [
    names.probes,
    replica,
    lease,
    ...keys
  ],
  {
    numberOfKeys: 1,
    lua: `${clock}
for i = 3, #ARGV do
  local held = redis.call("HGET", KEYS[1], ARGV[i])
  if held then
    local who, deadline = string.match(held, "^(%S+) (%d+)$")
    if who ~= ARGV[1] and tonumber(deadline) > now then return tonumber(deadline) - now end
  end
end
for i = 3, #ARGV do
  redis.call("HSET", KEYS[1], ARGV[i], ARGV[1] .. " " .. string.format("%.0f", now + tonumber(ARGV[2])))
end
return 0
`
  }
).withReturnType<number>()

/** Gives a probe back that has proved nothing. */
export const giveBack = Redis.script(
  (names: Names, key: string, replica: string) => [names.entries, names.epoch, names.probes, key, replica],
  { numberOfKeys: 3, lua: `${endProbe}return 1` }
).withReturnType<number>()
