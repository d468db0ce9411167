/**
 * Adapts an HTTP provider to `effect/ai`.
 *
 * This makes a `LanguageModel` a chain of such providers: credentials, cooldowns, retries and commit points are the
 * runtime's, and every attempt writes the request for its model.
 */
import * as AiError from "effect/ai/AiError"
import type * as Response from "effect/ai/Response"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { type Dialect, resolve } from "../../dialect/index.ts"
import * as Phase from "../../domain/Phase.ts"
import type { Provider } from "../../domain/Provider.ts"
import type { Target } from "../../domain/Target.ts"
import { BadRequest, type Failure, isFailure, Transient } from "../../failure/Failure.ts"
import { contentNeeded } from "../../policy/Commit.ts"
import type { HttpProvider } from "../../providers/HttpProvider.ts"
import type * as Wire from "../../providers/wire/Wire.ts"
import type { Delta, Remark } from "../../translate/common/Common.ts"
import { isObject, type JsonObject } from "../../translate/common/Json.ts"
import * as Restore from "../../translate/fit/Restore.ts"
import type { StreamReader } from "../../translate/protocol/Protocol.ts"
import { codecs } from "../../translate/Translate.ts"
import * as Validation from "../calls/Validation.ts"
import * as AnswerCheck from "./AnswerCheck.ts"
import * as Draft from "./Draft.ts"
import { DeltaReader, fromAnswer, type Reading } from "./Parts.ts"

/** A provider that can back a `LanguageModel`: `OpenAi` or a compatible one, or `Anthropic`. */
export type ChatProvider =
  | (HttpProvider<"chat/completions"> & { readonly protocol: "openai" })
  | (HttpProvider<"messages"> & { readonly protocol: "anthropic" })

/** One call with all its attempts. */
export interface Ask {
  readonly draft: Draft.Draft
  readonly newId: Reading["newId"]
  /** The application's validation of answers. */
  readonly validate: Validation.Validate | undefined
  /** Records an attempt and what had to be left out for its model. */
  readonly begin: (target: Target, dropped: ReadonlyArray<string>) => void
}

/** The parts of one stream event. */
export interface Piece {
  readonly parts: ReadonlyArray<Response.StreamPartEncoded>
  readonly phase: Phase.Phase
  /** The closing parts if the stream ends after this piece. */
  readonly end: () => ReadonlyArray<Response.StreamPartEncoded>
}

/** A provider with parts of `effect/ai` as answers. */
export type Adapter = Provider<Ask, Array<Response.PartEncoded>, Piece> & {
  readonly protocol: ChatProvider["protocol"]
}

/** The origin of errors caused by the request itself. */
const origin = { module: "ChainLanguageModel", method: "request" }

/** Makes the adapter of a provider. */
export const make = (provider: ChatProvider): Adapter => {
  const { baseUrl, credentials, name, protocol, strategy } = provider
  const codec = codecs[protocol]

  /** The dialect of a target's server; resolved once per target. */
  const dialects = new WeakMap<Target, Dialect>()
  const dialectOf = (target: Target): Dialect => {
    const known = dialects.get(target)
    if (known !== undefined) return known
    const place = target.credential.baseUrl ?? baseUrl
    const dialect = resolve({ protocol, provider: name, baseUrl: place, model: target.model })
    dialects.set(target, dialect)
    return dialect
  }
  const write = (ask: Ask, target: Target, stream: boolean): Effect.Effect<Draft.Written, Failure> => {
    const place = { protocol, model: target.model, dialect: dialectOf(target) }
    const written = Draft.write(ask.draft, place, stream)
    if (Result.isFailure(written)) return Effect.fail(unwritten(written.failure, target))
    ask.begin(target, written.success.dropped)
    return Effect.succeed(written.success)
  }
  const complete = (body: JsonObject, target: Target): Effect.Effect<Wire.Answer, Failure> =>
    provider.protocol === "openai"
      ? provider.complete({ operation: "chat/completions", body }, target)
      : provider.complete({ operation: "messages", body }, target)
  const stream = (body: JsonObject, target: Target): Stream.Stream<Wire.Chunk, Failure> =>
    provider.protocol === "openai"
      ? provider.stream({ operation: "chat/completions", body }, target)
      : provider.stream({ operation: "messages", body }, target)
  const withoutOutputLimit = (body: JsonObject, failure: BadRequest): JsonObject | undefined =>
    provider.protocol === "openai"
      ? provider.withoutOutputLimit?.({ operation: "chat/completions", body }, failure)?.body
      : provider.withoutOutputLimit?.({ operation: "messages", body }, failure)?.body

  return {
    name,
    protocol,
    credentials,
    strategy,
    baseUrl,
    policy: provider.policy,
    phase: ({ phase }) => phase,

    // Anthropic requires a limit, so one was sent even if the caller set none.
    withoutOutputLimit: (ask, failure) => {
      const { settings } = ask.draft
      const asked = settings.maxTokens ?? (protocol === "anthropic" ? Number.MAX_SAFE_INTEGER : undefined)
      const body = withoutOutputLimit(asked === undefined ? {} : { max_tokens: asked }, failure)
      if (body === undefined) return undefined
      const { max_tokens } = body
      const maxTokens = typeof max_tokens === "number" ? max_tokens : undefined
      return { ...ask, draft: { ...ask.draft, settings: { ...settings, maxTokens } } }
    },

    complete: (ask, target) =>
      Effect.flatMap(write(ask, target, false), ({ body, restore }) =>
        Effect.flatMap(complete(body, target), (answer) => {
          const json = answer.json
          if (!isObject(json)) return Effect.fail(malformed(target, "the answer is not a JSON object"))
          const given = codec.readAnswer(json)
          const read = restore === undefined ? given : Restore.answer(given, restore)
          const remark = read.remarks?.find(({ type }) => type === "malformed")
          if (remark?.type === "malformed") return Effect.fail(malformed(target, remark.message))
          const parts = fromAnswer(read, readingOf(ask))
          const refused =
            read.stop === "refusal" || read.parts.some((part) => part.type === "refusal" && part.text !== "")
          const judged = Effect.mapError(
            AnswerCheck.answer(ask.draft, { parts, refused }, target),
            (found) => (isFailure(found) ? found : unsupported(found, target))
          )
          const { validate } = ask
          return validate === undefined
            ? judged
            : Effect.tap(judged, () => validated(validate, parts, target, "generateText"))
        })
      ),

    stream: (ask, target) =>
      Stream.unwrap(
        Effect.map(write(ask, target, true), ({ body, restore }) => {
          const reader = () => partReader(codec.streamReader(), restore, ask, target)
          return Stream.mapEffect(stream(body, target), judging(reader, ask, target))
        })
      )
  }
}

/** Reads the events of one stream as parts. */
interface PartReader {
  /** Adds the parts of an event; returns a failure of the answer. */
  readonly read: (chunk: Wire.Chunk, into: Array<Response.StreamPartEncoded>) => Failure | undefined
  /** The last parts. */
  readonly end: () => ReadonlyArray<Response.StreamPartEncoded>
}

const partReader = (
  events: StreamReader,
  restore: Restore.Restore | undefined,
  ask: Ask,
  target: Target
): PartReader => {
  const restored = restore === undefined ? undefined : Restore.deltas(restore)
  const own = (given: ReadonlyArray<Delta | Remark>) =>
    restored === undefined ? given : given.flatMap((delta) => restored(delta))
  const deltas = new DeltaReader(readingOf(ask))
  return {
    read: ({ data, event, json }, into) => {
      if (data === undefined) return undefined
      for (const delta of own(events.read({ event, data }, json))) {
        if (delta.type === "malformed") return malformed(target, delta.message)
        if (isRemark(delta)) continue
        // Parts already passed on cannot be taken back, but the error is raised before any other part.
        const unknown = delta.type === "call" ? unknownCall(ask, delta.name) : undefined
        if (unknown !== undefined) return unsupported(unknown, target)
        deltas.read(delta, into)
      }
      return undefined
    },
    end: () => {
      const parts: Array<Response.StreamPartEncoded> = []
      for (const delta of own(events.end())) if (!isRemark(delta)) deltas.read(delta, parts)
      return [...parts, ...deltas.end()]
    }
  }
}

/**
 * Makes a piece of each event, and judges the answer if it is complete before its commit point: its calls, and the validation of the
 * application. A reader makes the last parts, calls among them, at the end of the stream, so a second one reads the events for that.
 */
const judging = (
  reader: () => PartReader,
  ask: Ask,
  target: Target
): ((chunk: Wire.Chunk) => Effect.Effect<Piece, Failure>) => {
  const { end, read } = reader()
  const needed = ask.validate ? Number.POSITIVE_INFINITY : contentNeeded(target.policy.commit)
  let content = 0
  /** The events until the commit point. */
  let before: Array<Wire.Chunk> | undefined = []
  /** Whether there was content of which no part has been made: the name of a call waits for its arguments. */
  let isWaiting = false
  return (chunk) => {
    const parts: Array<Response.StreamPartEncoded> = []
    const failure = read(chunk, parts)
    if (failure !== undefined) return Effect.fail(failure)
    const { phase } = chunk
    const piece = { parts, phase, end }
    if (before === undefined) return Effect.succeed(piece)
    before.push(chunk)
    if (phase.complete) {
      const all = lastParts(reader(), before)
      before = undefined
      return Effect.as(
        judge(ask, all, target),
        isWaiting ? { ...piece, phase: { ...phase, content: true } } : piece
      )
    }
    const isSaid = parts.some(({ type }) => type !== "response-metadata")
    if (phase.content && !isSaid) {
      isWaiting = true
      return Effect.succeed({ ...piece, phase: Phase.held })
    }
    if (phase.content && ++content >= needed) before = undefined
    return Effect.succeed(piece)
  }
}

/** All parts of a complete answer. */
const lastParts = ({ end, read }: PartReader, chunks: ReadonlyArray<Wire.Chunk>) => {
  const parts: Array<Response.StreamPartEncoded> = []
  for (const chunk of chunks) read(chunk, parts)
  return [...parts, ...end()]
}

const judge = (
  ask: Ask,
  parts: ReadonlyArray<Response.StreamPartEncoded>,
  target: Target
): Effect.Effect<void, Failure> => {
  const checked = Effect.mapError(AnswerCheck.calls(ask.draft, parts), (reason) =>
    unsupported(reason, target)
  )
  const { validate } = ask
  return validate === undefined
    ? checked
    : Effect.andThen(checked, validated(validate, parts, target, "streamText"))
}

const validated = (
  validate: Validation.Validate,
  parts: ReadonlyArray<Response.PartEncoded | Response.StreamPartEncoded>,
  target: Target,
  method: string
): Effect.Effect<void, Failure> => {
  const collected = new Validation.Collector()
  for (const part of parts) collected.add(part)
  return Validation.ask(validate, collected, target, method)
}

const unknownCall = (
  { draft: { options, toolNames } }: Ask,
  name: string
): AiError.AiErrorReason | undefined =>
  options.toolCallValidation === "deferred"
    ? undefined
    : AnswerCheck.unknownTool(toolNames.get(name) ?? name, options.tools)

const isRemark = (delta: Delta | Remark): delta is Remark =>
  delta.type === "malformed" || delta.type === "dropped"

const readingOf = ({ draft: { toolNames }, newId }: Ask): Reading => ({ toolNames, newId })

const malformed = (target: Target, message: string): Transient =>
  new Transient({ target: target.key, reason: "Malformed", message })

/** A request that cannot be expressed in this protocol: another model may accept it. */
const unwritten = (reason: AiError.AiErrorReason, target: Target): Failure => unsupported(reason, target)

const unsupported = (reason: AiError.AiErrorReason, target: Target): BadRequest =>
  new BadRequest({
    target: target.key,
    reason: "Unsupported",
    message: reason.message,
    evidence: `AiError ${reason._tag}`,
    cause: AiError.make({ ...origin, reason })
  })
