/**
 * The pages that an answer cites. Both of OpenAI's protocols have `url_citation` for them; Claude cites pages that it has found.
 *
 * - https://developers.openai.com/api/docs/guides/tools-web-search#output-and-citations
 * - https://platform.claude.com/docs/en/build-with-claude/citations
 */
import { isObject, type JsonObject, number, string, text } from "./Json.ts"

/** A page, and which characters of the whole text it is cited for. */
export interface Source {
  readonly type: "source"
  readonly url: string
  readonly title: string
  readonly from: number
  readonly to: number
  /** Its path in the target's protocol, for a caller whose protocol cannot express it. */
  readonly name: string
}

/** An annotation of a message or a delta of chats; `undefined` if it is of another kind. Some servers have all in one object. */
export const ofAnnotation = (annotation: unknown): Source | undefined => {
  if (!isObject(annotation)) return undefined
  const cited = isObject(annotation.url_citation) ? annotation.url_citation : annotation
  const url = text(cited.url)
  if (url === undefined) return undefined
  const from = number(cited.start_index) ?? 0
  const to = Math.max(from, number(cited.end_index) ?? from)
  return { type: "source", url, title: string(cited.title) ?? "", from, to, name: "message.annotations" }
}

/** A citation of a text block of Claude that ranges over these characters; `undefined` for one of a document without an address. */
export const ofCitation = (citation: unknown, from: number, to: number): Source | undefined => {
  if (!isObject(citation)) return undefined
  const found = citation.type === "search_result_location" ? string(citation.source) : undefined
  const url = text(citation.url) ?? (found !== undefined && /^https?:/i.test(found) ? found : undefined)
  if (url === undefined) return undefined
  return { type: "source", url, title: string(citation.title) ?? "", from, to, name: "content.citations" }
}

/** A source in a text that begins so many characters later. */
export const moved = (source: Source, before: number): Source =>
  before === 0
    ? source
    : { ...source, from: Math.max(0, source.from - before), to: Math.max(0, source.to - before) }

/** An annotation as responses have it, in a text that begins `before` characters later. */
export const written = (source: Source, before = 0): JsonObject => {
  const { from, title, to, url } = moved(source, before)
  return { type: "url_citation", start_index: from, end_index: to, url, title }
}

/** An annotation as chats have it. */
export const writtenInside = (source: Source): JsonObject => {
  const { type, ...url_citation } = written(source)
  return { type, url_citation }
}
