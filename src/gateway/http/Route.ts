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

/** An operation that is passed on to targets of the called protocol, and answered whole. */
const untranslated = (protocol: ProtocolName, dialect: Dialect, operation: string): Route => ({
  protocol,
  dialect,
  operation,
  streams: false,
  translates: false,
  configuredFallbacks: false
})

/** An operation whose answers are a model's words. */
const answers = (protocol: ProtocolName, dialect: Dialect, operation: string): Route => ({
  protocol,
  dialect,
  operation,
  streams: true,
  translates: true,
  configuredFallbacks: true
})

/** The operations by path; all of them are POST. */
export const routes: ReadonlyMap<string, Route> = new Map<string, Route>(
  [
    answers("openai", "openai", "chat/completions"),
    // llama.cpp has it: https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md
    untranslated("openai", "openai", "chat/completions/input_tokens"),
    untranslated("openai", "openai", "embeddings"),
    answers("openai", "responses", "responses"),
    // https://developers.openai.com/api/docs/guides/conversation-state; Codex calls it
    untranslated("openai", "responses", "responses/compact"),
    // https://developers.openai.com/api/docs/guides/token-counting
    untranslated("openai", "responses", "responses/input_tokens"),
    { ...untranslated("openai", "openai", "completions"), streams: true },
    untranslated("anthropic", "anthropic", "messages/count_tokens"),
    answers("anthropic", "anthropic", "messages")
  ].map((route) => [`/v1/${route.operation}`, route])
)

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
 * The paths of Azure's clients: `/openai/deployments/NAME/chat/completions`, `/openai/v1/responses`, `/openai/responses`.
 * https://learn.microsoft.com/en-us/azure/ai-foundry/openai/reference
 */
const azure = /^\/openai(?:\/deployments\/([^/]+)|\/v1)?(\/.+)$/

/**
 * The model in a path of Azure; `undefined` if the path has none. It may be empty: then the request has no valid model.
 */
export const deploymentOf = (url: string): string | undefined => {
  if (!url.includes("/openai/")) return undefined
  const name = azure.exec(withoutQuery(url).replace(/\/{2,}/g, "/"))?.[1]
  try {
    return name === undefined ? undefined : decodeURIComponent(name)
  } catch {
    return ""
  }
}

const withoutQuery = (url: string): string => {
  const query = url.indexOf("?")
  return query === -1 ? url : url.slice(0, query)
}

/**
 * The path of a request, without the query and without trailing slashes. An API path may have empty segments
 * (`http://host/` + `/v1/messages`) and one `/v1` too few or too many, or be one of Azure's. All other paths are as they came: a proxy in front
 * that blocks `/admin` also blocks `//admin`.
 */
export const pathOf = (url: string): string => {
  let path = withoutQuery(url)
  if (routes.has(path)) return path
  path = withoutTrailingSlashes(path)
  const merged = path.replace(/\/{2,}/g, "/")
  return routes.has(merged) || merged === modelsPath
    ? merged
    : (aliases.get(merged) ?? aliases.get(azure.exec(merged)?.[2] ?? "") ?? path)
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

/** The protocol for errors of unknown paths. */
export const protocolOf = (path: string, headers: Readonly<Record<string, string>>): ProtocolName =>
  routes.get(path)?.protocol ??
  (path.startsWith("/v1/messages") || headers["anthropic-version"] !== undefined ? "anthropic" : "openai")
