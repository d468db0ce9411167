/**
 * The Redis scripts; each runs as one atomic step.
 *
 * Keys in one cluster slot: `{prefix}:entries` is a hash of records by bench key, `{prefix}:epoch` counts the
 * changes, `{prefix}:era` is a marker that vanishes or changes when the data is lost, `{prefix}:emptied` exists while
 * there are no entries because the last one was cleared (otherwise Redis dropped them), `{prefix}:probes` is a hash of
 * the running probes, as `replica deadline`. Times are those of Redis' own clock; replicas send and receive spans (`left`,
 * `age`), so their clocks need not agree.
 *
 * The content of a hash may come from another version or another program: a script never trusts it.
 */
import * as Redis from "effect/persistence/Redis"
import type { Change } from "./Shared.ts"

/** The keys and the channel of one prefix. */
export interface Names {
  readonly entries: string
  readonly epoch: string
  readonly era: string
  readonly emptied: string
  readonly probes: string
  /** Exists for a millisecond, while it is tested what Redis allows. */
  readonly trial: string
  /** The channel on which changes are published. */
  readonly channel: string
}

/** The names of a prefix. The braces keep them in one cluster slot. */
export const names = (prefix: string): Names => ({
  entries: `{${prefix}}:entries`,
  epoch: `{${prefix}}:epoch`,
  era: `{${prefix}}:era`,
  emptied: `{${prefix}}:emptied`,
  probes: `{${prefix}}:probes`,
  trial: `{${prefix}}:trial`,
  channel: `{${prefix}}:changes`
})

const clock = `
local t = redis.call("TIME")
local now = t[1] * 1000 + math.floor(t[2] / 1000)
`

/** A command of a replica: a change, or that a probe of a key was inconclusive. */
export type Command = Change | { readonly _tag: "GiveBack"; readonly key: string }

const argumentsOf = (command: Command): ReadonlyArray<string> => {
  switch (command._tag) {
    case "Put":
      return ["put", command.key, command.record, ""]
    case "Clear":
      return ["clear", command.key, String(command.epoch), command.byHand ? "1" : "0"]
    case "GiveBack":
      return ["back", command.key, "", ""]
  }
}

/**
 * Writes changes one after the other, and ends this replica's probes of their keys. Returns the era, and the new epoch
 * of each change, 0 if nothing changed.
 *
 * - A written record: of two ends the later one wins, for manual and automatic benches; of two secrets under one name
 *   the one found dead last.
 * - A cleared record is removed, unless it is newer than the replica's: then it stays and reaches the replica with
 *   the next comparison. A manual bench stays unless it is cleared by hand.
 *
 * ARGV: replica, channel, then four for each: command, bench key, record or epoch, "1" if by hand.
 */
export const write = Redis.script(
  (names: Names, replica: string, all: ReadonlyArray<Command>) => [
    names.entries,
    names.epoch,
    names.probes,
    names.era,
    names.emptied,
    replica,
    names.channel,
    ...all.flatMap(argumentsOf)
  ],
  {
    numberOfKeys: 5,
    lua: `${clock}
local replica, channel = ARGV[1], ARGV[2]
local era = replica .. "-" .. string.format("%.0f", now)
redis.call("SET", KEYS[4], era, "NX")
local function publish(message)
  message.writer = replica; message.now = now; message.era = redis.call("GET", KEYS[4])
  redis.call("PUBLISH", channel, cjson.encode(message))
end
local function number(x) return type(x) == "number" and x or nil end
local function recordIn(text)
  if not text then return nil end
  local ok, r = pcall(cjson.decode, text)
  if not ok or type(r) ~= "table" then return nil end
  if r.consecutiveBenches == nil then r.consecutiveBenches = r.hits end
  if r.reason == "Silent" then r.reason = "Timeout" end
  if not (type(r.reason) == "string" and number(r["until"])) then r.reason = nil end
  local m = r.manual
  if type(m) ~= "table" or (m["until"] ~= nil and not number(m["until"])) then r.manual = nil end
  return r
end
local function isByHand(m) return m and (not m["until"] or m["until"] > now) end
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
local function endProbe(key)
  local held = redis.call("HGET", KEYS[3], key)
  if held and string.match(held, "^(%S+)") == replica then redis.call("HDEL", KEYS[3], key) end
end
local function merged(new, old)
  if old and old.reason then
    local consecutiveBenches = math.max(number(old.consecutiveBenches) or 0, new.consecutiveBenches)
    local other = old.fingerprint and new.fingerprint and old.fingerprint ~= new.fingerprint
    local wider = old.heldFor == "callers" and new.heldFor ~= "callers"
    local narrower = new.heldFor == "callers" and old.heldFor ~= "callers" and old["until"] > now
    if not new.reason or narrower or (old["until"] > new["until"] and not other and not wider) then
      new.reason = old.reason; new.evidence = old.evidence; new["until"] = old["until"]; new.since = old.since
      new.hint = old.hint; new.fingerprint = old.fingerprint
      new.callers = old.callers; new.heldFor = old.heldFor
      new.failures = math.max(number(old.failures) or 0, new.failures)
    else
      new.since = math.min(number(old.since) or new.since, new.since)
    end
    new.consecutiveBenches = consecutiveBenches
  end
  if old and isByHand(old.manual) then
    local m, n = old.manual, new.manual
    if not n or (n["until"] and (not m["until"] or m["until"] > n["until"])) then new.manual = m end
  end
  return new
end
local function put(key, record)
  local old = recordIn(redis.call("HGET", KEYS[1], key))
  local new = merged(absolute(cjson.decode(record)), old)
  -- Lua reads 1e400 and cannot write it.
  if not pcall(cjson.encode, new) then new = absolute(cjson.decode(record)) end
  if redis.call("HLEN", KEYS[1]) == 0 and not redis.call("GET", KEYS[5]) then redis.call("SET", KEYS[4], era) end
  -- A replica of an older version leaves it.
  redis.call("DEL", KEYS[5])
  new.epoch = redis.call("INCR", KEYS[2])
  new.writer = replica
  redis.call("HSET", KEYS[1], key, cjson.encode(new))
  publish({ key = key, record = new })
  return new.epoch
end
local function clear(key, epoch, byHand)
  local text = redis.call("HGET", KEYS[1], key)
  if not text then return 0 end
  local old = recordIn(text)
  if not byHand then
    if not old then return 0 end
    if (number(old.epoch) or 0) > epoch and old.writer ~= replica then return 0 end
  end
  local staysByHand = not byHand and isByHand(old.manual)
  if staysByHand and not pcall(cjson.encode, old.manual) then return 0 end
  local count = redis.call("INCR", KEYS[2])
  if staysByHand then
    local rest = { since = 0, consecutiveBenches = 0, failures = 0, manual = old.manual, writer = replica, epoch = count }
    rest["until"] = 0
    redis.call("HSET", KEYS[1], key, cjson.encode(rest))
  else
    redis.call("HDEL", KEYS[1], key)
    if redis.call("HLEN", KEYS[1]) == 0 then redis.call("SET", KEYS[5], "1") end
  end
  publish({ key = key, byHand = byHand, epoch = count })
  return count
end
local epochs = {}
for i = 3, #ARGV, 4 do
  local what, key = ARGV[i], ARGV[i + 1]
  endProbe(key)
  local epoch = 0
  if what == "put" then epoch = put(key, ARGV[i + 2])
  elseif what == "clear" then epoch = clear(key, tonumber(ARGV[i + 2]), ARGV[i + 3] == "1") end
  epochs[#epochs + 1] = epoch
end
return { redis.call("GET", KEYS[4]), epochs }
`
  }
).withReturnType<readonly [era: string, epochs: ReadonlyArray<number>]>()

/**
 * A page of all records, as `[now, era, epoch, size, cursor, key, record, key, record, …]`; the cursor is `0` with
 * the last page, and `same` if nothing is new to a replica with this era, epoch and number of records (`?`: any
 * number). The era is empty if Redis has dropped all records.
 *
 * ARGV: cursor, approximate page size, and the known state.
 */
export const pull = Redis.script(
  (names: Names, cursor: string, count: number, known: string) => [
    names.entries,
    names.epoch,
    names.era,
    names.emptied,
    cursor,
    count,
    known
  ],
  {
    numberOfKeys: 4,
    lua: `${clock}
local era = redis.call("GET", KEYS[3]) or ""
local epoch = redis.call("GET", KEYS[2]) or "0"
local size = tostring(redis.call("HLEN", KEYS[1]))
if size == "0" and not redis.call("GET", KEYS[4]) then era = "" end
local known = era .. " " .. epoch .. " "
if ARGV[3] == known .. size or ARGV[3] == known .. "?" then
  return { tostring(now), era, epoch, size, "same" }
end
local page = redis.call("HSCAN", KEYS[1], ARGV[1], "COUNT", ARGV[2])
local piece = { tostring(now), era, epoch, size, page[1] }
for i = 1, #page[2] do piece[#piece + 1] = page[2][i] end
return piece
`
  }
).withReturnType<ReadonlyArray<string>>()

/** Removes expired records if they are unchanged. ARGV: key, record, key, … */
export const sweep = Redis.script(
  (names: Names, pairs: ReadonlyArray<string>) => [names.entries, names.emptied, ...pairs],
  {
    numberOfKeys: 2,
    lua: `
for i = 1, #ARGV, 2 do
  if redis.call("HGET", KEYS[1], ARGV[i]) == ARGV[i + 1] then
    redis.call("HDEL", KEYS[1], ARGV[i])
    if redis.call("HLEN", KEYS[1]) == 0 then redis.call("SET", KEYS[2], "1") end
  end
end
return 1
`
  }
).withReturnType<number>()

/**
 * Claims the probes of some bench keys, all or none. Returns 0 if this replica has them now, otherwise the
 * milliseconds after which to try again. If no probe was claimed for the length of a lease, all of them have ended.
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
    if who and who ~= ARGV[1] and tonumber(deadline) > now then return tonumber(deadline) - now end
  end
end
local lease = math.ceil(tonumber(ARGV[2]))
for i = 3, #ARGV do
  redis.call("HSET", KEYS[1], ARGV[i], ARGV[1] .. " " .. string.format("%.0f", now + lease))
end
if redis.call("PTTL", KEYS[1]) < lease then redis.call("PEXPIRE", KEYS[1], string.format("%.0f", lease)) end
return 0
`
  }
).withReturnType<number>()

/**
 * Uses every command that the other scripts and the limits of credentials need, and leaves nothing behind. The message
 * clears a key that does not exist.
 */
export const selfTest = Redis.script(
  (names: Names) => [names.entries, names.epoch, names.probes, names.era, names.trial, names.channel],
  {
    numberOfKeys: 5,
    lua: `${clock}
redis.call("HSET", KEYS[3], "", "trial 0")
redis.call("HGET", KEYS[3], "")
redis.call("HDEL", KEYS[3], "")
redis.call("HLEN", KEYS[1])
redis.call("HSCAN", KEYS[1], "0", "COUNT", "1")
redis.call("GET", KEYS[2])
redis.call("GET", KEYS[4])
redis.call("SET", KEYS[5], "1", "PX", "1000")
redis.call("INCR", KEYS[5])
redis.call("PTTL", KEYS[5])
redis.call("PEXPIRE", KEYS[5], "1")
redis.call("DEL", KEYS[5])
redis.call("PUBLISH", ARGV[1], cjson.encode({ key = "", writer = "trial", now = now }))
return 1
`
  }
).withReturnType<number>()
