/** Who may call. */
import { hash, timingSafeEqual } from "node:crypto"
import * as Redacted from "effect/Redacted"
import { isLoopback, type Tokens } from "../../config/GatewayConfig.ts"
import * as TokenHash from "../../config/TokenHash.ts"
import { type Refusal, make as refuse } from "../http/Refusal.ts"

type Headers = Readonly<Record<string, string>>

/**
 * A function that says why a request may not come in; `undefined` when it may.
 *
 * A token stands in `authorization: Bearer …` or in `x-api-key`, as the two vendors' SDKs send it. The time it takes to
 * compare tells nothing.
 *
 * Without tokens the gateway listens on loopback only, where a web page could still reach it through the browser of
 * whoever has both open; so a request that says it comes from a page of another host is turned away, unless its origin is
 * among `cors`.
 */
export const make = (
  tokens: Tokens,
  cors: ReadonlyArray<string> = []
): ((headers: Headers) => Refusal | undefined) => {
  if (tokens === "none") return () => undefined
  if (tokens.length === 0) return fromElsewhere(new Set(cors.map((origin) => origin.toLowerCase())))
  const isKnown = verifier(tokens)
  return (headers) =>
    isKnown(bearer(headers.authorization)) || isKnown(headers["x-api-key"]) ? undefined : unauthorized
}

/**
 * A function that says whether a text is one of the tokens. They are kept and compared as hashes, and all of them every
 * time.
 */
export const verifier = (
  tokens: ReadonlyArray<Redacted.Redacted>
): ((token: string | undefined) => boolean) => {
  const digests = tokens.map((token) => TokenHash.bytes(Redacted.value(token)))
  return (token) => {
    if (token === undefined || token === "") return false
    const asked = digest(token)
    let found = false
    for (const known of digests) found = timingSafeEqual(known, asked) || found
    return found
  }
}

const unauthorized = refuse(
  401,
  "invalid_api_key",
  "this gateway wants one of its tokens, as `authorization: Bearer …` or `x-api-key: …`",
  { headers: { "www-authenticate": "Bearer" } }
)

/** By way of a string, which costs a third of what a buffer does. */
const digest = (text: string): Buffer => Buffer.from(hash("sha256", text, "binary"), "binary")

/** The token in a header `authorization: Bearer …`. */
export const bearer = (authorization: string | undefined): string | undefined =>
  authorization === undefined ? undefined : /^bearer +(.+)$/i.exec(authorization)?.[1]

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
          "a gateway without tokens takes no requests from pages of other hosts"
        )
