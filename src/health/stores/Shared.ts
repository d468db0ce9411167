/** What replicas tell each other: records and messages as they stand in Redis, and the two clocks. */

import type { BenchKey } from "../../domain/BenchKey.ts"
import type * as Bench from "../Bench.ts"
import { idle, idleDead, isDead } from "../BenchState.ts"
import * as ReadSaved from "./ReadSaved.ts"
import { type Saved, saved, shifted } from "./Saved.ts"

/** A record: what is known of a key, when it changed (counted over all keys) and which replica changed it. */
export interface Record {
  readonly saved: Saved
  readonly epoch: number
  readonly writer: string
}

/** What is told on the channel: a key has a new record, or has been cleared. `now` is Redis' clock. */
export interface Message {
  readonly key: BenchKey
  readonly writer: string
  readonly now: number
  /** The record, or why it cannot be read; absent when the key was cleared. */
  readonly record: Record | string | undefined
  readonly byHand: boolean
  /** How many changes there have been; absent in messages of a version that did not count what was cleared. */
  readonly epoch: number | undefined
}

const isEpoch = (value: unknown): value is number => typeof value === "number" && Number.isSafeInteger(value)

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Reads a record as it stands in the hash; a text says why it cannot be read. */
export const recordIn = (text: string): Record | string => recordOf(parse(text))

const recordOf = (value: unknown): Record | string => {
  const record = ReadSaved.read(value)
  if (typeof record === "string") return record
  if (!ReadSaved.isFields(value)) return "it is no record"
  const { epoch, writer } = value
  if (!isEpoch(epoch)) return "`epoch` is no count"
  if (typeof writer !== "string") return "`writer` is no text"
  return { saved: record, epoch, writer }
}

/** Reads a message; `undefined` when it is none of ours. */
export const messageIn = (text: string): Message | undefined => {
  const value = parse(text)
  if (!ReadSaved.isFields(value)) return undefined
  const { byHand = false, epoch, key, now, record, writer } = value
  if (typeof key !== "string" || typeof writer !== "string") return undefined
  if (typeof now !== "number" || typeof byHand !== "boolean") return undefined
  const change = record === undefined ? undefined : recordOf(record)
  const count = ReadSaved.isFields(record) ? record.epoch : epoch
  return { key, writer, now, record: change, byHand, epoch: isEpoch(count) ? count : undefined }
}

/** An entry as it is sent: spans instead of moments. `undefined` when it is free. */
export const outgoing = (entry: Bench.Entry, now: number): string | undefined => {
  const record = saved(entry, now)
  if (record === undefined) return undefined
  const { hint, manual, since, until, ...rest } = record
  return JSON.stringify({
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
}

/** A record by this process's clock. `ahead`: by how many milliseconds it is ahead of Redis'. */
export const incoming = (record: Record, ahead: number): Saved => shifted(record.saved, ahead)

/**
 * True for a record that nobody needs any more, by Redis' clock: its end was longer ago than an idle key is remembered.
 * One that cannot be read is left for a week, as far as it has an end: a newer version may understand it.
 */
export const isOver = (
  record: Record | string,
  text: string,
  redisNow: number,
  patience: number
): boolean => {
  if (typeof record !== "string") {
    const { manual, reason, until } = record.saved
    if (manual !== undefined && (manual.until === undefined || manual.until > redisNow)) return false
    return reason === undefined || until + (isDead(reason) ? idleDead : idle) <= redisNow
  }
  const value = parse(text)
  return (
    ReadSaved.isFields(value) &&
    value.manual === undefined &&
    typeof value.until === "number" &&
    value.until + patience <= redisNow
  )
}

/** What has to be told of a key. */
export type Change =
  | { readonly _tag: "Put"; readonly key: BenchKey; readonly record: string }
  | { readonly _tag: "Clear"; readonly key: BenchKey; readonly epoch: number; readonly byHand: boolean }

/** A key as it was when this process and Redis last agreed on it. */
export interface Agreed {
  readonly entry: Bench.Entry
  /** Of the record that this process put or took up last. */
  readonly epoch: number
  /** Of the record of another replica that this process took up last. What is not newer is not taken up again. */
  readonly taken: number
}

/**
 * What has changed at a key since then, in the order in which it is told; nothing if that concerns nobody else. A rest
 * that was taken off and followed by another one before anybody was told is cleared first: of two ends the later one
 * would hold, and the new one may be the earlier.
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
    const record = outgoing(entry, now)
    if (record !== undefined) changes.push({ _tag: "Put", key, record })
  }
  return changes
}

/** A rest that goes on grows, and so does the row of rests: less of either has begun anew. */
const isCleared = (before: Bench.Entry, entry: Bench.Entry): boolean =>
  entry.reason === undefined ||
  entry.until < before.until ||
  entry.consecutiveBenches < before.consecutiveBenches

const none: ReadonlyArray<Change> = []
