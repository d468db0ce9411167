/** What replicas tell each other: records and messages as they stand in Redis, and the two clocks. */
import * as Schema from "effect/Schema"
import type * as Bench from "../core/Bench.ts"
import type { BenchKey } from "../core/BenchKey.ts"
import { Saved, saved } from "./Saved.ts"

/** A record: what is known of a key, when it changed (counted over all keys) and which replica changed it. */
export const Record = Schema.Struct({ ...Saved.fields, epoch: Schema.Int, writer: Schema.String })

/** A record as it stands in the hash. */
export const RecordText = Schema.fromJsonString(Record)

/** What is told on the channel: a key has a new record, or has been cleared. `now` is Redis' clock. */
export const Message = Schema.fromJsonString(
  Schema.Struct({
    key: Schema.String,
    writer: Schema.String,
    now: Schema.Finite,
    record: Schema.optionalKey(Record),
    byHand: Schema.optionalKey(Schema.Boolean)
  })
)

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
export const incoming = (record: typeof Record.Type, ahead: number): Saved => {
  const { epoch: _, hint, manual, since, until, writer: __, ...rest } = record
  return {
    ...rest,
    since: since + ahead,
    until: until + ahead,
    ...(hint !== undefined && { hint: hint + ahead }),
    ...(manual !== undefined && {
      manual: {
        ...manual,
        since: manual.since + ahead,
        ...(manual.until !== undefined && { until: manual.until + ahead })
      }
    })
  }
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

/** What has changed at a key since then; `undefined` if that concerns nobody else. */
export const changeOf = (
  key: BenchKey,
  entry: Bench.Entry,
  agreed: Agreed | undefined,
  now: number
): Change | undefined => {
  const before = agreed?.entry
  if (before === entry) return undefined
  const isNewRest =
    entry.reason !== undefined &&
    (before?.reason === undefined || entry.generation !== before.generation || entry.until > before.until)
  const isNewManual = entry.manual !== undefined && entry.manual !== before?.manual
  if (isNewRest || isNewManual) {
    const record = outgoing(entry, now)
    return record === undefined ? undefined : { _tag: "Put", key, record }
  }
  const byHand = before?.manual !== undefined && entry.manual === undefined && now < before.manual.until
  return byHand || (before?.reason !== undefined && entry.reason === undefined)
    ? { _tag: "Clear", key, epoch: agreed?.epoch ?? 0, byHand }
    : undefined
}
