/**
 * Machine fields: codes, types and reasons that name the fault.
 *
 * Two tables. A *specific* value decides at once, over the status and the sentence beside it. A *general* one names
 * only a family (`rate_limit_error`, `PERMISSION_DENIED`); it decides if neither a specific value nor a sentence did.
 * Values in neither table (`invalid_request_error`, `api_error`, a copy of the status) are ignored.
 *
 * Values are compared without case and separators: `rateLimitExceeded` equals `rate_limit_exceeded`.
 */

import type { SignalClass } from "../sentences/Row.ts"
import { access } from "./AccessCodes.ts"
import { general } from "./GeneralCodes.ts"
import { limits } from "./LimitCodes.ts"
import { withoutQuoted } from "./Quoted.ts"
import { requests } from "./RequestCodes.ts"
import { servers } from "./ServerCodes.ts"
import type { CodeGroup } from "./Verdict.ts"

/** The form in which values are compared. */
const fold = (value: string): string => value.toLowerCase().replace(/[^a-z0-9]/g, "")

const index = (groups: ReadonlyArray<CodeGroup>): ReadonlyMap<string, SignalClass> => {
  const map = new Map<string, SignalClass>()
  for (const group of groups) {
    for (const value of group.values.split(" ")) map.set(fold(value), group.as)
  }
  return map
}

const specificCodes = index([...limits, ...access, ...requests, ...servers])
const generalCodes = index(general)

/** `ThrottlingException:http://…` and `com.amazon.coral#ThrottlingException` both reduce to the exception. */
const bare = (value: string): string => {
  const short = value.length > 200 ? value.slice(0, 200) : value
  const head = /^[\w.]+:(?=https?:|\s|$)/.test(short) ? short.slice(0, short.indexOf(":")) : short
  return head.slice(head.lastIndexOf("#") + 1).trim()
}

const lookup = (table: ReadonlyMap<string, SignalClass>, value: string): SignalClass | undefined => {
  const code = bare(value)
  const found = table.get(fold(code))
  if (found !== undefined) return found
  // `RateLimitExceeded.SomethingNew` counts as RateLimitExceeded, `user_global_rate_limited:pro` as its first part.
  const end = code.search(/[.:]/)
  const head = end > 0 ? table.get(fold(code.slice(0, end))) : undefined
  // `channel:invalid_key` says it last: https://github.com/QuantumNous/new-api (types/error.go)
  return head ?? (code[end] === ":" ? table.get(fold(code.slice(end + 1))) : undefined)
}

/**
 * The class of a specific machine value; `undefined` for a general or unknown one.
 *
 * @example
 * import { fromCode } from "./Codes.ts"
 *
 * fromCode("insufficient_quota") // => "Balance"
 * fromCode("invalid_request_error") // => undefined
 */
export const fromCode = (value: string): SignalClass | undefined => lookup(specificCodes, value)

/** The class of a general machine value; `undefined` for an unknown one. */
export const fromGeneralCode = (value: string): SignalClass | undefined => lookup(generalCodes, value)

/** gRPC status numbers, as in the `grpc-status` trailer. Source: https://grpc.io/docs/guides/status-codes/ */
const grpc: { readonly [status: string]: SignalClass } = {
  1: "ServerError",
  2: "ServerError",
  3: "Invalid",
  4: "ServerError",
  5: "ModelMissing",
  7: "Forbidden",
  8: "RateLimit",
  9: "Invalid",
  10: "ServerError",
  11: "Invalid",
  12: "Unsupported",
  13: "ServerError",
  14: "Overloaded",
  15: "ServerError",
  16: "InvalidKey"
}

/** The names of the statuses, without case and separators. */
const grpcNames =
  "ok cancelled unknown invalidargument deadlineexceeded notfound alreadyexists permissiondenied resourceexhausted failedprecondition aborted outofrange unimplemented internal unavailable dataloss unauthenticated".split(
    " "
  )

/** How the libraries of Go, Node and Python write such a status in a message. */
const grpcForms: ReadonlyArray<RegExp> = [
  // https://github.com/grpc/grpc-go/blob/master/internal/status/status.go, https://github.com/lfnovo/open-notebook/issues/470
  /\brpc error: code = (\w{2,20}) desc = /i,
  // https://github.com/grpc/grpc-node/blob/master/packages/grpc-js/src/call.ts
  /^\d{1,2} ([A-Z_]{2,20}): /,
  // https://github.com/grpc/grpc/blob/master/src/python/grpcio/grpc/__init__.py
  /\bStatusCode\.([A-Z_]{2,20})\b/
]

/**
 * The class of a gRPC status in a sentence.
 *
 * @example
 * import { fromGrpcText } from "./Codes.ts"
 *
 * fromGrpcText("rpc error: code = Unauthenticated desc = no key") // => "InvalidKey"
 */
export const fromGrpcText = (text: string): SignalClass | undefined => {
  const start = withoutQuoted(text.slice(0, 512).trimStart())
  for (const form of grpcForms) {
    const name = form.exec(start)?.[1]
    if (name !== undefined) return fromGrpcStatus(String(grpcNames.indexOf(fold(name))))
  }
  return undefined
}

/** The class of a `grpc-status` trailer. */
export const fromGrpcStatus = (value: string): SignalClass | undefined =>
  Object.hasOwn(grpc, value) ? grpc[value] : undefined
