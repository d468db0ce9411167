/** The records and messages that replicas exchange over Redis, and the conversion between the two clocks. */

import type { BenchKey } from "../../domain/BenchKey.ts"
import type * as Bench from "../Bench.ts"
import { idle, idleDead, isDead } from "../state/BenchState.ts"
import * as ReadSaved from "./ReadSaved.ts"
import { type Saved, saved, shifted } from "./Saved.ts"

/** A record: the state of a key, the count of its change (over all keys) and the replica that changed it. */
export interface Record {
  readonly saved: Saved
  readonly epoch: number
  readonly writer: string
  /** Why nothing but its manual bench can be read; absent if all of it can. */
  readonly unreadable?: string
}

/** A message on the channel: a key has a new record, or has been cleared. `now` is Redis' clock. */
export interface Message {
  readonly key: BenchKey
  readonly writer: string
  readonly now: number
  /** The record, or why it cannot be read; absent if the key was cleared. */
  readonly record: Record | string | undefined
  readonly byHand: boolean
  /** The number of changes so far; absent in messages of a version that did not count cleared keys. */
  readonly epoch: number | undefined
  /** The era of Redis after the change; absent in messages of an older version. */
  readonly era: string | undefined
}

const isEpoch = (value: unknown): value is number => typeof value === "number" && Number.isSafeInteger(value)

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Reads a record from the hash; a text says why it cannot be read. */
export const recordIn = (text: string): Record | string => recordOf(parse(text))

const recordOf = (value: unknown): Record | string => {
  if (!ReadSaved.isFields(value)) return "it is not a record"
  const usable = usableOf(value)
  if (typeof usable === "string") return usable
  const { epoch, writer } = value
  if (!isEpoch(epoch)) return "`epoch` is not a count"
  if (typeof writer !== "string") return "`writer` is not a text"
  return { ...usable, epoch, writer }
}

/** What can be read of a record: all of it, or its bench by hand. */
const usableOf = (value: unknown): Pick<Record, "saved" | "unreadable"> | string => {
  const record = ReadSaved.read(value)
  if (typeof record !== "string") return { saved: record }
  const saved = ReadSaved.manualOf(value)
  return saved === undefined ? record : { saved, unreadable: record }
}

/** Reads a message; `undefined` if it is not a bench message. */
export const messageIn = (text: string): Message | undefined => {
  const value = parse(text)
  if (!ReadSaved.isFields(value)) return undefined
  const { byHand = false, epoch, era, key, now, record, writer } = value
  if (typeof key !== "string" || typeof writer !== "string") return undefined
  if (typeof now !== "number" || typeof byHand !== "boolean") return undefined
  const change = record === undefined ? undefined : recordOf(record)
  const count = ReadSaved.isFields(record) ? record.epoch : epoch
  return {
    key,
    writer,
    now,
    record: change,
    byHand,
    epoch: isEpoch(count) ? count : undefined,
    era: typeof era === "string" ? era : undefined
  }
}

/** An entry as it is sent, with spans instead of times. `undefined` if it is free. */
export const toWire = (entry: Bench.Entry, now: number): string | undefined => {
  const record = saved(entry, now)
  if (record === undefined) return undefined
  const { hint, manual, since, until, ...rest } = record
  const text = JSON.stringify({
    ...rest,
    since: 0,
    until: 0,
    left: until - now,
    age: now - since,
    ...(hint !== undefined && { hint: Math.max(0, hint - now) }),
    ...(manual !== undefined && {
      manual: {
        ...(manual.reason !== undefined && { reason: manual.reason }),
        ...(manual.by !== undefined && { by: manual.by }),
        ...(manual.until !== undefined && { left: manual.until - now }),
        age: now - manual.since
      }
    })
  })
  return text.replace(loneSurrogate, (part) => (part.startsWith(escaped) ? part : "\ufffd"))
}

const escaped = "\\\\"

/** Half a character, as `JSON.stringify` writes it; Lua cannot read it. An escaped backslash is found first, so that none is cut. */
const loneSurrogate = /\\\\|\\ud[89a-f][0-9a-f]{2}/g

/** A record by this process's clock. `ahead`: how far that is ahead of Redis', in milliseconds. */
export const fromWire = (record: Record, ahead: number): Saved => shifted(record.saved, ahead)

/**
 * True for a record that is no longer needed, by Redis' clock: its end is longer ago than an idle key is remembered.
 * An unreadable record with an end is kept for a week: a newer version may understand it.
 */
export const isOver = (
  record: Record | string,
  text: string,
  redisNow: number,
  keepUnreadable: number
): boolean => {
  if (typeof record !== "string") {
    const { manual, reason, until } = record.saved
    if (manual !== undefined && (manual.until === undefined || manual.until > redisNow)) return false
    if (record.unreadable === undefined)
      return reason === undefined || until + (isDead(reason) ? idleDead : idle) <= redisNow
  }
  const value = parse(text)
  return (
    ReadSaved.isFields(value) &&
    (typeof record !== "string" || value.manual === undefined) &&
    typeof value.until === "number" &&
    value.until + keepUnreadable <= redisNow
  )
}

/** A change to send. */
export type Change =
  | { readonly _tag: "Put"; readonly key: BenchKey; readonly record: string }
  | { readonly _tag: "Clear"; readonly key: BenchKey; readonly epoch: number; readonly byHand: boolean }

/** A key as it was when this process and Redis last agreed on it. */
export interface Agreed {
  readonly entry: Bench.Entry
  /** The epoch of the record that this process last wrote or took over. */
  readonly epoch: number
  /** The epoch of the last record taken over from another replica. Older or equal records are ignored. */
  readonly taken: number
}

/**
 * The changes of a key since then, in sending order; empty if they concern no other replica. A bench that was lifted
 * and followed by a new one before sending is cleared first: otherwise the later of the two ends would win, and the
 * new one may be earlier.
 */
export const changesOf = (
  key: BenchKey,
  entry: Bench.Entry,
  agreed: Agreed | undefined,
  now: number
): ReadonlyArray<Change> => {
  const before = agreed?.entry
  if (before === entry) return none
  const isNewRest =
    entry.reason !== undefined &&
    (before?.reason === undefined || entry.generation !== before.generation || entry.until > before.until)
  const isNewManual = entry.manual !== undefined && entry.manual !== before?.manual
  const wasManual = before?.manual !== undefined && now < before.manual.until
  const byHand = wasManual && (entry.manual === undefined || entry.manual.until < before.manual.until)
  const isOver = before?.reason !== undefined && isCleared(before, entry)
  const changes: Array<Change> = []
  if (byHand || isOver) changes.push({ _tag: "Clear", key, epoch: agreed?.epoch ?? 0, byHand })
  if (isNewRest || isNewManual || byHand) {
    const record = toWire(entry, now)
    if (record !== undefined) changes.push({ _tag: "Put", key, record })
  }
  return changes
}

/**
 * A continued bench only gets longer, and so does its count; a decrease means that it was cleared and began again.
 */
const isCleared = (before: Bench.Entry, entry: Bench.Entry): boolean =>
  entry.reason === undefined ||
  entry.until < before.until ||
  entry.consecutiveBenches < before.consecutiveBenches

const none: ReadonlyArray<Change> = []
