/**
 * Detects the real type of an image or a document by its first bytes: clients may declare anything, and servers
 * refuse a mismatch (`The image was specified using the image/png media type, but the image appears to be a
 * image/jpeg`).
 *
 * https://github.com/anthropics/claude-code/issues/31620
 */
import { decoded, decodedSafely } from "../../providers/bytes/TextBytes.ts"
import type { Content, Document, Image, Media } from "../common/Common.ts"

/** The first bytes as hexadecimal digits, and the type that begins with them. */
const beginnings: ReadonlyArray<readonly [digits: RegExp, mediaType: string]> = [
  [/^89504e470d0a1a0a/, "image/png"],
  [/^ffd8ff/, "image/jpeg"],
  [/^47494638/, "image/gif"],
  [/^52494646.{8}57454250/, "image/webp"],
  [/^25504446/, "application/pdf"]
]

/** Synonyms of media types. */
const aliases: ReadonlyMap<string, string> = new Map([
  ["image/jpg", "image/jpeg"],
  ["image/pjpeg", "image/jpeg"],
  ["image/x-png", "image/png"],
  ["application/x-pdf", "application/pdf"]
])

/** A type without parameters and synonyms, in lower case: servers compare it letter by letter. */
const plain = (mediaType: string): string => {
  const bare = mediaType.split(";", 1)[0]!.trim().toLowerCase()
  return aliases.get(bare) ?? bare
}

/** Types that are never text, whatever the bytes. */
const neverText = /^(?:image\/(?!svg)|audio\/|video\/|application\/pdf$)/

const sniff = (data: string): string | undefined => {
  const digits = Buffer.from(data.slice(0, 32), "base64").toString("hex")
  return beginnings.find(([pattern]) => pattern.test(digits))?.[1]
}

/** The text in it; `undefined` if it is not text. */
const textOf = (data: string, declared: string): string | undefined => {
  const bytes = Buffer.from(data, "base64")
  const text = decodedSafely(bytes)
  return text !== undefined || !declared.startsWith("text/") || bytes.includes(0)
    ? text
    : decoded(bytes, declared)
}

type Encoded = Extract<Media, { readonly type: "base64" }>

const asImage = (media: Encoded, mediaType: string, part: Image | Document): Image =>
  part.type === "image" && media.mediaType === mediaType
    ? part
    : { type: "image", media: { ...media, mediaType } }

const asDocument = (media: Encoded, mediaType: string, part: Image | Document): Document => {
  const name = part.type === "document" ? part.name : undefined
  return part.type === "document" && media.mediaType === mediaType
    ? part
    : { type: "document", media: { ...media, mediaType }, ...(name !== undefined && { name }) }
}

/** Some clients break the lines of base64, which servers refuse. */
const joined = (data: string): string => (/\s/.test(data.slice(0, 160)) ? data.replaceAll(/\s+/g, "") : data)

/** The content with its detected type: an image, a PDF, or text. Otherwise the declared type stays. */
export const settle = (given: Content): Content => {
  if (given.type === "text" || given.type === "audio" || given.media.type !== "base64") return given
  const data = joined(given.media.data)
  const media = data === given.media.data ? given.media : { ...given.media, data }
  const part = media === given.media ? given : { ...given, media }
  const found = sniff(media.data)
  if (found?.startsWith("image/")) return asImage(media, found, part)
  if (found !== undefined) return asDocument(media, found, part)
  const declared = plain(media.mediaType)
  if (!neverText.test(declared)) {
    const text = textOf(media.data, declared)
    if (text !== undefined) {
      const name = part.type === "document" ? part.name : undefined
      return { type: "document", media: { type: "text", text }, ...(name !== undefined && { name }) }
    }
  }
  return part.type === "image" ? asImage(media, declared, part) : asDocument(media, declared, part)
}

const claudeImages = new Set(["image/jpeg", "image/png", "image/gif", "image/webp"])

/** True for an image that Claude can see. https://platform.claude.com/docs/en/build-with-claude/vision */
export const isVisible = ({ media }: Image): boolean =>
  media.type !== "base64" || claudeImages.has(media.mediaType)

/** True for a document that Claude can read: a PDF, or text. */
export const isReadable = ({ media }: Document): boolean =>
  media.type !== "base64" || media.mediaType === "application/pdf"
