/** Translates requests, whole answers and errors from one protocol to another. */
import { resolve, type Dialect as TargetDialect } from "../dialect/index.ts"
import { codec as anthropic } from "./anthropic/Codec.ts"
import type { Carry } from "./carry/Carry.ts"
import type { Answer, Remark } from "./common/Common.ts"
import { Dropped } from "./common/Dropped.ts"
import * as ForeignErrors from "./common/ForeignErrors.ts"
import { Bounds, compact, isObject, type JsonObject, text } from "./common/Json.ts"
import * as Fit from "./fit/Fit.ts"
import * as Restore from "./fit/Restore.ts"
import * as MixedForms from "./MixedForms.ts"
import { codec as openai } from "./openai/Codec.ts"
import { thinkingNames } from "./openai/ReadThinking.ts"
import { packAnswer } from "./PackAnswer.ts"
import type { Context } from "./protocol/Context.ts"
import { DistinctIds } from "./protocol/DistinctIds.ts"
import type { CallerCodec, Codec, Dialect, Protocol } from "./protocol/Protocol.ts"
import { thoughtRules } from "./ReasoningRules.ts"
import { codec as responses } from "./responses/Codec.ts"
import { signedOnly, unpack } from "./Unpack.ts"

/** The protocols of targets. */
export const codecs: Readonly<Record<Protocol, Codec>> = { openai, anthropic }

/** The protocols of callers. */
export const callers: Readonly<Record<Dialect, CallerCodec>> = { ...codecs, responses }

/** A request in the target's protocol. */
export interface TranslatedRequest {
  readonly body: JsonObject
  /** What had to be left out, as paths without indices in the caller's protocol; for `x-failover-dropped`. */
  readonly dropped: ReadonlyArray<string>
}

/** A request in the target's protocol, and how it was changed. */
export interface ExpressedRequest extends TranslatedRequest {
  /**
   * How it was changed:
   *
   * - `unchanged`
   * - `changed`: without loss
   * - `dropped`: settings were left out
   * - `cannot`: content would be lost, so it must not be sent to the target
   */
  readonly change: "unchanged" | "changed" | "dropped" | "cannot"
  /** The content that would be lost, as paths in the caller's protocol. */
  readonly lost: ReadonlyArray<string>
  /** What has to be restored in the answer; see `makeContext`. */
  readonly restore?: Restore.Restore | undefined
}

/**
 * Translates the body of a request. `model` is the target's model, on which many fields depend; default: the one in
 * the body. `dialect` is the target's; default: what is known of the model. Within one protocol only the model is
 * replaced, unless the dialect requires more. `carry` restores what the target left in the conversation.
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

/** The same, with the kind of change: if content would be lost, the request must not be sent to the target. */
export const expressRequest = (
  from: Dialect,
  to: Protocol,
  body: JsonObject,
  model?: string,
  carry?: Carry,
  dialect?: TargetDialect
): ExpressedRequest => {
  const translation = beginExpress(from, to, body, model, carry, dialect)
  for (;;) {
    const made = translation.next()
    if (made !== undefined) return made
  }
}

/** A translation that is made in steps. */
export interface Translation {
  /** Takes one step; returns the result after the last one. */
  readonly next: () => ExpressedRequest | undefined
}

/** The same in steps, each of which takes about a quarter of the time: others can run in between. */
export const beginExpress = (
  from: Dialect,
  to: Protocol,
  body: JsonObject,
  model?: string,
  carry?: Carry,
  dialect?: TargetDialect
): Translation => {
  const named = model === undefined ? body : { ...body, model }
  if (from === to && dialect?.apply !== "always" && !MixedForms.hasOtherForm(from, named)) {
    return { next: () => ({ body: named, dropped: [], change: "unchanged", lost: [] }) }
  }
  const bounds = new Bounds()
  const steps = express(from, to, named, carry, dialect)
  return {
    next: () => {
      const { done, value } = bounds.run(() => steps.next())
      if (done !== true) return undefined
      return bounds.isExceeded ? { ...value, change: "cannot", lost: [...value.lost, tooMany] } : value
    }
  }
}

/** What is reported as lost if the arguments of calls take too long to parse. */
const tooMany = "arguments with too many keys and values"

function* express(
  from: Dialect,
  to: Protocol,
  named: JsonObject,
  carry?: Carry,
  dialect?: TargetDialect
): Generator<void, ExpressedRequest> {
  const dropped = new Dropped(callers[from].names)
  const written = MixedForms.formOf(from, named)
  const read = callers[written.form].readRequest(written.body, dropped)
  yield
  const rules = dialect ?? resolve({ protocol: to, model: read.model })
  const turns =
    carry === undefined
      ? signedOnly(read.turns, to, dropped)
      : unpack(read.turns, to, carry, dropped, thoughtRules(rules))
  yield
  const { request, restore } = Fit.fit({ ...read, turns }, rules, dropped, to === "anthropic")
  yield
  const made = codecs[to].writeRequest(request, dropped, rules)
  const lost = dropped.lostContent
  const change = lost.length > 0 ? "cannot" : dropped.list.length > 0 ? "dropped" : "changed"
  if (from === to && written.form === from)
    return withinProtocol(to, named, made, dropped, { change, lost, restore })
  return { body: made, dropped: dropped.list, change, lost, restore }
}

/**
 * A request that stays in its protocol: fields unknown to the common form are unchanged, unless the target refuses them, and
 * if some content is unknown to it, the whole request is. It asks for one answer: only one is translated, and the calls in several
 * would be taken for those of one.
 */
const withinProtocol = (
  protocol: Protocol,
  body: JsonObject,
  made: JsonObject,
  dropped: Dropped,
  { change, lost, restore }: Omit<ExpressedRequest, "body" | "dropped">
): ExpressedRequest => {
  const { n, ...single } = body
  const hasSeveral = protocol === "openai" && typeof n === "number" && n > 1
  if (change === "cannot" || lost.length > 0) {
    return hasSeveral
      ? { body: single, dropped: ["n"], change: "dropped", lost: [] }
      : { body, dropped: [], change: "unchanged", lost: [] }
  }
  const isKept = (name: string) =>
    Object.hasOwn(body, name) && !dropped.isRefused(name) && !(hasSeveral && name === "n")
  const ofThinking = protocol === "openai" ? thinkingNames.filter((name) => Object.hasOwn(body, name)) : []
  const kept = Object.fromEntries(
    [...ofThinking, ...dropped.list.filter(isKept)].map((name) => [name, body[name]])
  )
  const left = dropped.list.filter((name) => !isKept(name))
  // The caller sets the effort in the server's own field.
  const { reasoning_effort, ...others } = made
  const isOwn = ofThinking.length > 0 && body.reasoning_effort === undefined
  return {
    body: { ...kept, ...(isOwn || reasoning_effort === undefined ? others : made) },
    dropped: left,
    change: left.length > 0 ? "dropped" : "changed",
    lost,
    restore
  }
}

/** An answer in the caller's protocol. */
export interface TranslatedAnswer {
  readonly body: JsonObject
  /** The content that could not be translated, as paths in the target's protocol. */
  readonly dropped: ReadonlyArray<string>
  /** The description of content that belongs to no block or call; the answer is then unusable. */
  readonly malformed: string | undefined
}

const withOwnIds = (answer: Answer, context: Context): Answer => {
  if (answer.parts.every(({ type }) => type !== "call")) return answer
  const ids = new DistinctIds(context.request)
  return { ...answer, parts: answer.parts.map((part) => (part.type === "call" ? ids.of(part) : part)) }
}

/** Translates a whole answer from the target's protocol to the caller's, and reports what could not be translated. */
export const translateWhole = (
  from: Protocol,
  to: Dialect,
  body: JsonObject,
  context: Context
): TranslatedAnswer => {
  const read = withOwnIds(codecs[from].readAnswer(body, context.dialect), context)
  const answer = context.restore === undefined ? read : Restore.answer(read, context.restore)
  const { carry } = context
  const packed = carry === undefined ? answer : packAnswer(answer, carry, from, to, context)
  const remarks = remarksOf(answer, to)
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

const none: ReadonlyArray<Remark> = []

/** What cannot be translated. Anthropic's protocol cannot express a page that its own search did not find. */
const remarksOf = ({ remarks = none, sources = [] }: Answer, to: Dialect): ReadonlyArray<Remark> =>
  to === "anthropic" && sources.length > 0
    ? [...remarks, ...sources.map(({ name }): Remark => ({ type: "dropped", name }))]
    : remarks

/** Translates the body of a whole answer from the target's protocol to the caller's. */
export const translateAnswer = (
  from: Protocol,
  to: Dialect,
  body: JsonObject,
  context: Context
): JsonObject =>
  from === to && context.restore === undefined ? body : translateWhole(from, to, body, context).body

/**
 * Translates the body of an error: JSON, or anything else a server sent. The status is used if the body is
 * unspecific. Within one protocol an error in its form is unchanged; one in another form is written in it, with the codes of the
 * provider.
 */
export const translateError = (from: Protocol, to: Dialect, body: unknown, status?: number): JsonObject => {
  if (from === to && ForeignErrors.hasMessage(body)) return body
  const made = callers[to].writeError(codecs[from].readError(body, status))
  if (from !== to || !isObject(made.error)) return made
  const { code, type } = ForeignErrors.read(body)
  return { ...made, error: { ...made.error, ...compact(to === "openai" ? { code, type } : { type }) } }
}

/**
 * The error as clients of its own protocol read it; `undefined` if it is so already. One with a message and no type gets the type.
 */
export const ownError = (protocol: Protocol, body: unknown, status: number): JsonObject | undefined => {
  if (ForeignErrors.isWellFormed(protocol, body)) return undefined
  if (!ForeignErrors.hasMessage(body)) return translateError(protocol, protocol, body, status)
  const { error } = callers[protocol].writeError(codecs[protocol].readError(body, status))
  const type = isObject(error) ? error.type : undefined
  const named = { ...body, error: { ...body.error, type: text(body.error.type) ?? type } }
  return protocol === "anthropic" ? { ...named, type: "error" } : named
}
