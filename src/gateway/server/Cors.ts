/**
 * Which web origins may call the gateway and read its answers (`server.cors`). None by default. Only `/v1/…`
 * is allowed, never the admin API or the status page.
 *
 * https://fetch.spec.whatwg.org/#http-cors-protocol
 */
import type { ServerResponse } from "node:http"
import type { Headers } from "./NodeAnswer.ts"

/**
 * Sets the CORS headers of an answer. Returns `preflight` if the request is a preflight request, which needs
 * no other answer.
 */
export type Cors = (
  headers: Headers,
  method: string,
  path: string,
  response: ServerResponse
) => "preflight" | undefined

/** Response headers that a page may read, besides the safelisted ones. */
const exposed = [
  "retry-after",
  "x-failover-attempts",
  "x-failover-dropped",
  "x-failover-estimated",
  "x-failover-target",
  "x-failover-trail",
  "x-request-id"
].join(", ")

/** The longest list of request headers that is accepted, in characters; browsers send shorter ones. */
const longestList = 2_000

/** Makes the function for the origins of a config; `undefined` without origins. */
export const make = (origins: ReadonlyArray<string>): Cors | undefined => {
  if (origins.length === 0) return undefined
  const allowed = new Set(origins.map((origin) => origin.toLowerCase()))
  return (headers, method, path, response) => {
    if (!path.startsWith("/v1/")) return undefined
    response.setHeader("vary", "origin")
    const { origin } = headers
    if (origin === undefined || !allowed.has(origin.toLowerCase())) return undefined
    response.setHeader("access-control-allow-origin", origin)
    const asked = headers["access-control-request-method"]
    if (method !== "OPTIONS" || asked === undefined) {
      response.setHeader("access-control-expose-headers", exposed)
      return undefined
    }
    response.setHeader("access-control-allow-methods", "GET, POST")
    response.setHeader("access-control-max-age", "600")
    const wanted = headers["access-control-request-headers"]
    if (wanted !== undefined && wanted.length <= longestList && /^[\w\s,-]+$/.test(wanted)) {
      response.setHeader("access-control-allow-headers", wanted)
    }
    return "preflight"
  }
}
