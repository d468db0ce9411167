/** Reads and writes data URLs: OpenAI uses `data:image/png;base64,…` where Anthropic has two fields. */
import type { Media, Text } from "./Common.ts"

/** Type and parameters are read up to this many characters, and the end of them always. */
const longestHead = 1_024

/** The medium of a URL: the embedded data of a `data:` URL, or the URL itself. */
export const read = (url: string): Media => {
  if (!/^data:/i.test(url)) return { type: "url", url }
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
  return {
    type: "base64",
    mediaType: mediaType.trim().toLowerCase() || "text/plain",
    data: isBase64 ? data : Buffer.from(unescape(data), "utf8").toString("base64")
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
    ? { type: "text", text: Buffer.from(media.data, "base64").toString("utf8") }
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
