/**
 * The faults that a scenario can name, as the responses of each protocol.
 *
 * These are the providers' real statuses, headers and bodies, so the classifier has to work out what a fault means, as in
 * production. https://platform.openai.com/docs/guides/error-codes, https://docs.anthropic.com/en/api/errors
 */
import * as Shapes from "./Shapes.ts"

/** What a simulated provider does with a call. Times are milliseconds. */
export type Act =
  /** The first word after `firstWord`, the last after `whole`; it can break off, or stall, after a number of words. */
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
      /** Milliseconds until the refusal, instead of the usual ones. */
      readonly after?: number | undefined
    }
  /** The connection is refused. */
  | { readonly _tag: "Unreachable"; readonly after?: number | undefined }
  /** Takes the request and sends nothing. */
  | { readonly _tag: "Timeout" }

/** The settings of a fault. */
export interface Details {
  /** In milliseconds. */
  readonly retryAfter?: number | undefined
  readonly factor?: number | undefined
  readonly afterWords?: number | undefined
  readonly perMinute?: number | undefined
  readonly slots?: number | undefined
  readonly queue?: number | undefined
}

/** A call that a fault hits. */
export interface Met extends Details {
  readonly protocol: Shapes.ProtocolName
  readonly model: string
  /** The answer without the fault. */
  readonly normal: Extract<Act, { readonly _tag: "Answer" }>
}

/** The default factor by which a slow provider is slower. */
export const defaultFactor = 5

/** The default limits: of a capped provider in requests a minute, of a crowded one in requests at once. */
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
    // Whole seconds, as the header requires.
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

/** Every fault by its name in a scenario. `capped` and `crowded` hit only the calls beyond the provider's limit. */
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
