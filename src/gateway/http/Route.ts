/** The HTTP routes: which paths are passed on to providers, and in which protocol. */
import type { ProtocolName } from "../../config/GatewayConfig.ts"
import type { Dialect } from "../../translate/index.ts"

/** One operation that is passed on to providers. */
export interface Route {
  readonly protocol: ProtocolName
  /** The format of requests and answers, for the translation. */
  readonly dialect: Dialect
  /** The path of the operation at a provider, below its base URL. */
  readonly operation: string
  readonly streams: boolean
  /**
   * Whether requests can be translated for providers with another protocol. If not, those providers are
   * skipped.
   */
  readonly translates: boolean
  /**
   * Whether the configured fallbacks are added to its chains. They are chat models, so not for other
   * operations: an embedding or a token count of another model is not equivalent, and a provider that refuses
   * the operation would be benched for nothing.
   */
  readonly configuredFallbacks: boolean
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
      configuredFallbacks: true
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
      configuredFallbacks: false
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
      configuredFallbacks: true
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
      configuredFallbacks: false
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
      configuredFallbacks: false
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
      configuredFallbacks: true
    }
  ]
])

/** The list of models. */
export const modelsPath = "/v1/models"

/** Paths that the gateway answers itself. */
const pages: ReadonlySet<string> = new Set(["/", modelsPath, "/healthz", "/readyz", "/metrics"])

/** A request's route, for metrics and logs: its path if the path is known, `/admin`, or `other`. */
export const routeOf = (url: string): string => {
  const path = pathOf(url)
  if (routes.has(path) || pages.has(path)) return path
  return path === "/admin" || path.startsWith("/admin/") ? "/admin" : "other"
}

/**
 * Paths of clients with one `/v1` too few or too many in the base URL: OpenAI's clients expect it in the base URL, and
 * Anthropic's add it themselves.
 */
const aliases: ReadonlyMap<string, string> = new Map(
  [...routes.keys(), modelsPath].flatMap((path) => [
    [path.slice("/v1".length), path],
    [`/v1${path}`, path]
  ])
)

/**
 * The path of a request, without the query and without trailing slashes. An API path may have empty segments
 * (`http://host/` + `/v1/messages`) and one `/v1` too few or too many. All other paths are as they came: a proxy in front
 * that blocks `/admin` also blocks `//admin`.
 */
export const pathOf = (url: string): string => {
  const query = url.indexOf("?")
  let path = query === -1 ? url : url.slice(0, query)
  if (routes.has(path)) return path
  path = withoutTrailingSlashes(path)
  const merged = path.replace(/\/{2,}/g, "/")
  return routes.has(merged) || merged === modelsPath ? merged : (aliases.get(merged) ?? path)
}

/** A loop, since a pattern such as `/+$` takes quadratic time for a path of slashes. */
const withoutTrailingSlashes = (path: string): string => {
  let end = path.length
  while (end > 1 && path[end - 1] === "/") end--
  return path.slice(0, end)
}

const single = /^(?:\/v1){0,2}\/models\/(.+)$/

/** The name in the path of a single model, such as `/v1/models/openai/gpt-5.2`; `undefined` for other paths. */
export const modelOf = (path: string): string | undefined => {
  const name = single.exec(path)?.[1]
  try {
    return name === undefined ? undefined : decodeURIComponent(name)
  } catch {
    return undefined
  }
}

/** The format that callers of a path use. */
export const dialectOf = (path: string, protocol: ProtocolName): Dialect =>
  routes.get(path)?.dialect ?? protocol

/** The protocol for errors of unknown paths. */
export const protocolOf = (path: string, headers: Readonly<Record<string, string>>): ProtocolName =>
  routes.get(path)?.protocol ??
  (path.startsWith("/v1/messages") || headers["anthropic-version"] !== undefined ? "anthropic" : "openai")
