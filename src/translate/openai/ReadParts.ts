/**
 * Reads the parts of a message in a chat-completions request.
 *
 * Clients mix the forms of several protocols, so the parts of responses, of Anthropic's messages and of some servers are read
 * as well:
 *
 * - https://github.com/BerriAI/litellm/pull/34029 (Cursor)
 * - https://docs.rs/crate/mistral-openapi-client/latest/source/docs/DocumentUrlChunk.md (`document_url`)
 * - https://openrouter.ai/docs/guides/overview/multimodal/pdfs (a URL in `file_data`)
 */
import type { Content, Document, Media } from "../common/Common.ts"
import * as DataUrl from "../common/DataUrl.ts"
import type { Dropped } from "../common/Dropped.ts"
import { parts as contentParts, isObject, type JsonObject, object, string, text } from "../common/Json.ts"
import { readAudio } from "./ReadCommon.ts"

/** The members of a part that are read, and its content; `undefined` if it has none that others can read. */
interface Row {
  readonly keys: ReadonlySet<string>
  readonly read: (part: JsonObject, dropped: Dropped) => Content | undefined
}

const row = (members: ReadonlyArray<string>, read: Row["read"]): Row => ({
  keys: new Set(["type", "cache_control", ...members]),
  read
})

const readText = (part: JsonObject): Content | undefined => {
  const said = string(part.text)
  return said === undefined ? undefined : { type: "text", text: said }
}

const imageKeys = new Set(["url"])

const readImage = (given: unknown, dropped: Dropped): Content | undefined => {
  const image = isObject(given) ? given : { url: given }
  const url = text(image.url)
  if (url === undefined) return undefined
  if (image.detail !== "auto") dropped.rest(image, "messages.content.image_url", imageKeys)
  return { type: "image", media: DataUrl.read(url) }
}

/** The source of an image or a document in Anthropic's form. */
const mediaOf = (source: JsonObject, mediaType: string): Media | undefined => {
  const url = text(source.url)
  const data = text(source.data)
  if (url !== undefined) return { type: "url", url }
  return source.type !== "base64" || data === undefined
    ? undefined
    : { type: "base64", mediaType: text(source.media_type) ?? mediaType, data }
}

const documentOf = (data: unknown, name: unknown): Document | undefined => {
  const given = text(data)
  return given === undefined
    ? undefined
    : { type: "document", media: DataUrl.readFile(given), name: text(name) }
}

const fileKeys = new Set(["file_data", "filename"])

const isUrl = (id: unknown): boolean => typeof id === "string" && /^(?:https?|data):/i.test(id)

const rows: ReadonlyMap<string, Row> = new Map<string, Row>([
  ["text", row(["text"], readText)],
  ["input_text", row(["text"], readText)],
  ["output_text", row(["text", "annotations", "logprobs"], readText)],
  ["image_url", row(["image_url"], ({ image_url }, dropped) => readImage(image_url, dropped))],
  [
    "input_image",
    row(["image_url", "detail"], ({ detail, image_url }, dropped) =>
      readImage({ url: isObject(image_url) ? image_url.url : image_url, detail }, dropped)
    )
  ],
  [
    "image",
    row(["source", "image"], ({ image, source }, dropped) => {
      if (!isObject(source)) return readImage(image, dropped)
      const media = mediaOf(source, "image/png")
      return media && { type: "image", media }
    })
  ],
  ["input_audio", row(["input_audio"], readAudio)],
  [
    "file",
    row(["file"], (part, dropped) => {
      const { file_data, file_id, filename, ...rest } = object(part.file)
      // An id may be a URL: https://docs.litellm.ai/docs/completion/document_understanding
      const read = documentOf(file_data ?? (isUrl(file_id) ? file_id : undefined), filename)
      if (read !== undefined) dropped.rest(rest, "messages.content.file", fileKeys)
      return read
    })
  ],
  [
    "input_file",
    row(["file_data", "file_url", "filename"], ({ file_data, file_url, filename }) =>
      documentOf(file_data ?? file_url, filename)
    )
  ],
  [
    "document_url",
    row(["document_url", "document_name"], ({ document_name, document_url }) =>
      documentOf(isObject(document_url) ? document_url.url : document_url, document_name)
    )
  ],
  [
    "document",
    row(["source", "title"], ({ source, title }) => {
      const given = object(source)
      const said = given.type === "text" ? text(given.data) : undefined
      const media: Document["media"] | undefined =
        said === undefined ? mediaOf(given, "application/pdf") : { type: "text", text: said }
      return media && { type: "document", media, name: text(title) }
    })
  ]
])

/** True for a type of part that is read. */
export const isKnown = (type: string): boolean => rows.has(type)

/** Text, or a list of parts. */
export const readContent = (content: unknown, dropped: Dropped): ReadonlyArray<Content> => {
  if (typeof content === "string") return [{ type: "text", text: content }]
  return contentParts(content).flatMap((part): ReadonlyArray<Content> => {
    const type = string(part.type) ?? ""
    const row = rows.get(type)
    const read = row?.read(part, dropped)
    if (row === undefined || read === undefined) {
      dropped.content(`messages.content.${type}`)
      return []
    }
    dropped.rest(part, `messages.content.${type}`, row.keys)
    return [isObject(part.cache_control) ? { ...read, cache: part.cache_control } : read]
  })
}
