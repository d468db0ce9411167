/**
 * What providers answer when they do not answer: the faults that a scenario can name, in the words of each protocol.
 *
 * These are the providers' own statuses, headers and bodies, so what a fault means is found out by the classifier, as
 * it is in earnest. https://platform.openai.com/docs/guides/error-codes, https://docs.anthropic.com/en/api/errors
 */
import * as Shapes from "./Shapes.ts"

/** What a simulated provider does with a call. Times are milliseconds. */
export type Act =
  /** The first word after `firstWord`, the last after `whole`; cut off, or silent, after so many words where that is said. */
  | {
      readonly _tag: "Answer"
      readonly firstWord: number
      readonly whole: number
      readonly cutAfter?: number | undefined
      readonly hangAfter?: number | undefined
    }
  | {
      readonly _tag: "Refuse"
      readonly status: number
      readonly headers: Readonly<Record<string, string>>
      readonly body: string
      /** After so many milliseconds instead of the usual ones. */
      readonly after?: number | undefined
    }
  /** The connection is refused. */
  | { readonly _tag: "Unreachable"; readonly after?: number | undefined }
  /** Takes the request and says nothing. */
  | { readonly _tag: "Timeout" }

/** What a fault can be told. */
export interface Details {
  /** In milliseconds. */
  readonly retryAfter?: number | undefined
  readonly factor?: number | undefined
  readonly afterWords?: number | undefined
  readonly perMinute?: number | undefined
  readonly slots?: number | undefined
  readonly queue?: number | undefined
}

/** A call that meets a fault. */
export interface Met extends Details {
  readonly protocol: Shapes.ProtocolName
  readonly model: string
  /** What it would have been answered. */
  readonly normal: Extract<Act, { readonly _tag: "Answer" }>
}

/** How often a slow provider takes its usual time, when nothing is said. */
export const defaultFactor = 5

/** How many requests a minute a capped provider takes, and how many at once a crowded one, when nothing is said. */
export const defaultPerMinute = 60
export const defaultSlots = 10

type Row = readonly [status: number, code: string, message: string]

const refuse = (
  { model, protocol, retryAfter }: Met,
  rows: { readonly [P in Shapes.ProtocolName]: (model: string) => Row }
): Act => {
  const [status, code, message] = rows[protocol](model)
  return {
    _tag: "Refuse",
    status,
    // Whole seconds, as the header takes them.
    headers: retryAfter === undefined ? {} : { "retry-after": String(Math.ceil(retryAfter / 1000)) },
    body: Shapes.error(protocol, code, message)
  }
}

const throttled = (met: Met): Act =>
  refuse(met, {
    openai: (model) => [429, "rate_limit_exceeded", `Rate limit reached for ${model} on requests per min`],
    anthropic: () => [429, "rate_limit_error", "Number of requests has exceeded your rate limit"]
  })

const overloaded = (met: Met): Act =>
  refuse(met, {
    openai: () => [503, "server_overloaded", "The engine is currently overloaded, please try again later"],
    anthropic: () => [529, "overloaded_error", "Overloaded"]
  })

/** Every fault by its name in a scenario. `capped` and `crowded` are met by calls beyond what the provider takes. */
export const faults = {
  throttled,
  capped: throttled,
  overloaded,
  crowded: overloaded,
  serverError: (met: Met): Act =>
    refuse(met, {
      openai: () => [500, "server_error", "The server had an error while processing your request"],
      anthropic: () => [500, "api_error", "Internal server error"]
    }),
  unreachable: (): Act => ({ _tag: "Unreachable" }),
  silent: (): Act => ({ _tag: "Timeout" }),
  slow: ({ factor = defaultFactor, normal }: Met): Act => ({
    _tag: "Answer",
    firstWord: normal.firstWord * factor,
    whole: normal.whole * factor
  }),
  cut: ({ afterWords = 0, normal }: Met): Act => ({ ...normal, cutAfter: afterWords }),
  hang: ({ afterWords = 0, normal }: Met): Act => ({ ...normal, hangAfter: afterWords }),
  invalidKey: (met: Met): Act =>
    refuse(met, {
      openai: () => [401, "invalid_api_key", "Incorrect API key provided"],
      anthropic: () => [401, "authentication_error", "invalid x-api-key"]
    }),
  noCredit: (met: Met): Act =>
    refuse(met, {
      openai: () => [429, "insufficient_quota", "You exceeded your current quota, please check your plan"],
      anthropic: () => [
        400,
        "invalid_request_error",
        "Your credit balance is too low to access the Anthropic API"
      ]
    }),
  modelGone: (met: Met): Act =>
    refuse(met, {
      openai: (model) => [404, "model_not_found", `The model ${model} does not exist`],
      anthropic: (model) => [404, "not_found_error", `model: ${model}`]
    }),
  badRequest: (met: Met): Act =>
    refuse(met, {
      openai: () => [400, "invalid_value", "Invalid value for 'messages'"],
      anthropic: () => [400, "invalid_request_error", "messages: at least one message is required"]
    }),
  contextExceeded: (met: Met): Act =>
    refuse(met, {
      openai: () => [400, "context_length_exceeded", "Your input exceeds the context window of this model"],
      anthropic: () => [400, "invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum"]
    })
} as const satisfies Record<string, (met: Met) => Act>

/** The name of a fault. */
export type FaultName = keyof typeof faults

/** The names of all faults. */
export const faultNames = Object.keys(faults) as ReadonlyArray<FaultName>

/** Which details a fault takes. */
export const detailsOf: { readonly [D in keyof Details]-?: ReadonlyArray<FaultName> } = {
  retryAfter: ["throttled", "capped", "overloaded"],
  factor: ["slow"],
  afterWords: ["cut", "hang"],
  perMinute: ["capped"],
  slots: ["crowded"],
  queue: ["crowded"]
}
