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
 * - `{model}` stands for the model's name, for servers that have it in the path (Azure's deployments).
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
  const url = parse(baseUrl.replaceAll("{model}", encodeURIComponent(options.model ?? "")))
  if (url === undefined) return undefined
  for (const [name, value] of Object.entries(options.query ?? {})) url.searchParams.set(name, value)
  const base = url.pathname.replace(/\/+$/, "")
  return { origin: url.origin, path: pathOf(base, operation, style) + url.search }
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
