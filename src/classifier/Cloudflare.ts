/**
 * Recognizes the errors of Cloudflare itself, in front of a provider: they have a number of their own, and different errors
 * have the same status.
 */
import type { Case } from "./Case.ts"
import type { SignalClass } from "./sentences/Row.ts"
import { read } from "./signals/Signal.ts"
import type { Verdict } from "./signals/Verdict.ts"

/** Source: https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-1xxx-errors/ */
const groups: ReadonlyArray<readonly [as: SignalClass, numbers: ReadonlyArray<number>]> = [
  // The network, the country or the client is banned; nothing was said about the key.
  ["Blocked", [1005, 1006, 1007, 1008, 1009, 1010, 1011, 1012, 1020, 1106]],
  // The name, the tunnel or the rewriting of the server is wrong.
  [
    "Connection",
    [
      1000, 1001, 1002, 1003, 1004, 1013, 1014, 1016, 1018, 1019, 1023, 1033, 1034, 1035, 1036, 1037, 1040,
      1041
    ]
  ],
  ["RateLimit", [1015]],
  // A Worker threw, or used up its time or memory; too many requests wait for one file.
  ["ServerError", [1101, 1102]],
  ["Overloaded", [1200]]
]

const table = new Map(groups.flatMap(([as, numbers]) => numbers.map((number) => [number, as] as const)))

/** `error code: 1010`, alone, or the number of the page for browsers. */
const inText = /^error code: (1\d{3})\b/
const inPage = /\bcf-error-code">\s*(1\d{3})</

/** The number in a header, in the JSON for `accept: application/json`, in a page or in a short text. */
const numberOf = (c: Case): number | undefined => {
  // https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-error-headers/
  const header = c.headers["cf-error-type"]
  if (header !== undefined && /^1\d{3}$/.test(header)) return Number(header)
  // https://developers.cloudflare.com/changelog/post/2026-03-11-json-rfc9457-responses-for-1xxx-errors/
  const root = c.reading.roots.find((value) => read(value, "cloudflare_error") === true)
  const field = read(root, "error_code")
  if (typeof field === "number") return field
  const page = c.reading.page.toLowerCase()
  const number = (c.reading.form === "text" ? inText : inPage).exec(page)?.[1]
  return number === undefined ? undefined : Number(number)
}

/** The verdict for an error of Cloudflare; `undefined` for anything else. */
export const byCloudflare = (c: Case): Verdict | undefined => {
  const number = numberOf(c)
  const as = number === undefined ? undefined : table.get(number)
  return as === undefined ? undefined : { as, evidence: `Cloudflare's error ${number}` }
}
