/** Reads and writes data URLs: OpenAI uses `data:image/png;base64,…` where Anthropic has two fields. */
import { decoded } from "../../providers/bytes/TextBytes.ts"
import type { Media, Text } from "./Common.ts"

/** Type and parameters are read up to this many characters, and the end of them always. */
const longestHead = 1_024

/** How the base64 of well-known types begins. Some clients send it alone: https://github.com/WordPress/php-ai-client/issues/137 */
const beginnings: ReadonlyArray<readonly [begin: RegExp, mediaType: string]> = [
  [/^iVBORw0KGgo/, "image/png"],
  [/^\/9j\//, "image/jpeg"],
  [/^R0lGOD/, "image/gif"],
  [/^UklGR/, "image/webp"],
  [/^JVBERi0/, "application/pdf"]
]

/** Whether data looks like base64. The beginning shows it: other data has a `%` or an angle bracket there. */
const isBase64Text = (data: string): boolean => !/[^a-zA-Z0-9+/=\s]/.test(data.slice(0, longestHead))

/** Base64 without a head. */
const bare = (data: string): Media | undefined => {
  const mediaType = beginnings.find(([begin]) => begin.test(data))?.[1]
  return mediaType !== undefined && data.length >= 64 && isBase64Text(data)
    ? { type: "base64", mediaType, data }
    : undefined
}

/** Types whose data is never written as text. */
const binary = /^(?:image\/(?!svg)|audio\/|video\/|application\/pdf)/

/** The medium of a URL: the embedded data of a `data:` URL, or the URL itself. */
export const read = (url: string): Media => {
  if (!/^data:/i.test(url)) return bare(url) ?? { type: "url", url }
  const comma = url.indexOf(",")
  const end = comma === -1 ? url.length : comma
  const data = comma === -1 ? "" : url.slice(comma + 1)
  const begin = Math.min(end, "data:".length + longestHead)
  const [mediaType = "", ...parameters] = url.slice("data:".length, begin).split(";")
  // The encoding is the last parameter: https://www.rfc-editor.org/rfc/rfc2397#section-3
  const last =
    url
      .slice(Math.max(begin, end - longestHead), end)
      .split(";")
      .at(-1) ?? ""
  const isBase64 = [...parameters, last].some((parameter) => parameter.trim().toLowerCase() === "base64")
  const type = mediaType.trim().toLowerCase() || "text/plain"
  // Some clients leave `;base64` out.
  const isMeant = isBase64 || (binary.test(type) && data !== "" && isBase64Text(data))
  return {
    type: "base64",
    mediaType: type,
    data: isMeant ? data : Buffer.from(unescape(data), "utf8").toString("base64")
  }
}

/** `%PDF-` in base64. */
const pdf = "JVBERi0"

/** The content of a file given as a URL, or as base64 alone (a PDF); plain text is returned as text. */
export const readFile = (data: string): Media | Text => {
  if (/^https?:/i.test(data)) return { type: "url", url: data }
  const media = read(data.startsWith("data:") ? data : `data:application/pdf;base64,${data}`)
  // Some clients declare a PDF to be text, or declare nothing.
  return media.type === "base64" && media.mediaType.startsWith("text/") && !media.data.startsWith(pdf)
    ? { type: "text", text: decoded(Buffer.from(media.data, "base64"), data.slice(0, 256)) }
    : media
}

const unescape = (data: string): string => {
  try {
    return decodeURIComponent(data)
  } catch {
    return data
  }
}

/** The URL of a medium. */
export const write = (media: Media): string =>
  media.type === "url" ? media.url : `data:${media.mediaType};base64,${media.data}`
