/** What can be called, and in which protocol. */
import type { ProtocolName } from "../../config/GatewayConfig.ts"
import type { Dialect } from "../../translate/index.ts"

/** One operation that is passed on to providers. */
export interface Route {
  readonly protocol: ProtocolName
  /** What its callers speak, which tells the translation. */
  readonly dialect: Dialect
  /** The providers' name for it. */
  readonly operation: string
  readonly streams: boolean
  /** Whether models that speak another protocol can be asked too; where not, they are passed by. */
  readonly translates: boolean
  /**
   * Whether the configured fallbacks follow in its chains. They are models that chat, so not where something else is
   * asked for: another model's vector or count is no answer, and what is refused for trying would rest for nothing.
   */
  readonly fallsBack: boolean
}

/** The operations by path; all of them are POST. */
export const routes: ReadonlyMap<string, Route> = new Map<string, Route>([
  [
    "/v1/chat/completions",
    {
      protocol: "openai",
      dialect: "openai",
      operation: "chat/completions",
      streams: true,
      translates: true,
      fallsBack: true
    }
  ],
  [
    "/v1/embeddings",
    {
      protocol: "openai",
      dialect: "openai",
      operation: "embeddings",
      streams: false,
      translates: false,
      fallsBack: false
    }
  ],
  [
    "/v1/responses",
    {
      protocol: "openai",
      dialect: "responses",
      operation: "responses",
      streams: true,
      translates: true,
      fallsBack: true
    }
  ],
  [
    "/v1/completions",
    {
      protocol: "openai",
      dialect: "openai",
      operation: "completions",
      streams: true,
      translates: false,
      fallsBack: false
    }
  ],
  [
    "/v1/messages/count_tokens",
    {
      protocol: "anthropic",
      dialect: "anthropic",
      operation: "messages/count_tokens",
      streams: false,
      translates: false,
      fallsBack: false
    }
  ],
  [
    "/v1/messages",
    {
      protocol: "anthropic",
      dialect: "anthropic",
      operation: "messages",
      streams: true,
      translates: true,
      fallsBack: true
    }
  ]
])

/** What is there besides the operations. */
const pages: ReadonlySet<string> = new Set(["/", "/v1/models", "/healthz", "/readyz", "/metrics"])

/** A request's route as one of a few words, whatever clients call: its path if it leads anywhere, `/admin`, or `other`. */
export const routeOf = (url: string): string => {
  const path = pathOf(url)
  if (routes.has(path) || pages.has(path)) return path
  return path === "/admin" || path.startsWith("/admin/") ? "/admin" : "other"
}

/** The path of a request's target: without its query, and without slashes at its end. */
export const pathOf = (url: string): string => {
  const query = url.indexOf("?")
  const path = query === -1 ? url : url.slice(0, query)
  return path.length > 1 && path.endsWith("/") ? path.replace(/\/+$/, "") || "/" : path
}

/** What callers of a path speak. */
export const dialectOf = (path: string, protocol: ProtocolName): Dialect =>
  routes.get(path)?.dialect ?? protocol

/** In whose shape to talk to somebody who called something that is not there. */
export const protocolOf = (path: string, headers: Readonly<Record<string, string>>): ProtocolName =>
  routes.get(path)?.protocol ??
  (path.startsWith("/v1/messages") || headers["anthropic-version"] !== undefined ? "anthropic" : "openai")
