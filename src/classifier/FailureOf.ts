/** Builds the failure of a class, with a default message if the provider gave none. */
import * as Duration from "effect/Duration"
import * as Failure from "../failure/Failure.ts"

/** The facts besides the class. Times are in milliseconds, `until` is since the epoch, sizes are in tokens. */
export interface Facts {
  readonly message?: string | undefined
  readonly evidence?: string | undefined
  readonly target?: string | undefined
  readonly status?: number | undefined
  readonly cause?: unknown
  readonly waitMillis?: number | undefined
  readonly until?: number | undefined
  readonly limit?: number | undefined
  readonly actual?: number | undefined
  readonly onlyThisRequest?: true | undefined
}

const defaultMessages: { readonly [K in Failure.FailureClass]: string } = {
  RateLimit: "The provider throttles this target",
  InvalidKey: "The provider does not accept the key",
  Forbidden: "The provider refuses this account",
  Balance: "The account is out of credit or over its limit",
  ModelMissing: "The model is not available here",
  Blocked: "The request was turned away before it reached the model",
  Overloaded: "The provider is overloaded",
  ServerError: "The provider failed",
  Connection: "The provider could not be reached",
  Timeout: "The provider did not answer in time",
  Truncated: "The answer broke off",
  Empty: "The answer was empty",
  Malformed: "The answer could not be read",
  Unknown: "The call failed for an unknown reason",
  Local: "This process could not send the request",
  Invalid: "The provider rejects the request",
  ContentPolicy: "The provider refuses the content of the request",
  MaxTokens: "The requested output is longer than the model may write",
  TooLarge: "The request is too large",
  Unsupported: "The model cannot take this request",
  ContextExceeded: "The prompt is longer than the model's window"
}

/** An object with the field, if it is set. */
const present = <K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } =>
  (value === undefined ? {} : { [key]: value }) as { readonly [P in K]?: V }

/**
 * The failure of a class. A wait becomes `retryAfter` on `RateLimit` and `Transient`. Only `AuthDead` keeps `until`,
 * only `ContextExceeded` keeps `limit` and `actual`.
 *
 * @example
 * import { failureOf } from "./FailureOf.ts"
 *
 * failureOf("Overloaded", { status: 529 }).message // => "The provider is overloaded (HTTP 529)"
 */
export const failureOf = (as: Failure.FailureClass, facts: Facts = {}): Failure.Failure => {
  const common = {
    message:
      facts.message ?? `${defaultMessages[as]}${facts.status === undefined ? "" : ` (HTTP ${facts.status})`}`,
    ...present("evidence", facts.evidence),
    ...present("target", facts.target),
    ...present("status", facts.status),
    ...present("cause", facts.cause)
  }
  const retryAfter = present(
    "retryAfter",
    facts.waitMillis === undefined ? undefined : Duration.millis(facts.waitMillis)
  )
  const onlyThisRequest = present("onlyThisRequest", facts.onlyThisRequest)
  switch (as) {
    case "RateLimit":
      return new Failure.RateLimit({ ...common, ...retryAfter, ...onlyThisRequest })
    case "InvalidKey":
    case "Forbidden":
    case "Balance":
    case "ModelMissing":
    case "Blocked":
      return new Failure.AuthDead({
        ...common,
        reason: as,
        ...present("until", facts.until),
        ...onlyThisRequest
      })
    case "Invalid":
    case "ContentPolicy":
    case "MaxTokens":
    case "TooLarge":
    case "Unsupported":
      return new Failure.BadRequest({ ...common, reason: as })
    case "ContextExceeded":
      return new Failure.ContextExceeded({
        ...common,
        ...present("limit", facts.limit),
        ...present("actual", facts.actual)
      })
    default:
      return new Failure.Transient({ ...common, reason: as, ...retryAfter })
  }
}
