/**
 * Finds the errors in a JSON value, whatever wraps them.
 *
 * An error may sit in `error`, `errors[0]`, `response.error`, `base_resp`, `detail`, or inside a message that quotes
 * the JSON of somebody else's error. What comes out is a list of *views*, the innermost first, each with the machine
 * fields and the sentences of one error object, and nothing of what the caller had sent or a model had said.
 */
import { embedded } from "./Loose.ts"
import { type Fields, isArray, isFields, keysOf, read } from "./Signal.ts"
import { isErrorStatus } from "./Status.ts"
import type { Dialect } from "./VendorNumbers.ts"

/** One machine field of an error. */
export interface Code {
  readonly field: string
  readonly value: string
}

/** One error object, read. */
export interface ErrorView {
  /** Machine fields in the order in which they count: reasons, code, type, status. */
  readonly codes: ReadonlyArray<Code>
  /** The error's own words. */
  readonly text: string
  /** The parameter that is at fault, when one is named. */
  readonly param: string | undefined
  /** The HTTP status that the object itself claims. */
  readonly status: number | undefined
  /** A vendor's number, and whose it is. */
  readonly number: readonly [Dialect, number] | undefined
  /** Whose errors these are, when the provider's name or the shape tells. */
  readonly dialect: Dialect | undefined
  /** True for the error format of Google's APIs. */
  readonly google: boolean
  /** True when a quota of the error is zero: nothing was ever granted. */
  readonly zeroQuota: boolean
  /** The object itself, for waits. */
  readonly source: unknown
}

/** How much text of a body is looked at. */
export const maxText = 64 * 1024

/** How deep errors may be wrapped in each other. */
const maxDepth = 8

/** How many errors are kept. */
const maxViews = 24

const fold = (key: string): string => key.toLowerCase().replace(/[^a-z]/g, "")

/** Objects and arrays under these names hold another error. */
const containers = new Set(
  "error err errors message msg baseresp detail details innererror innererrors exception fault failure cause upstream upstreamerror originalerror providererror lasterror body responsebody rawresponse metadata errordetails errorbody causedby".split(
    " "
  )
)

/** Strings under these names are sentences. */
const textFields: ReadonlyArray<string> =
  "message msg errormessage errormsg errmsg statusmsg statusmessage description errordescription detail details error err raw faultstring reason title responsebody body error_message userfacingmessage grpcmessage".split(
    " "
  )

/** Strings under these names are machine values, in the order in which they count. */
const codeFields: ReadonlyArray<string> =
  "code errorcode errcode reason type errortype limitsource kind subcode errorsubcode exceptiontype status error name message".split(
    " "
  )

/** Numbers under these names may be an HTTP status. */
const statusFields: ReadonlyArray<string> =
  "code status statuscode httpstatus httpstatuscode rawstatuscode originalstatuscode errorcode".split(" ")

/** Numbers under these names may be a vendor's own. */
const numberFields: ReadonlyArray<string> = "code statuscode errorcode errcode".split(" ")

type Index = ReadonlyMap<string, unknown>

/** The first fields of an object by folded name; the first of two equal names stays. */
const indexOf = (object: unknown): Index => {
  const index = new Map<string, unknown>()
  for (const key of keysOf(object, 80)) {
    const name = fold(key)
    if (!index.has(name)) index.set(name, read(object, key))
  }
  return index
}

const asNumber = (value: unknown): number | undefined => {
  if (typeof value === "number") return Number.isInteger(value) ? value : undefined
  return typeof value === "string" && /^\d{1,7}$/.test(value.trim()) ? Number(value) : undefined
}

/** A machine value is one word, or the gRPC phrase that xAI sends in `code`. */
const isToken = (value: string): boolean => value.length <= 120 && /^[\w.#:/+-]+$/.test(value.trim())

/** The views found so far. `dialect` is whose numbers the provider sends, when its name tells. */
export interface Draft {
  readonly views: Array<ErrorView>
  readonly dialect: Dialect | undefined
  nodes: number
}

const push = (draft: Draft, view: ErrorView): void => {
  if (draft.views.length < maxViews) draft.views.push(view)
}

/** The reasons in Google's `details[]`, and whether one of its quotas is zero. */
const googleDetails = (
  details: unknown
): { readonly codes: ReadonlyArray<Code>; readonly zero: boolean; readonly any: boolean } => {
  const codes: Array<Code> = []
  let zero = false
  let any = false
  if (!isArray(details)) return { codes, zero, any }
  for (let i = 0; i < Math.min(details.length, 8); i++) {
    const detail = read(details, String(i))
    if (typeof read(detail, "@type") === "string") any = true
    const reason = read(detail, "reason")
    if (typeof reason === "string" && isToken(reason)) codes.push({ field: "details.reason", value: reason })
    const violations = read(detail, "violations")
    for (let j = 0; j < 8; j++) {
      if (String(read(read(violations, String(j)), "quotaValue")) === "0") zero = true
    }
  }
  return { codes, zero, any }
}

/** Reasons of the `errors[]` that Google's older APIs add to an error. */
const olderReasons = (errors: unknown): ReadonlyArray<Code> => {
  const codes: Array<Code> = []
  for (let i = 0; i < 4; i++) {
    const reason = read(read(errors, String(i)), "reason")
    if (typeof reason === "string") codes.push({ field: "errors.reason", value: reason })
  }
  return codes
}

/** A list of validation faults, as FastAPI answers: only what the server says (`msg`) is read, never `input`. */
const validationText = (list: unknown): string | undefined => {
  if (!isArray(list)) return undefined
  const parts: Array<string> = []
  for (let i = 0; i < Math.min(list.length, 4); i++) {
    const item = read(list, String(i))
    const msg = read(item, "msg")
    if (typeof msg !== "string") return undefined
    const loc = read(item, "loc")
    const path = isArray(loc)
      ? loc
          .slice(0, 6)
          .map((p) => (typeof p === "object" ? "" : String(p)))
          .join(".")
      : ""
    parts.push(path === "" ? msg : `${path}: ${msg}`)
  }
  return parts.length === 0 ? undefined : parts.join("; ")
}

const vendorDialect = (index: Index, object: Fields, hint: Dialect | undefined): Dialect | undefined => {
  if (index.has("basresp") || (index.has("statuscode") && index.has("statusmsg"))) return "minimax"
  if (index.has("rawstatuscode")) return "mistral"
  if (index.has("errorcode") && index.has("errormsg")) return "baidu"
  if (index.has("sid") && index.has("code")) return "spark"
  if (hint !== undefined) return hint
  const code = asNumber(index.get("code"))
  if (code === undefined || read(object, "object") === "error") return undefined
  if (typeof index.get("code") === "string" && code >= 1000 && code < 1400 && !index.has("type"))
    return "zhipu"
  return code >= 20000 && code < 60000 && (index.has("message") || index.has("data"))
    ? "siliconflow"
    : undefined
}

/** Reads one object as an error of its own, without its children. */
const viewOf = (
  draft: Draft,
  object: Fields,
  index: Index,
  texts: ReadonlyArray<string>,
  dialect: Dialect | undefined
): void => {
  const details = googleDetails(index.get("details"))
  const codes: Array<Code> = [...details.codes]
  for (const field of codeFields) {
    const value = index.get(field)
    if (typeof value !== "string" || value.trim() === "") continue
    if (isToken(value) || (field === "code" && value.length <= 120))
      codes.push({ field, value: value.trim() })
    if (field === "type") codes.push(...olderReasons(index.get("errors")))
  }
  const rpc = index.get("status")
  const statuses = statusFields.map((field) => asNumber(index.get(field))).filter(isErrorStatus)
  const whose = vendorDialect(index, object, dialect)
  const number = numberFields
    .map((field) => asNumber(index.get(field)))
    .find((n) => n !== undefined && n !== 0)
  const param = index.get("param")
  const google =
    details.any ||
    (typeof rpc === "string" && /^[A-Z]+(_[A-Z]+)*$/.test(rpc) && typeof index.get("code") === "number")
  const text = texts.join(". ")
  if (
    text === "" &&
    codes.length === 0 &&
    statuses.length === 0 &&
    (whose === undefined || number === undefined)
  )
    return
  push(draft, {
    codes,
    text,
    param: typeof param === "string" ? param : undefined,
    status: statuses[0],
    number: whose !== undefined && number !== undefined ? [whose, number] : undefined,
    dialect: whose,
    google,
    zeroQuota: details.zero,
    source: object
  })
}

/** A view of words alone. */
export const bareView = (text: string): ErrorView => ({
  codes: isToken(text) ? [{ field: "error", value: text.trim() }] : [],
  text,
  param: undefined,
  status: undefined,
  number: undefined,
  dialect: undefined,
  google: false,
  zeroQuota: false,
  source: undefined
})

/** A string that holds an error: first what is embedded in it, then its own words. */
const visitText = (draft: Draft, text: string, depth: number): string => {
  const { prose, values } = embedded(text.slice(0, maxText))
  for (const value of values) visit(draft, value, depth + 1)
  return values.length > 0 ? prose : text
}

/** Adds the views of a value, the innermost first. Bounded in depth and in number. */
export const visit = (draft: Draft, value: unknown, depth: number): void => {
  if (depth > maxDepth || ++draft.nodes > 200) return
  if (typeof value === "string") {
    if (value.trim() !== "") push(draft, bareView(visitText(draft, value, depth)))
    return
  }
  if (!isFields(value)) return
  if (isArray(value)) {
    visitList(draft, value, depth)
    return
  }
  const index = indexOf(value)
  visitChildren(draft, value, index, depth)
  const texts: Array<string> = []
  for (const field of textFields) {
    const found = index.get(field)
    const list = field === "detail" ? validationText(found) : undefined
    const sentence = list ?? (typeof found === "string" ? found : undefined)
    if (sentence === undefined || sentence.trim() === "" || texts.length >= 4) continue
    if (field !== "message" && field !== "msg" && list === undefined && isToken(sentence)) continue
    const own = list === undefined ? visitText(draft, sentence, depth) : sentence
    if (!texts.includes(own)) texts.push(own)
  }
  viewOf(draft, value, index, texts, draft.dialect)
}

/** The first and the last elements: Gemini's array form puts the error last. */
const visitList = (draft: Draft, list: ReadonlyArray<unknown>, depth: number): void => {
  const validation = validationText(list)
  if (validation !== undefined) {
    push(draft, { ...bareView(validation), codes: [] })
    return
  }
  const length = Math.min(Number(read(list, "length")) || 0, 1e7)
  for (let i = 0; i < length; i++) {
    if (i >= 4 && i < length - 4) i = length - 4
    visit(draft, read(list, String(i)), depth + 1)
  }
}

const visitChildren = (draft: Draft, object: Fields, index: Index, depth: number): void => {
  for (const [name, child] of index) {
    if (!isFields(child)) continue
    if (containers.has(name)) {
      // Google's `details[]` and the `errors[]` inside an error belong to the error itself.
      const own =
        (name === "details" && isArray(child)) ||
        (name === "errors" && isArray(child) && index.has("message"))
      if (!own && !(isArray(child) && validationText(child) !== undefined)) visit(draft, child, depth + 1)
    } else if (envelopes.has(name)) {
      visitEnvelope(draft, child, name, depth)
    } else if (name === "choices") {
      visit(draft, read(read(child, "0"), "error"), depth + 1)
    } else if (/(exception|fault)$/.test(name)) {
      // Bedrock's event union: {"throttlingException": {"message": …}}
      visit(draft, { ...safeCopy(child), type: keyNamed(object, name) }, depth + 1)
    }
  }
}

/** Objects under these names may hold an error among other things. */
const envelopes = new Set(["response", "data", "result", "header", "payload"])

/** `response.error` (OpenAI), `Response.Error` (Tencent), `data.error`, `header.code` (Spark). */
const visitEnvelope = (draft: Draft, child: unknown, name: string, depth: number): void => {
  const inner = indexOf(child)
  for (const key of ["error", "err", "errors", "lasterror"]) {
    const value = inner.get(key)
    if (isFields(value) || typeof value === "string") visit(draft, value, depth + 1)
  }
  // Spark's header, and the answer inside an SDK's error.
  if (name === "header" && inner.has("code") && inner.has("message")) visit(draft, child, depth + 1)
  if (name === "response" && isFields(inner.get("data"))) visit(draft, inner.get("data"), depth + 1)
}

const keyNamed = (object: unknown, folded: string): string | undefined =>
  keysOf(object, 80).find((key) => fold(key) === folded)

const safeCopy = (object: unknown): { [key: string]: unknown } => {
  const copy: { [key: string]: unknown } = {}
  for (const key of keysOf(object, 40)) copy[key] = read(object, key)
  return copy
}
