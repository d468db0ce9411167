/**
 * The class of a bare HTTP status: the last rule, for bodies that decide nothing.
 *
 * Sources: RFC 9110 section 15 for the meaning of the numbers, and the pages named at the rows.
 */
import type { FailureClass } from "../../failure/Failure.ts"

const table: { readonly [status: number]: FailureClass } = {
  // https://platform.openai.com/docs/guides/error-codes and https://docs.anthropic.com/en/api/errors
  401: "InvalidKey",
  402: "Balance",
  403: "Forbidden",
  404: "ModelMissing",
  408: "ServerError",
  409: "ServerError",
  410: "ModelMissing",
  413: "TooLarge",
  429: "RateLimit",
  500: "ServerError",
  529: "Overloaded",
  // https://docs.fireworks.ai/guides/inference-error-codes: an issue with the account. No request here has a precondition.
  412: "Forbidden",
  // RFC 9110: the endpoint, or what it was to do, does not exist here; another target may have it.
  405: "Unsupported",
  501: "Unsupported",
  // RFC 9110: the proxy on our own side refuses the request, not the provider.
  407: "Connection",
  // RFC 9110: the URL or the header section is too long, the request came to the wrong server.
  414: "TooLarge",
  421: "Connection",
  431: "TooLarge",
  // https://api.twitter.com/ used it first; a few relays still send it for a throttle.
  420: "RateLimit",
  // RFC 4918, RFC 8470 and https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html
  423: "ServerError",
  424: "ServerError",
  425: "ServerError",
  // https://learn.microsoft.com/openspecs/windows_protocols/ms-wdv/: "retry with".
  449: "ServerError",
  // RFC 7725: not available here, perhaps elsewhere.
  451: "Forbidden",
  // https://nginx.org/en/docs/http/ngx_http_core_module.html: headers too large, closed without an answer, client gone.
  444: "Connection",
  494: "TooLarge",
  499: "ServerError",
  // https://console.groq.com/docs/errors: the flex tier has no capacity.
  498: "Overloaded",
  // RFC 9110
  502: "ServerError",
  503: "Overloaded",
  504: "ServerError",
  // https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors/
  520: "ServerError",
  521: "Connection",
  522: "Connection",
  523: "Connection",
  524: "ServerError",
  525: "Connection",
  526: "Connection",
  527: "Connection",
  530: "Connection",
  // RFC 6585: a captive portal answered.
  511: "Connection",
  // https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html
  460: "Connection",
  561: "ServerError"
}

/**
 * The class of an HTTP status; `undefined` for a status that is not an error, or an invalid one.
 *
 * Other 4xx are `Invalid`, other 5xx `ServerError`; an unfollowed redirect and a status of 0 are `Connection`.
 *
 * @example
 * import { fromStatus } from "./Status.ts"
 *
 * fromStatus(529) // => "Overloaded"
 * fromStatus(200) // => undefined
 */
export const fromStatus = (status: number | undefined): FailureClass | undefined => {
  if (status === undefined || !Number.isInteger(status)) return undefined
  const known = Object.hasOwn(table, status) ? table[status] : undefined
  if (known !== undefined) return known
  if (status === 0 || (status >= 300 && status < 400)) return "Connection"
  if (status >= 400 && status < 500) return "Invalid"
  return status >= 500 && status < 1000 ? "ServerError" : undefined
}

/** True for a number that can be an error status. */
export const isErrorStatus = (n: unknown): n is number =>
  typeof n === "number" && Number.isInteger(n) && n >= 400 && n < 600
