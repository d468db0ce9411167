/**
 * Parses one error object: its own machine fields and sentences, without the caller's input or the model's output.
 */
import { type Fields, isArray, keysOf, read } from "../signals/Signal.ts"
import { isErrorStatus } from "../signals/Status.ts"
import type { Vendor } from "../signals/VendorNumbers.ts"

/** One machine field of an error. */
export interface Code {
  readonly field: string
  readonly value: string
}

/** A parsed error object. */
export interface ErrorView {
  /** Machine fields by priority: reasons, code, type, status. */
  readonly codes: ReadonlyArray<Code>
  /** The error's own text. */
  readonly text: string
  /** The parameter at fault, if named. */
  readonly param: string | undefined
  /** The HTTP status named in the object. */
  readonly status: number | undefined
  /** A vendor's error number and the vendor. */
  readonly number: readonly [Vendor, number] | undefined
  /** The vendor, if the provider's name or the object's shape shows it. */
  readonly vendor: Vendor | undefined
  /** True for the error format of Google's APIs. */
  readonly google: boolean
  /** True if a quota in the error is zero: none was ever granted. */
  readonly zeroQuota: boolean
  /** The object itself, searched for waits. */
  readonly source: unknown
}

/** The form in which names are compared, without case and separators: `errorCode` equals `error_code`. */
export const fold = (key: string): string => key.toLowerCase().replace(/[^a-z]/g, "")

/** Strings with these names are machine values, by priority. */
const codeFields: ReadonlyArray<string> =
  "code errorcode errcode reason type errortype limitsource kind subcode errorsubcode exceptiontype status error name message".split(
    " "
  )

/** Numbers with these names may be an HTTP status. */
const statusFields: ReadonlyArray<string> =
  "code status statuscode httpcode httpstatus httpstatuscode upstreamstatus rawstatuscode originalstatuscode errorcode".split(
    " "
  )

/** Numbers with these names may be a vendor's own. */
const numberFields: ReadonlyArray<string> = "code statuscode errorcode errcode".split(" ")

/** The fields of an object by folded name. */
export type Index = ReadonlyMap<string, unknown>

/** The first fields of an object by folded name; of duplicates the first one counts. */
export const indexOf = (object: unknown): Index => {
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

/** A machine value is a single word, or the gRPC phrase that xAI sends in `code`. */
export const isToken = (value: string): boolean => value.length <= 120 && /^[\w.#:/+-]+$/.test(value.trim())

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

/** The reasons in the `errors[]` of Google's older APIs. */
const olderReasons = (errors: unknown): ReadonlyArray<Code> => {
  const codes: Array<Code> = []
  for (let i = 0; i < 4; i++) {
    const reason = read(read(errors, String(i)), "reason")
    if (typeof reason === "string" && isToken(reason)) codes.push({ field: "errors.reason", value: reason })
  }
  return codes
}

/** A list of validation errors as FastAPI sends it: only the server's text (`msg`) is read, never `input`. */
export const validationText = (list: unknown): string | undefined => {
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

/** Zhipu's errors in Anthropic's form: `[1308][已达到…][20260108…]`. https://github.com/zai-org/GLM-5/issues/77 */
const bracketed = /^\[(1\d{3})\]\[/

const vendorOf = (index: Index, object: Fields, hint: Vendor | undefined): Vendor | undefined => {
  if (index.has("statuscode") && index.has("statusmsg")) return "minimax"
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

/**
 * Parses one object as an error, without its children; `undefined` if it holds nothing. `vendor`
 * decides the meaning of numbers, if the provider's name shows it.
 */
export const viewOf = (
  object: Fields,
  index: Index,
  texts: ReadonlyArray<string>,
  vendor: Vendor | undefined
): ErrorView | undefined => {
  const details = googleDetails(index.get("details"))
  const codes: Array<Code> = [...details.codes]
  for (const field of codeFields) {
    const value = index.get(field)
    if (
      typeof value === "string" &&
      value.trim() !== "" &&
      (isToken(value) || (field === "code" && value.length <= 120))
    )
      codes.push({ field, value: value.trim() })
    if (field === "type") codes.push(...olderReasons(index.get("errors")))
  }
  const rpc = index.get("status")
  const statuses = statusFields.map((field) => asNumber(index.get(field))).filter(isErrorStatus)
  const text = texts.join(". ")
  const inBrackets = bracketed.exec(text)?.[1]
  const whose = inBrackets === undefined ? vendorOf(index, object, vendor) : "zhipu"
  const number =
    inBrackets === undefined
      ? numberFields.map((field) => asNumber(index.get(field))).find((n) => n !== undefined && n !== 0)
      : Number(inBrackets)
  const param = index.get("param")
  const google =
    details.any ||
    typeof read(read(index.get("errors"), "0"), "domain") === "string" ||
    (typeof rpc === "string" && /^[A-Z]+(_[A-Z]+)*$/.test(rpc) && typeof index.get("code") === "number")
  if (
    text === "" &&
    codes.length === 0 &&
    statuses.length === 0 &&
    (whose === undefined || number === undefined)
  )
    return undefined
  return {
    codes,
    text,
    param: typeof param === "string" ? param : undefined,
    status: statuses[0],
    number: whose !== undefined && number !== undefined ? [whose, number] : undefined,
    vendor: whose,
    google,
    zeroQuota: details.zero,
    source: object
  }
}

/** A view of a text alone. */
export const bareView = (text: string): ErrorView => ({
  codes: isToken(text) ? [{ field: "error", value: text.trim() }] : [],
  text,
  param: undefined,
  status: undefined,
  number: undefined,
  vendor: undefined,
  google: false,
  zeroQuota: false,
  source: undefined
})
