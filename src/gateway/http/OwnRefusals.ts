/** The refusals of requests that reach no provider, whatever is in their bodies. */
import { make, type Refusal } from "./Refusal.ts"
import { modelsPath, type Route, routes } from "./Route.ts"

const soon = { headers: { "retry-after": "1" } }

/** More requests are in flight than `server.maxConcurrent` allows. */
export const full: Refusal = make(503, "too_many_requests_in_flight", "too many requests in flight", soon)

/** A defect of the gateway. */
export const internalError: Refusal = make(500, "internal_error", "an internal error of the gateway")

/** The gateway stopped before the request was answered. */
export const stopped: Refusal = make(
  503,
  "stopping",
  "the gateway stopped before the request was answered",
  soon
)

const last = { headers: { connection: "close" } }

/** The request could not be read, or could be read in two ways. */
export const malformed: Refusal = make(
  400,
  "malformed_request",
  "the request could not be read as HTTP/1.1",
  last
)

/** HTTP/1.1 requires the header: https://www.rfc-editor.org/rfc/rfc9112#section-3.2 */
export const noHost: Refusal = make(400, "malformed_request", "the request has no host header", last)

/** The request took longer than `server.timeouts.headers` or `server.timeouts.request`. */
export const tooSlow: Refusal = make(408, "request_timeout", "the request did not arrive in time")

/** The headers are larger than `server.maxHeaderBytes`. */
export const headersTooLarge: Refusal = make(
  431,
  "headers_too_large",
  "the headers of the request are larger than the limit"
)

/** Node's limit for what is between the sizes and the data of chunks. */
export const chunksTooLarge: Refusal = make(
  413,
  "chunk_extensions_too_large",
  "the chunk extensions of the body are larger than the limit"
)

/** Nothing has this path. Clients of other protocols (Ollama's `/api/chat`, Gemini's) learn which paths there are. */
export const notFound = (path: string): Refusal =>
  make(
    404,
    "not_found",
    `there is nothing at ${JSON.stringify(path.slice(0, 200))}; this gateway serves ${served}`
  )

const served = [...routes.keys(), modelsPath].join(", ")

/** Something has this path, but not for this method. */
export const notAllowed = (allow: string): Refusal =>
  make(405, "method_not_allowed", `only ${allow} is allowed here`, { headers: { allow } })

/** A refused WebSocket upgrade gets 426, so that the client switches to HTTP at once. */
export const notPost = (route: Route, upgrade: string | undefined): Refusal =>
  route.dialect === "responses" && upgrade?.toLowerCase() === "websocket" ? httpOnly : notAllowed("POST")

/** https://www.rfc-editor.org/rfc/rfc9110#section-15.5.22 requires the header. */
const httpOnly = make(
  426,
  "upgrade_required",
  "no WebSocket connection is accepted now: send a POST over HTTP",
  { headers: { upgrade: "HTTP/1.1", connection: "upgrade, close" } }
)
