/** Builds the URL of a request from a base URL and an operation. */

/** The URL of a request, in two parts. */
export interface Endpoint {
  /** `https://api.openai.com` */
  readonly origin: string
  /** `/v1/chat/completions`, with the query if there is one. */
  readonly path: string
}

/** How the base URLs of a protocol are written. */
export interface Style {
  /** Whether the base URL ends in `/v1` (as in the `openai` package) or not (as in `@anthropic-ai/sdk`). */
  readonly versionInBase: boolean
}

/**
 * The URL of an operation under a base URL; `undefined` if that is not an HTTP URL.
 *
 * - A surplus or missing `/v1` is corrected; a missing one only if the base URL has no path at all, because many
 *   compatible servers have other prefixes (`/api/v3`, `/openai`).
 * - A base URL that already ends in the operation is taken as it is.
 * - `{model}` is replaced by the model's name, for servers that have it in the path (Azure's deployments). It is
 *   always exactly one path segment: for a name that cannot be one (`..`), or if it occurs before the path, there is no
 *   URL.
 * - A user name and a fragment are dropped.
 *
 * @example
 * endpoint("https://api.openai.com", "embeddings", { versionInBase: true })
 * // => { origin: "https://api.openai.com", path: "/v1/embeddings" }
 */
export const endpoint = (
  baseUrl: string,
  operation: string,
  style: Style,
  options: { readonly model?: string; readonly query?: Readonly<Record<string, string>> | undefined } = {}
): Endpoint | undefined => {
  const url = parse(named(baseUrl, options.model ?? ""))
  if (url === undefined) return undefined
  for (const [name, value] of Object.entries(options.query ?? {})) url.searchParams.set(name, value)
  const base = url.pathname.replace(/\/+$/, "")
  return { origin: url.origin, path: pathOf(base, operation, style) + url.search }
}

/** Model names come from requests, and a request must not choose where it is sent. */
const named = (baseUrl: string, model: string): string => {
  if (!baseUrl.includes("{model}")) return baseUrl
  // A lone surrogate cannot be encoded.
  const isPart = model !== "." && model !== ".." && !/\p{Surrogate}/u.test(model)
  return isPart && isInPath(baseUrl) ? baseUrl.replaceAll("{model}", () => encodeURIComponent(model)) : ""
}

/** Whether `{model}` occurs in the path or the query only: two different names give the same origin. */
export const isInPath = (baseUrl: string): boolean => {
  const [a, b] = [parse(baseUrl.replaceAll("{model}", "a")), parse(baseUrl.replaceAll("{model}", "b"))]
  return a !== undefined && b !== undefined && a.origin === b.origin
}

const pathOf = (base: string, operation: string, style: Style): string => {
  if (base.endsWith(`/${operation}`)) return base
  const unversioned = base.replace(/(\/v1)+$/, "")
  return base === unversioned && style.versionInBase && base !== ""
    ? `${base}/${operation}`
    : `${unversioned}/v1/${operation}`
}

/** Parses a base URL; `undefined` unless it is a valid HTTP URL. */
export const parse = (baseUrl: string): URL | undefined => {
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : undefined
  return url?.protocol === "https:" || url?.protocol === "http:" ? url : undefined
}
