/**
 * A provider over HTTP: what all providers with the OpenAI or the Anthropic protocol share.
 *
 * One attempt is one request: a POST, or a GET for the list of models. The caller's body is sent with the target's
 * model in it. The answer is returned byte for byte, whole or event by event; any other response becomes a failure.
 */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as Credential from "../domain/Credential.ts"
import { type HasModels, models } from "../domain/HasModels.ts"
import type { Phase } from "../domain/Phase.ts"
import type { Provider } from "../domain/Provider.ts"
import { type Strategy, strategies } from "../domain/Strategy.ts"
import type { Target } from "../domain/Target.ts"
import { BadRequest, isFailure, Transient } from "../failure/Failure.ts"
import type { Options as PolicyOptions } from "../policy/Policy.ts"
import * as PolicyChecks from "../policy/PolicyChecks.ts"
import * as Secrets from "../redaction/Secrets.ts"
import * as Flow from "../stream/Flow.ts"
import * as Checks from "../util/Checks.ts"
import { EventCutter } from "./answers/EventCutter.ts"
import { EventFlow } from "./answers/EventFlow.ts"
import * as EventReader from "./answers/EventReader.ts"
import { judge } from "./answers/JudgeWhole.ts"
import * as ProviderFailures from "./answers/ProviderFailures.ts"
import { defaultMaxEventBytes, SseSplitter } from "./bytes/SseSplitter.ts"
import type { KeyOptions } from "./ProviderKeys.ts"
import * as ProviderKeys from "./ProviderKeys.ts"
import type { Operation, Protocol } from "./protocols/Protocol.ts"
import * as RequestBuilder from "./RequestBuilder.ts"
import * as Call from "./transport/Call.ts"
import type * as Transport from "./transport/Transport.ts"
import * as BaseUrl from "./wire/BaseUrl.ts"
import type { DialectWords } from "./wire/DialectWords.ts"
import * as SideEffects from "./wire/SideEffects.ts"
import type * as Wire from "./wire/Wire.ts"

/** A provider with JSON requests and answers, exactly as on the wire. */
export interface HttpProvider<in Operation extends string = string>
  extends Provider<Wire.Request<Operation>, Wire.Answer, Wire.Chunk>,
    HasModels {
  /** The phase of a chunk, known since it was parsed. */
  phase(chunk: Wire.Chunk): Phase
}

/** Options of an HTTP provider. */
export interface Options extends KeyOptions {
  /** The provider name in its model specs. */
  readonly name: string
  /**
   * The base URL, as the vendor's own SDK takes it: OpenAI's with `/v1`, Anthropic's without. A surplus or missing
   * `/v1` is corrected. A credential may override it. `{model}` in it is replaced by the model's name.
   */
  readonly baseUrl?: string | undefined
  readonly strategy?: Strategy | undefined
  readonly policy?: PolicyOptions | undefined
  /** Sent with every request; lower-case names. Not redacted, so put no keys here. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Query parameters added to every URL, such as Azure's `api-version`. Not redacted, so put no keys here. */
  readonly query?: Readonly<Record<string, string>> | undefined
  /** The largest event of a stream, in bytes; a larger one is a `Malformed` failure. Default 10 MiB. */
  readonly maxEventBytes?: number | undefined
  /**
   * The largest whole answer, and the most of a stream that is buffered before its commit point, in bytes; anything
   * larger is a `Malformed` failure. Default 64 MiB.
   */
  readonly maxAnswerBytes?: number | undefined
  /**
   * Secrets to redact from everything the provider returns: headers, answers, events and errors. Default: the keys of
   * its credentials.
   */
  readonly secrets?: Secrets.Secrets | undefined
  /** Field names and finish reasons that only a target's server uses. Default: none. */
  readonly dialectWords?: ((target: Target) => DialectWords | undefined) | undefined
}

/** Bytes counted for a chunk in addition to its data: a stream may begin with millions of empty events. */
const chunkBytes = 256

const defaultMaxAnswerBytes = 64 * 1024 * 1024

/** Makes a provider with a protocol over a transport. */
export const make = <Name extends string>(
  protocol: Protocol<Name>,
  transport: Transport.Transport["Service"],
  options: Options
): HttpProvider<Name> => {
  check(options)
  const baseUrl = options.baseUrl ?? protocol.baseUrl
  const { headers, query } = options
  const buildRequest = RequestBuilder.make(protocol, { baseUrl, query, headers })
  const limits: Transport.Limits = {
    answer: options.maxAnswerBytes ?? defaultMaxAnswerBytes,
    error: ProviderFailures.maxBytes,
    errorWait: ProviderFailures.errorWait
  }
  const credentials = ProviderKeys.credentialsOf(options)
  const secretsOf = secretsBy(credentials, options.secrets)
  const ownOf = options.dialectWords ?? (() => undefined)
  const maxEventBytes = options.maxEventBytes ?? defaultMaxEventBytes

  return {
    ...models,
    name: options.name,
    credentials,
    strategy: options.strategy ?? "sequential",
    baseUrl,
    policy: options.policy,
    phase: (chunk) => chunk.phase,
    mayHedge: SideEffects.mayHedge,
    holding: { sizeOf: (chunk) => chunk.bytes.length + chunkBytes, most: limits.answer },
    withoutOutputLimit: (request, failure) => {
      const members = protocol.withoutOutputLimit(request.body, failure)
      return members === undefined ? undefined : RequestBuilder.edit(request, members)
    },

    complete: (request, target) =>
      Effect.suspend(() => {
        const operation: Operation | undefined = protocol.operations[request.operation]
        if (operation === undefined) return Effect.fail(noOperation(protocol, target, request.operation))
        const post = buildRequest(request, operation, target, false)
        if (post === undefined) return Effect.fail(noAddress(baseUrl, target))
        if (isFailure(post)) return Effect.fail(post)
        return Effect.matchEffect(transport.exchange(post, limits), {
          onSuccess: (whole) =>
            judge(
              protocol,
              operation,
              { target, secrets: secretsOf(target), own: ownOf(target), asked: request.body },
              whole,
              limits.answer
            ),
          onFailure: (error) =>
            ProviderFailures.make(protocol, operation, target, secretsOf(target)).transport(error)
        })
      }),

    stream: (request, target) => {
      const operation: Operation | undefined = protocol.operations[request.operation]
      if (operation === undefined) return Stream.fail(noOperation(protocol, target, request.operation))
      const { lastEvent, meanings } = operation
      if (meanings === undefined) return Stream.fail(noStream(target, request.operation))
      const post = buildRequest(request, operation, target, true)
      if (post === undefined) return Stream.fail(noAddress(baseUrl, target))
      if (isFailure(post)) return Stream.fail(post)
      const { malformedEvents, timeouts } = target.policy
      const secrets = secretsOf(target)
      const own = ownOf(target)
      return Flow.toStream((context) => {
        const reader = EventReader.make(
          protocol,
          meanings(request.body, own?.mayBeEmpty),
          secrets,
          own,
          lastEvent
        )
        return new EventFlow(Call.begin(transport.open(post), context), {
          cutter: new EventCutter(new SseSplitter(maxEventBytes), reader, malformedEvents),
          failures: ProviderFailures.make(protocol, operation, target, secrets),
          secrets,
          headersTimeout: timeouts.headers,
          forms: operation.forms,
          isUsable: (answer) =>
            operation.isUsable(own?.normalise(answer) ?? answer, request.body, own?.mayBeEmpty),
          most: limits.answer,
          context
        })
      })
    }
  }
}

/** Throws if the options are invalid. */
const check = (options: Options): void => {
  const where = `the provider ${JSON.stringify(options.name)}`
  const bytes = Checks.number("a number of bytes, at least 1", { least: 1, most: Number.POSITIVE_INFINITY })
  const strategy = Checks.oneOf(strategies)
  Checks.refuse(where, [
    ...ProviderKeys.problems(options),
    ...Checks.fieldProblems(options, {
      name: Checks.name,
      baseUrl: Checks.httpUrl,
      strategy,
      maxEventBytes: bytes,
      maxAnswerBytes: bytes
    }),
    ...(options.credentials ?? []).flatMap((credential) => [
      ...Checks.fieldProblems(
        credential,
        { baseUrl: Checks.httpUrl },
        { path: `the credential ${JSON.stringify(credential.name)}: ` }
      )
    ])
  ])
  if (options.credentials !== undefined) Credential.checkAll(where, options.credentials)
  PolicyChecks.check(`the policy of ${where}`, options.policy)
}

const keysOf = (credentials: ReadonlyArray<Credential.Credential>): ReadonlyArray<string> =>
  credentials.flatMap(({ apiKey }) => (apiKey === undefined ? [] : [Redacted.value(apiKey)]))

/** The secrets to redact for a target: the given ones, or the keys of the provider and of the target's credential. */
const secretsBy = (
  credentials: ReadonlyArray<Credential.Credential>,
  given: Secrets.Secrets | undefined
): ((target: Target) => Secrets.Secrets) => {
  const shared = given ?? Secrets.make(keysOf(credentials))
  const known = new WeakMap<Credential.Credential, Secrets.Secrets>()
  for (const credential of credentials) known.set(credential, shared)
  return ({ credential }) => {
    const found = known.get(credential)
    if (found !== undefined) return found
    const made = Secrets.make(keysOf([...credentials, credential]))
    known.set(credential, made)
    return made
  }
}

const noAddress = (baseUrl: string, target: Target): Transient | BadRequest =>
  BaseUrl.isInPath(target.credential.baseUrl ?? baseUrl)
    ? new BadRequest({
        target: target.key,
        reason: "Invalid",
        message: "the name of the model cannot be part of the provider's URL",
        evidence: "base URL"
      })
    : new Transient({
        target: target.key,
        reason: "Connection",
        message:
          "the base URL of the provider or the credential is not an HTTP URL, or has {model} in its host",
        evidence: "base URL"
      })

/** Only code without type checks can name another operation. The message lists the known ones. */
const noOperation = <Name extends string>(
  { operations }: Protocol<Name>,
  target: Target,
  operation: string
): BadRequest =>
  new BadRequest({
    target: target.key,
    reason: "Invalid",
    message: `there is no operation ${Checks.quoted(operation)}; the operations are ${Object.keys(operations).join(", ")}`
  })

const noStream = (target: Target, operation: string): BadRequest =>
  new BadRequest({ target: target.key, reason: "Invalid", message: `${operation} cannot be streamed` })
