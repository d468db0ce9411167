/**
 * Parses a body in any format: JSON, an event stream, lines of JSON, XML, HTML or plain text.
 *
 * Reads at most 64 KiB of text and a few hundred fields.
 */
import { errorPaths } from "../../words/ErrorPaths.ts"
import { isArray, keysOf, read } from "../signals/Signal.ts"
import { vendorOfProvider } from "../signals/VendorNumbers.ts"
import { type AnswerFacts, filled, noteAnswer } from "./AnswerFacts.ts"
import { bareView, type Code, type ErrorView } from "./ErrorView.ts"
import { type Draft, maxText, visit } from "./ErrorViews.ts"
import { embedded, readLiteral } from "./LiteralReader.ts"

/** The parsed body. */
export interface Reading {
  readonly form: "empty" | "json" | "events" | "html" | "text"
  /** The errors found, innermost first. */
  readonly views: ReadonlyArray<ErrorView>
  /** Finish, stop and block reasons of an answer. */
  readonly finish: ReadonlyArray<Code>
  /** True if an answer with content was found. */
  readonly content: boolean
  /** True if the body is truncated. */
  readonly cut: boolean
  /** The beginning of a page or a plain text; empty for anything else. */
  readonly page: string
  /** The parsed values, whole: they may hold a wait beside the error. */
  readonly roots: ReadonlyArray<unknown>
}

/** Of long event streams the beginning and the end are read: an error comes last. */
const bothEnds = (text: string): string =>
  text.length <= maxText ? text : `${text.slice(0, maxText / 2)}\n\n${text.slice(-maxText / 2)}`

interface Event {
  readonly name: string
  readonly data: string
}

/** The events of a stream, https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream */
const eventsOf = (text: string): ReadonlyArray<Event> => {
  const events: Array<Event> = []
  let name = ""
  let data: Array<string> = []
  const flush = (): void => {
    if (data.length > 0) events.push({ name, data: data.join("\n") })
    name = ""
    data = []
  }
  for (const line of bothEnds(text).split(/\r\n|\n|\r/)) {
    if (line.trim() === "") flush()
    else if (line.startsWith("data:")) data.push(line.slice(5).trim())
    else if (line.startsWith("event:")) {
      if (data.length > 0) flush()
      name = line.slice(6).trim()
    } else if (line.startsWith("error:")) data.push(JSON.stringify({ error: line.slice(6).trim() }))
    else if (data.length === 0 && /^[{[]/.test(line)) data.push(line)
  }
  flush()
  return events
}

const parse = (text: string): { readonly value: unknown; readonly whole: boolean } | undefined => {
  if (text.length <= maxText) {
    try {
      return { value: JSON.parse(text), whole: true }
    } catch {}
  }
  return readLiteral(text.slice(0, maxText))
}

/** MiniMax sends `base_resp` with every chunk; in good ones its code is 0. */
const isFault = (value: unknown): boolean => filled(value) && String(read(value, "status_code")) !== "0"

/** True for a chunk that is an error and not part of an answer. */
const isErrorEvent = (name: string, value: unknown): boolean => {
  const type = read(value, "type")
  if (
    /error|exception|fail/i.test(name) ||
    (typeof type === "string" && /(^|[._])(error|failed)$/.test(type))
  )
    return true
  if (errorPaths.some(({ path }) => isFault(path.reduce(read, value)))) return true
  const keys = keysOf(value, 12)
  if (keys.some((key) => /exception$/i.test(key))) return true
  // A bare `{"code": …, "message": "…"}`, which no answer looks like.
  return (
    keys.includes("code") &&
    !keys.includes("choices") &&
    ["message", "msg"].some((key) => typeof read(value, key) === "string")
  )
}

const readEvents = (
  draft: Draft,
  events: ReadonlyArray<Event>
): Pick<Reading, "finish" | "content" | "roots"> => {
  const facts: AnswerFacts = { finish: [], content: false }
  let root: unknown
  for (const { data, name } of events) {
    if (data === "[DONE]" || data === "") continue
    const parsed = /^[{["]/.test(data) ? parse(data) : undefined
    const value =
      parsed === undefined
        ? /error/i.test(name) || /^\[?error\b/i.test(data)
          ? data
          : undefined
        : parsed.value
    if (value === undefined) continue
    noteAnswer(facts, value)
    if (parsed !== undefined && !isErrorEvent(name, value)) continue
    root = value
    const before = draft.views.length
    visit(draft, value, 0)
    // The last error of a stream is the one that ended it.
    if (draft.views.length > before) draft.views.splice(0, before)
  }
  return { ...facts, roots: root === undefined ? [] : [...draft.quoted, root] }
}

/** Several lines, each a JSON object: Ollama's stream, Vertex batches. */
const linesOf = (text: string): ReadonlyArray<Event> | undefined => {
  const lines = bothEnds(text)
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
  if (lines.length < 2 || !lines[0]!.endsWith("}")) return undefined
  try {
    JSON.parse(lines[0]!)
  } catch {
    return undefined
  }
  return lines.filter((line) => line.startsWith("{")).map((data) => ({ name: "", data }))
}

/** `<Error><Code>…</Code><Message>…</Message>`, as AWS and Azure storage answer. */
const xmlView = (text: string): ErrorView | undefined => {
  const code = /<code>([^<]{1,120})<\/code>/i.exec(text)?.[1]
  const message = /<message>([^<]{1,2000})<\/message>/i.exec(text)?.[1]
  if (code === undefined) return undefined
  return { ...bareView(message ?? ""), codes: [{ field: "Code", value: code.trim() }] }
}

const decoder = new TextDecoder("utf-8", { fatal: false })

/** The text of the body, at most the limit plus a tail; `undefined` for JSON that was already parsed. */
const textOf = (body: unknown): string | undefined => {
  if (typeof body === "string") return body
  if (ArrayBuffer.isView(body) || body instanceof ArrayBuffer) {
    const bytes = ArrayBuffer.isView(body)
      ? new Uint8Array(body.buffer, body.byteOffset, body.byteLength)
      : new Uint8Array(body)
    if (bytes.length <= maxText) return decoder.decode(bytes)
    return `${decoder.decode(bytes.subarray(0, maxText / 2))}\n\n${decoder.decode(bytes.subarray(-maxText / 2))}`
  }
  return undefined
}

const nothing: Omit<Reading, "form"> = {
  views: [],
  finish: [],
  content: false,
  cut: false,
  page: "",
  roots: []
}

/** The most of a page that is read, in characters. */
const maxPage = 8192

/**
 * Parses a body. Reads at most 64 KiB of text and a few hundred fields, so the time does not depend on the size of
 * the body. Never throws.
 */
export const readBody = (body: unknown, provider: string | undefined): Reading => {
  const draft: Draft = { views: [], vendor: vendorOfProvider(provider), quoted: [], nodes: 0 }
  const text = textOf(body)
  if (text === undefined) {
    if (body === null || body === undefined) return { form: "empty", ...nothing }
    return readValue(draft, body, true)
  }
  const start = text.slice(0, maxText).trimStart()
  if (start === "") return { form: "empty", ...nothing }
  if (/^(<!doctype ?html|<html|<head|<body|<!--)/i.test(start))
    return { form: "html", ...nothing, page: start.slice(0, maxPage) }
  if (start.startsWith("<")) {
    const view = xmlView(start)
    return view === undefined
      ? { form: "html", ...nothing, page: start.slice(0, maxPage) }
      : { form: "json", ...nothing, views: [view] }
  }
  if (/^(data|event|id|retry|error):|^:/.test(start)) {
    return { form: "events", ...readEvents(draft, eventsOf(text)), views: draft.views, cut: false, page: "" }
  }
  if (/^[{["]/.test(start)) {
    const lines = start.startsWith("{") ? linesOf(text) : undefined
    if (lines !== undefined)
      return { form: "events", ...readEvents(draft, lines), views: draft.views, cut: false, page: "" }
    const parsed = parse(text.trimStart())
    if (parsed !== undefined) return readValue(draft, parsed.value, parsed.whole)
  }
  const { prose, values } = embedded(start)
  for (const value of values) visit(draft, value, 1)
  return {
    form: "text",
    ...nothing,
    views: [...draft.views, bareView((values.length > 0 ? prose : start).slice(0, 8192))],
    page: start.slice(0, maxPage)
  }
}

const readValue = (draft: Draft, value: unknown, whole: boolean): Reading => {
  const facts: AnswerFacts = { finish: [], content: false }
  noteAnswer(facts, value)
  if (isArray(value))
    for (let i = 0; i < Math.min(value.length, 4); i++) noteAnswer(facts, read(value, String(i)))
  visit(draft, value, 0)
  return {
    form: "json",
    views: draft.views,
    finish: facts.finish,
    content: facts.content,
    cut: !whole,
    page: "",
    roots: [...draft.quoted, value]
  }
}
