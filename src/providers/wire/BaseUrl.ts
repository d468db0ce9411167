/** From a base URL and an operation to the address of a request. */

/** Where a request goes. */
export interface Endpoint {
  /** `https://api.openai.com` */
  readonly origin: string
  /** `/v1/chat/completions`, with the query if there is one. */
  readonly path: string
}

/** How a protocol's base URLs are meant. */
export interface Style {
  /** Does the base URL end in `/v1` (as the `openai` package takes it) or not (as `@anthropic-ai/sdk` does)? */
  readonly versionInBase: boolean
}

/**
 * The address of an operation under a base URL; `undefined` when that is no HTTP URL.
 *
 * - One `/v1` too many or too few is put right; too few only where the base URL has no path at all, because many
 *   compatible servers have other prefixes (`/api/v3`, `/openai`).
 * - A base URL that already ends in the operation is taken as it is.
 * - `{model}` stands for the model's name, for servers that have it in the path (Azure's deployments). It is one part
 *   of the path whatever it holds, and never more: where it is none (`..`), or stands before the path, there is no address.
 * - A user name or a fragment in it is left out.
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

/** The names of models come from requests, and no request says where it goes. */
const named = (baseUrl: string, model: string): string => {
  if (!baseUrl.includes("{model}")) return baseUrl
  // Half a character cannot be encoded.
  const isPart = model !== "." && model !== ".." && !/\p{Surrogate}/u.test(model)
  return isPart && isInPath(baseUrl) ? baseUrl.replaceAll("{model}", () => encodeURIComponent(model)) : ""
}

/** Whether `{model}` stands in the path or in the query only: with two names the rest of the address is the same. */
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

/** A base URL as a URL; `undefined` when it is none, or not one of HTTP. */
export const parse = (baseUrl: string): URL | undefined => {
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : undefined
  return url?.protocol === "https:" || url?.protocol === "http:" ? url : undefined
}
