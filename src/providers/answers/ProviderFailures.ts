/** Turns a response that is not an answer into a failure. */
import * as Effect from "effect/Effect"
import { classify } from "../../classifier/Classifier.ts"
import type { Target } from "../../domain/Target.ts"
import { BadRequest, classOf, type Failure, Transient } from "../../failure/Failure.ts"
import type { Secrets } from "../../redaction/Secrets.ts"
import * as MonotonicClock from "../../time/MonotonicClock.ts"
import { beginningOf, mismatch, pageInstead } from "../forms/FormOf.ts"
import type { Operation, Protocol } from "../protocols/Protocol.ts"
import type { Head, TransportError } from "../transport/Transport.ts"
import { ProviderResponse } from "../wire/ProviderResponse.ts"

/** The most text of an error response that is inspected and kept, in characters. */
export const maxText = 64 * 1024

/** The most of it that is read, in bytes: a key across the end of the text is then read whole, and redacted. */
export const maxBytes = maxText + 4096

/** How long the body of an error may take, in milliseconds. */
export const errorWait = 2_000

/** Makes the failures of one target. */
export interface ProviderFailures {
  /** A response, or an event of a stream, that is an error. */
  readonly response: (
    head: Head,
    body: Uint8Array | string,
    options?: { readonly inStream?: boolean }
  ) => Effect.Effect<never, Failure>
  /** The connection failed. */
  readonly transport: (error: TransportError) => Effect.Effect<never, Failure>
  /** A part of the answer cannot be read. */
  readonly malformed: (message: string) => Effect.Effect<never, Failure>
  /** The answer ends before it is complete. */
  readonly endsEarly: Effect.Effect<never, Failure>
  /** The headers did not arrive in time. */
  readonly headersTimeout: Effect.Effect<never, Failure>
}

/** The failures of a target during an operation. */
export const make = (
  protocol: Protocol,
  operation: Pick<Operation, "isOptional" | "path">,
  target: Target,
  secrets: Secrets
): ProviderFailures => {
  const common = { provider: target.provider, protocol: protocol.name, target: target.key }
  return {
    response: (head, body, options) =>
      Effect.flatMap(MonotonicClock.currentTimeMillis, (now) => {
        const text = secrets.text(typeof body === "string" ? body : new TextDecoder().decode(body))
        const excerpt = text.length > maxText ? text.slice(0, maxText) : text
        const other = head.status < 300 ? mismatch(parsed(text), operation.path, target.provider) : undefined
        if (other !== undefined) return Effect.fail(inOtherForm(target, other, operation.isOptional === true))
        const page = head.status < 300 ? pageInstead(text, target.provider) : undefined
        if (page !== undefined) return Effect.fail(inOtherForm(target, page, false))
        const contentType = first(head.headers["content-type"])
        const failure = classify({
          ...common,
          status: head.status,
          headers: secrets.headers(firstOf(head.headers)),
          body: excerpt,
          inStream: options?.inStream,
          now,
          cause: new ProviderResponse({
            status: head.status,
            contentType,
            protocol: protocol.name,
            body: excerpt
          })
        })
        return Effect.fail(operation.isOptional === true ? unknownHere(failure) : failure)
      }),
    transport: (error) =>
      error.tooLarge
        ? malformed(target, "the answer exceeds the size limit")
        : Effect.suspend(() => {
            const cause = bare(error.cause, secrets)
            const failure = classify({ ...common, transport: cause, cause })
            return Effect.fail(error.answered ? truncated(failure) : failure)
          }),
    malformed: (message) => malformed(target, message),
    endsEarly: Effect.suspend(() => Effect.fail(endsEarly(target))),
    headersTimeout: Effect.suspend(() =>
      Effect.fail(
        new Transient({
          target: target.key,
          reason: "Timeout",
          message: `no response headers within ${target.policy.timeouts.headers} ms`,
          evidence: "timeout=headers"
        })
      )
    )
  }
}

/** A server may lack an optional operation, and answer the others well. */
const inOtherForm = (target: Target, message: string, isOptional: boolean): Failure =>
  isOptional
    ? new BadRequest({ target: target.key, reason: "Unsupported", message, evidence: "form" })
    : new Transient({ target: target.key, reason: "Malformed", message, evidence: "form" })

/** The answer, or what shows its form: a long one is cut. */
const parsed = (text: string): unknown => {
  if (!text.trimStart().startsWith("{")) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return text.length < maxText ? undefined : beginningOf(text.slice(0, 2_000))
  }
}

/**
 * A copy of a thrown error with only what shows its kind: undici's parser error, for example, holds the bytes it
 * could not parse, which may be anything.
 */
const bare = (thrown: unknown, secrets: Secrets, depth = 0): Error => {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown))
  const copy = new Error(secrets.text(error.message))
  copy.name = error.name
  if (error.stack !== undefined) copy.stack = secrets.text(error.stack)
  const { cause, code, errors } = error as { cause?: unknown; code?: unknown; errors?: unknown }
  if (code !== undefined) Object.assign(copy, { code })
  if (cause !== undefined && depth < 3) copy.cause = bare(cause, secrets, depth + 1)
  if (Array.isArray(errors) && depth < 3) {
    Object.assign(copy, { errors: errors.slice(0, 8).map((one) => bare(one, secrets, depth + 1)) })
  }
  return copy
}

/**
 * A model that is missing for an optional operation may still serve the others; `model_not_found` means it does not
 * exist at all.
 */
const unknownHere = (failure: Failure): Failure => {
  if (classOf(failure) !== "ModelMissing" || failure.evidence === "code=model_not_found") return failure
  const { target, evidence, cause, message } = failure
  return new BadRequest({
    ...(target !== undefined && { target }),
    ...(evidence !== undefined && { evidence }),
    ...(cause !== undefined && { cause }),
    reason: "Unsupported",
    message
  })
}

/** The connection ended after the answer had begun, so the answer is truncated. */
const truncated = (failure: Failure): Failure => {
  const { target, evidence, cause } = failure
  return new Transient({
    ...(target !== undefined && { target }),
    ...(evidence !== undefined && { evidence }),
    ...(cause !== undefined && { cause }),
    reason: "Truncated",
    message: "the connection ended in the middle of the answer"
  })
}

/** The answer came as events that end early. */
export const endsEarly = (target: Target): Failure =>
  new Transient({
    target: target.key,
    reason: "Truncated",
    message: "the answer came as events that end before it is complete"
  })

const malformed = (target: Target, message: string): Effect.Effect<never, Failure> =>
  Effect.suspend(() => Effect.fail(new Transient({ target: target.key, reason: "Malformed", message })))

/** The first value of each header. */
const firstOf = (headers: Head["headers"]): Record<string, string> => {
  const firsts: Record<string, string> = {}
  for (const name of Object.keys(headers)) {
    const value = first(headers[name])
    if (value !== undefined) firsts[name] = value
  }
  return firsts
}

const first = (value: string | ReadonlyArray<string> | undefined): string | undefined =>
  typeof value === "string" ? value : value?.[0]
