/** The parsed form of a signal, which the rules work on. */
import { type Reading, readBody } from "./body/Body.ts"
import { bareView, type Code, type ErrorView } from "./body/ErrorView.ts"
import { epochMillis, isFields, lowerHeaders, read, readString, type Signal } from "./signals/Signal.ts"
import { prepare } from "./signals/Texts.ts"
import { chainOf } from "./signals/TransportErrors.ts"

/** The facts of a failed call; reading them cannot throw. */
export interface Case {
  readonly provider: string | undefined
  readonly target: string | undefined
  readonly status: number | undefined
  readonly headers: { readonly [name: string]: string }
  readonly reading: Reading
  /** The errors in the body, innermost first, including the codes in headers. */
  readonly views: ReadonlyArray<ErrorView>
  /** The text of each view, prepared for matching. */
  readonly texts: ReadonlyArray<string>
  readonly now: number | undefined
  /**
   * The time of the response by the responder's clock: its `date` header, or else `now`. Points in time in a response
   * are compared with it, because that clock may differ from ours.
   */
  readonly repliedAt: number | undefined
  readonly transport: unknown
  readonly cause: unknown
}

/** True if there is no status or a success: then only the body shows the error. */
export const hasNoErrorStatus = (status: number | undefined): boolean =>
  status === undefined || (status >= 100 && status < 300)

/** Machine values in headers. */
const headerCodes = (headers: Case["headers"]): ReadonlyArray<Code> =>
  // https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html; event stream frames
  ["x-amzn-errortype", ":exception-type", ":error-code", "x-ms-error-code", "x-error-code"].flatMap(
    (field) => {
      const value = headers[field]
      return value === undefined || value === "" ? [] : [{ field, value }]
    }
  )

const withHeaderCodes = (
  views: ReadonlyArray<ErrorView>,
  codes: ReadonlyArray<Code>,
  text: string
): ReadonlyArray<ErrorView> => {
  if (codes.length === 0) return views
  const outer = views.at(-1)
  return [...views.slice(0, -1), { ...(outer ?? bareView(text)), codes: [...codes, ...(outer?.codes ?? [])] }]
}

/** A value as an HTTP status; also accepts three digits in a string. */
export const statusOf = (value: unknown): number | undefined => {
  const number = typeof value === "string" && /^\d{3}$/.test(value) ? Number(value) : value
  return typeof number === "number" && Number.isInteger(number) && number >= 0 && number < 1000
    ? number
    : undefined
}

/** The response inside an error of an SDK or fetch wrapper. */
const answerIn = (
  transport: unknown
): { readonly status: number; readonly headers: unknown; readonly body: unknown } | undefined => {
  for (const link of chainOf(transport)) {
    const response = read(link, "response")
    const status = [
      read(link, "status"),
      read(link, "statusCode"),
      read(response, "status"),
      read(response, "statusCode")
    ]
      .map(statusOf)
      .find((s) => s !== undefined && s >= 300)
    if (status === undefined) continue
    const body = ["responseBody", "body", "error", "data"]
      .map((key) => read(link, key))
      .find((b) => b !== undefined && b !== null)
    const inner = ["data", "body", "_data"]
      .map((key) => read(response, key))
      .find((b) => b !== undefined && b !== null)
    const headers = read(link, "responseHeaders") ?? read(link, "headers") ?? read(response, "headers")
    return { status, headers, body: inner ?? body ?? readString(link, "message") }
  }
  return undefined
}

/** Parses a signal. */
export const readCase = (signal: Signal): Case => {
  const transport = read(signal, "transport")
  const given = statusOf(read(signal, "status"))
  const answer = given === undefined && isFields(transport) ? answerIn(transport) : undefined
  const status = given ?? answer?.status
  const headers = lowerHeaders(answer?.headers ?? read(signal, "headers"))
  const provider = readString(signal, "provider")
  const reading = readBody(answer?.body ?? read(signal, "body"), provider)
  const views = withHeaderCodes(reading.views, headerCodes(headers), headers[":error-message"] ?? "")
  const clock = read(signal, "now")
  const date = epochMillis(headers.date)
  // A time that the caller gives takes precedence.
  const now = epochMillis(clock) ?? date
  return {
    provider,
    target: readString(signal, "target"),
    status,
    headers,
    reading,
    views,
    texts: views.map((view) => prepare(view.text)),
    now,
    repliedAt: date ?? now,
    transport,
    cause: read(signal, "cause")
  }
}
