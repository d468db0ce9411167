/** Requests, whole answers and errors from one protocol to another. */
import { resolve, type Dialect as TargetDialect } from "../dialect/index.ts"
import { codec as anthropic } from "./anthropic/Codec.ts"
import type { Carry } from "./carry/Carry.ts"
import { Dropped } from "./common/Dropped.ts"
import { isObject, type JsonObject } from "./common/Json.ts"
import * as Fit from "./fit/Fit.ts"
import * as Restore from "./fit/Restore.ts"
import { thoughtRules } from "./Known.ts"
import { codec as openai } from "./openai/Codec.ts"
import { packAnswer } from "./Pack.ts"
import type { Context } from "./protocol/Context.ts"
import type { CallerCodec, Codec, Dialect, Protocol } from "./protocol/Protocol.ts"
import { codec as responses } from "./responses/Codec.ts"
import { signedOnly, unpack } from "./Unpack.ts"

/** Every protocol of targets. */
export const codecs: Readonly<Record<Protocol, Codec>> = { openai, anthropic }

/** Everything callers may speak. */
export const callers: Readonly<Record<Dialect, CallerCodec>> = { ...codecs, responses }

/** A request in the words of its target. */
export interface TranslatedRequest {
  readonly body: JsonObject
  /** What had to be left out, as paths without indices in the words of the caller; for `x-failover-dropped`. */
  readonly dropped: ReadonlyArray<string>
}

/** A request in the words of its target, and what was done to it. */
export interface ExpressedRequest extends TranslatedRequest {
  /**
   * What was done to it:
   *
   * - `unchanged`
   * - `changed`: without loss
   * - `dropped`: settings were left out
   * - `cannot`: content would be lost, so the target must not be asked
   */
  readonly change: "unchanged" | "changed" | "dropped" | "cannot"
  /** The content that would be lost, as paths in the words of the caller. */
  readonly lost: ReadonlyArray<string>
  /** What has to be put back in the answer; see `makeContext`. */
  readonly restore?: Restore.Restore | undefined
}

/**
 * Translates the body of a request. `model` is the target's model, which decides about many fields; by default the
 * one in the body. `dialect` is what the target takes; by default what is known of the model. Between two of the same
 * protocol nothing but the model is touched, unless the dialect says so. `carry`
 * gives the target back what it left in the conversation.
 *
 * @example
 * translateRequest("openai", "anthropic", { model: "claude-haiku-4-5", messages: [{ role: "user", content: "hi" }], seed: 1 })
 * // => { body: { model: "claude-haiku-4-5", max_tokens: 32000, messages: [{ role: "user", content: "hi" }] }, dropped: ["seed"] }
 */
export const translateRequest = (
  from: Dialect,
  to: Protocol,
  body: JsonObject,
  model?: string,
  carry?: Carry,
  dialect?: TargetDialect
): TranslatedRequest => {
  const { body: made, dropped } = expressRequest(from, to, body, model, carry, dialect)
  return { body: made, dropped }
}

/** The same, and what was done to the request: a target that cannot be told all of it must not be asked. */
export const expressRequest = (
  from: Dialect,
  to: Protocol,
  body: JsonObject,
  model?: string,
  carry?: Carry,
  dialect?: TargetDialect
): ExpressedRequest => {
  const named = model === undefined ? body : { ...body, model }
  if (from === to && dialect?.apply !== "always") {
    return { body: named, dropped: [], change: "unchanged", lost: [] }
  }
  const dropped = new Dropped(callers[from].names)
  const read = callers[from].readRequest(named, dropped)
  const rules = dialect ?? resolve({ protocol: to, model: read.model })
  const turns =
    carry === undefined
      ? signedOnly(read.turns, to, dropped)
      : unpack(read.turns, to, carry, dropped, thoughtRules(rules))
  const { request, restore } = Fit.fit({ ...read, turns }, rules, dropped, to === "anthropic")
  const made = codecs[to].writeRequest(request, dropped, rules)
  const lost = dropped.lostContent
  const change = lost.length > 0 ? "cannot" : dropped.list.length > 0 ? "dropped" : "changed"
  if (from === to) return ownWords(named, made, { dropped: dropped.list, change, lost, restore })
  return { body: made, dropped: dropped.list, change, lost, restore }
}

/**
 * A request that stays in its protocol: fields that the common form does not know stay as they are, and where it does not
 * know all of the content, nothing is touched.
 */
const ownWords = (
  body: JsonObject,
  made: JsonObject,
  { change, dropped, lost, restore }: Omit<ExpressedRequest, "body">
): ExpressedRequest => {
  if (change === "cannot" || lost.length > 0) return { body, dropped: [], change: "unchanged", lost: [] }
  const kept = Object.fromEntries(
    dropped.filter((name) => Object.hasOwn(body, name)).map((name) => [name, body[name]])
  )
  const left = dropped.filter((name) => !Object.hasOwn(body, name))
  return {
    body: { ...kept, ...made },
    dropped: left,
    change: left.length > 0 ? "dropped" : "changed",
    lost,
    restore
  }
}

/** An answer in the words of its caller. */
export interface TranslatedAnswer {
  readonly body: JsonObject
  /** The content that found no place in it, as paths in the words of the target. */
  readonly dropped: ReadonlyArray<string>
  /** What in it belongs to nothing: the answer is none. */
  readonly malformed: string | undefined
}

/** Translates a whole answer from the protocol of the target to that of the caller, and tells what found no place. */
export const translateWhole = (
  from: Protocol,
  to: Dialect,
  body: JsonObject,
  context: Context
): TranslatedAnswer => {
  const read = codecs[from].readAnswer(body, context.dialect)
  const answer = context.restore === undefined ? read : Restore.answer(read, context.restore)
  const { carry } = context
  const packed = carry === undefined ? answer : packAnswer(answer, carry, from, to, context)
  const remarks = answer.remarks ?? []
  if (remarks.length === 0) {
    return { body: callers[to].writeAnswer(packed, context), dropped: [], malformed: undefined }
  }
  const malformed = remarks.find((remark) => remark.type === "malformed")
  return {
    body: callers[to].writeAnswer(packed, context),
    dropped: [...new Set(remarks.flatMap((remark) => (remark.type === "dropped" ? remark.name : [])))],
    malformed: malformed?.type === "malformed" ? malformed.message : undefined
  }
}

/** Translates the body of a whole answer from the protocol of the target to that of the caller. */
export const translateAnswer = (
  from: Protocol,
  to: Dialect,
  body: JsonObject,
  context: Context
): JsonObject =>
  from === to && context.restore === undefined ? body : translateWhole(from, to, body, context).body

/**
 * Translates the body of an error: JSON, or whatever else a server sent. The status helps where the body says little.
 * An error that is JSON stays as it is between two of the same protocol.
 */
export const translateError = (from: Protocol, to: Dialect, body: unknown, status?: number): JsonObject =>
  from === to && isObject(body) ? body : callers[to].writeError(codecs[from].readError(body, status))
