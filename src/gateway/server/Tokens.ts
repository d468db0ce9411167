/** Checks the tokens of callers. */
import { hash, timingSafeEqual } from "node:crypto"
import * as Redacted from "effect/Redacted"
import { isLoopback, type Tokens } from "../../config/GatewayConfig.ts"
import * as TokenHash from "../../config/TokenHash.ts"
import { type Refusal, make as refuse } from "../http/Refusal.ts"

type Headers = Readonly<Record<string, string>>

/**
 * Makes the check. It returns a refusal, or `undefined` if the request may proceed.
 *
 * A token comes in `authorization: Bearer …`, in `x-api-key` or in `api-key`, as the SDKs of OpenAI, Anthropic and
 * Azure send it. The comparison takes constant time.
 *
 * Without tokens the gateway listens on loopback only. A web page could still reach it through the user's
 * browser, so requests with the origin of another host are refused, unless the origin is in `cors`.
 */
export const make = (
  tokens: Tokens,
  cors: ReadonlyArray<string> = []
): ((headers: Headers) => Refusal | undefined) => {
  if (tokens === "none") return () => undefined
  if (tokens.length === 0) return fromElsewhere(new Set(cors.map((origin) => origin.toLowerCase())))
  const isKnown = verifier(tokens)
  return (headers) =>
    isKnown(bearer(headers.authorization)) || keyHeaders.some((name) => isKnown(headers[name]))
      ? undefined
      : unauthorized
}

/**
 * The headers with a token and nothing else: Anthropic's, and Azure's.
 * https://learn.microsoft.com/en-us/azure/ai-foundry/openai/reference
 */
export const keyHeaders = ["x-api-key", "api-key"] as const

/**
 * Makes a function that is true for the text of one of the tokens. Tokens are kept and compared as hashes,
 * and every token is compared every time.
 */
export const verifier = (
  tokens: ReadonlyArray<Redacted.Redacted>
): ((token: string | undefined) => boolean) => {
  const digests = tokens.map((token) => TokenHash.bytes(Redacted.value(token)))
  return (token) => {
    if (token === undefined || token === "") return false
    const given = digest(token)
    let found = false
    for (const known of digests) found = timingSafeEqual(known, given) || found
    return found
  }
}

const unauthorized = refuse(
  401,
  "invalid_api_key",
  "a token of this gateway is required, as `authorization: Bearer …`, `x-api-key: …` or `api-key: …`",
  { headers: { "www-authenticate": "Bearer" } }
)

/** As a string first: 0.3 instead of 0.6 µs. Within a request, where this code is cold, 2 instead of 4 µs (2026-11-30). */
const digest = (text: string): Buffer => Buffer.from(hash("sha256", text, "binary"), "binary")

/** The token in a header `authorization: Bearer …`. */
export const bearer = (authorization: string | undefined): string | undefined =>
  authorization === undefined ? undefined : /^bearer +(.+)$/i.exec(authorization)?.[1]

/**
 * All tokens of a request as one text, to tell callers apart: any of them may be the valid one, and another one a placeholder that
 * many clients share. Empty without a token.
 */
export const allOf = (headers: Headers): string => {
  let all = bearer(headers.authorization) ?? ""
  for (const name of keyHeaders) {
    const token = headers[name] ?? ""
    if (token !== "") all = all === "" ? token : `${all}\t${token}`
  }
  return all
}

/**
 * Makes a function that returns the valid token of a request, which tells its caller. A caller can make up everything else in a
 * request. `undefined` where a single token, or none, does not tell callers apart.
 */
export const callers = (tokens: Tokens): ((headers: Headers) => string | undefined) | undefined => {
  if (tokens === "none" || tokens.length < 2) return undefined
  const isKnown = verifier(tokens)
  return (headers) =>
    [bearer(headers.authorization), ...keyHeaders.map((name) => headers[name])].find((token) =>
      isKnown(token)
    )
}

const fromElsewhere =
  (allowed: ReadonlySet<string>) =>
  ({ origin }: Headers): Refusal | undefined =>
    origin === undefined ||
    allowed.has(origin.toLowerCase()) ||
    (URL.canParse(origin) && isLoopback(new URL(origin).hostname))
      ? undefined
      : refuse(
          403,
          "forbidden_origin",
          "a gateway without tokens accepts no requests from web pages of other hosts"
        )
