/**
 * Finds the errors in a JSON value, however they are wrapped.
 *
 * An error may be in `error`, `errors[0]`, `response.error`, `base_resp`, `detail`, or inside a message that quotes
 * the JSON of another error. The result is a list of *views*, innermost first, each with the machine fields and the
 * sentences of one error object, without the caller's input or the model's output.
 */

import { type Fields, isArray, isFields, keysOf, read } from "../signals/Signal.ts"
import type { Vendor } from "../signals/VendorNumbers.ts"
import {
  bareView,
  type ErrorView,
  fold,
  type Index,
  indexOf,
  isToken,
  validationText,
  viewOf
} from "./ErrorView.ts"
import { embedded } from "./LiteralReader.ts"

/** The most text of a body that is read. */
export const maxText = 64 * 1024

/** The deepest nesting of errors. */
const maxDepth = 8

/** The most values found in texts that are kept. */
const maxQuoted = 8

/** The most errors that are kept. */
const maxViews = 24

/** Objects and arrays with these names hold another error. */
const containers = new Set(
  "error err errors message msg baseresp detail details detailmessage innererror innererrors exception fault failure cause upstream upstreamerror originalerror providererror lasterror raw body responsebody rawresponse metadata errordetails errorbody causedby".split(
    " "
  )
)

/** Strings with these names are sentences. */
const textFields: ReadonlyArray<string> =
  "message msg errormessage errormsg errmsg statusmsg statusmessage description errordescription detail details error err raw faultstring reason title responsebody body userfacingmessage grpcmessage".split(
    " "
  )

/** The views found so far. `vendor` decides the meaning of numbers; `undefined` if the provider's name does not show it. */
export interface Draft {
  readonly views: Array<ErrorView>
  readonly vendor: Vendor | undefined
  /** Values found inside texts: they may hold a wait beside the error. */
  readonly quoted: Array<unknown>
  nodes: number
}

const push = (draft: Draft, view: ErrorView): void => {
  if (draft.views.length < maxViews) draft.views.push(view)
}

/** A string that holds an error: first the values embedded in it, then its own text. */
const visitText = (draft: Draft, text: string, depth: number): string => {
  const { prose, values } = embedded(text.slice(0, maxText))
  for (const value of values) {
    visit(draft, value, depth + 1)
    if (draft.quoted.length < maxQuoted) draft.quoted.push(value)
  }
  return values.length > 0 ? prose : text
}

/** Adds the views of a value, innermost first. Bounded in depth and number. */
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
  const view = viewOf(value, index, texts, draft.vendor)
  if (view !== undefined) push(draft, view)
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
    if (typeof child === "string") visitQuoted(draft, name, child, depth)
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
    } else if (name === fold("x_groq")) {
      visit(draft, read(child, "error"), depth + 1)
    } else if (/(exception|fault)$/.test(name)) {
      // Bedrock's event union: {"throttlingException": {"message": …}}
      visit(draft, { ...safeCopy(child), type: keyNamed(object, name) }, depth + 1)
    }
  }
}

/** A string in the place of an inner error: an error that was serialized, in servers that wrap those of others. */
const visitQuoted = (draft: Draft, name: string, text: string, depth: number): void => {
  if (containers.has(name) && !textFields.includes(name)) visitText(draft, text, depth)
}

/** Objects with these names may hold an error among other things. */
const envelopes = new Set(["response", "data", "result", "header", "payload", "status"])

/**
 * `response.error` (OpenAI), `Response.Error` (Tencent), `data.error`, `header.code` (Spark), `status.code`
 * (https://api.ncloud-docs.com/docs/en/clovastudio-troubleshoot-c4xx).
 */
const visitEnvelope = (draft: Draft, child: unknown, name: string, depth: number): void => {
  const inner = indexOf(child)
  for (const key of ["error", "err", "errors", "lasterror"]) {
    const value = inner.get(key)
    if (isFields(value) || typeof value === "string") visit(draft, value, depth + 1)
  }
  // Spark's header, CLOVA's status, and the response inside an SDK's error.
  if ((name === "header" || name === "status") && inner.has("code") && inner.has("message"))
    visit(draft, child, depth + 1)
  if (name === "response" && isFields(inner.get("data"))) visit(draft, inner.get("data"), depth + 1)
}

const keyNamed = (object: unknown, folded: string): string | undefined =>
  keysOf(object, 80).find((key) => fold(key) === folded)

const safeCopy = (object: unknown): { [key: string]: unknown } => {
  const copy: { [key: string]: unknown } = {}
  for (const key of keysOf(object, 40)) copy[key] = read(object, key)
  return copy
}
