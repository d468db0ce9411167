/** Error answers: HTTP status, code, message and headers. */

/** An error answer of the gateway. */
export interface Refusal {
  readonly _tag: "Refusal"
  readonly status: number
  /** A code for programs, such as `model_not_found`. */
  readonly code: string
  /** The field of the request that caused it. */
  readonly param?: string | undefined
  readonly message: string
  readonly headers?: Readonly<Record<string, string>> | undefined
}

/** Makes an error answer of the gateway. */
export const make = (
  status: number,
  code: string,
  message: string,
  more: Pick<Refusal, "param" | "headers"> = {}
): Refusal => ({ _tag: "Refusal", status, code, message, ...more })

/**
 * A provider's error answer to a bad request, passed on with any quoted key redacted, and translated if the
 * caller uses another protocol.
 */
export interface PassedOn {
  readonly _tag: "PassedOn"
  readonly status: number
  readonly contentType: string
  readonly body: string
}

/** The requested model does not exist. */
export const unknownModel = (message: string, param: string): Refusal =>
  make(404, "model_not_found", message, { param })

/** True when the request itself is at fault, rather than the targets. */
export const isCallersFault = (refusal: Refusal | PassedOn): boolean =>
  refusal._tag === "PassedOn" || (refusal.status < 500 && refusal.status !== 429)

/** The error code for a prompt that is too long. */
export const contextExceeded = "context_length_exceeded"

/**
 * The header `retry-after` for a time: whole seconds, at least 1, rounded up so that no retry comes too
 * early.
 */
export const retryAfter = (retryAt: number | undefined, now: number): Refusal["headers"] =>
  retryAt === undefined
    ? undefined
    : { "retry-after": String(Math.max(1, Math.ceil((retryAt - now) / 1000))) }
