/** Every fault of a provider, as the steps of its server for one request. */
import type { Behaviour, Step } from "../../test/support/FaultServer.ts"
import * as FaultServer from "../../test/support/FaultServer.ts"
import { type Asked, streamed, whole } from "./replies.ts"

/** What a fault is made from. */
export interface Given {
  readonly asked: Asked
  readonly text: string
  /** The largest piece of a streamed text, in characters. */
  readonly piece: number
  /** The bytes of one write. */
  readonly by: number
}

/** One fault. */
export interface Fault {
  readonly make: (given: Given) => Behaviour
  /** It blames the request. The caller may get this error although another target could have answered. */
  readonly isTheRequests?: true
  /** It breaks a stream after content. The caller gets an error, and no other target is called. */
  readonly isLate?: true
}

const error = (
  asked: Asked,
  status: number,
  type: string,
  message: string,
  more: { readonly code?: string; readonly headers?: Readonly<Record<string, string>> } = {}
): Behaviour =>
  FaultServer.json(
    asked.path === "messages"
      ? { type: "error", error: { type, message } }
      : { error: { message, type, param: null, code: more.code ?? type } },
    status,
    more.headers
  )

const says =
  (status: number, type: string, message: string, more: Parameters<typeof error>[4] = {}) =>
  ({ asked }: Given): Behaviour =>
    error(asked, status, type, message, more)

/** The most writes of an answer. Each takes a turn of the event loop, and a busy machine has to finish within the deadline. */
const writes = 150

const send = (text: string, by: number): Step => ({
  send: text,
  by: Math.max(by, Math.ceil(text.length / writes))
})

/** A good answer. */
export const answer = ({ asked, by, piece, text }: Given): Behaviour => {
  if (!asked.stream) return FaultServer.json(whole(asked, text))
  const { begin, end, pieces } = streamed(asked, text, piece)
  return [FaultServer.sseHead, send([...begin, ...pieces, ...end].join(""), by), { end: true }]
}

/** The first half of a stream, then these steps. A whole answer loses its second half. */
const half =
  (...then: ReadonlyArray<Step>) =>
  ({ asked, by, piece, text }: Given): Behaviour => {
    if (!asked.stream) {
      const body = whole(asked, text)
      const length = String(Buffer.byteLength(body))
      return [
        { head: 200, headers: { "content-type": "application/json", "content-length": length } },
        { send: body.slice(0, body.length / 2) },
        { wait: 5 },
        ...then
      ]
    }
    const { begin, pieces } = streamed(asked, text, piece)
    const sent = [...begin, ...pieces.slice(0, Math.ceil(pieces.length / 2))].join("")
    return [FaultServer.sseHead, send(sent, by), { wait: 5 }, ...then]
  }

const errorEvent = (asked: Asked): string =>
  asked.path === "chat"
    ? 'data: {"error":{"message":"The server had an error","type":"server_error","code":"server_error"}}\n\n'
    : asked.path === "messages"
      ? 'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n'
      : 'event: error\ndata: {"type":"error","code":"server_error","message":"The server had an error","param":null}\n\n'

const broken = 'data: {"choices":[{"index":0,"delta":{"content":"\n\n'

/** The faults by their names. */
export const faults: Readonly<Record<string, Fault>> = {
  "429": { make: says(429, "rate_limit_error", "Rate limit reached") },
  "429 with retry-after": {
    make: says(429, "rate_limit_error", "Rate limit reached", { headers: { "retry-after": "1" } })
  },
  "401": {
    make: says(401, "authentication_error", "Incorrect API key provided", { code: "invalid_api_key" })
  },
  "402": { make: says(402, "billing_error", "Insufficient balance") },
  "403": { make: says(403, "permission_error", "Your account may not use this") },
  "403 of a firewall": {
    make: () =>
      FaultServer.text("<html><title>Attention Required! | Cloudflare</title></html>", 403, {
        "content-type": "text/html"
      })
  },
  "404": { make: says(404, "not_found_error", "The model `m` does not exist", { code: "model_not_found" }) },
  "500": { make: says(500, "api_error", "Internal server error") },
  "503": { make: says(503, "overloaded_error", "The server is overloaded") },
  "529": { make: says(529, "overloaded_error", "Overloaded") },
  "reset at once": { make: () => [{ reset: true }] },
  "closed at once": { make: () => [{ cut: true }] },
  "reset in the middle": { make: half({ reset: true }), isLate: true },
  "cut in the middle": { make: half({ cut: true }), isLate: true },
  "ended in the middle": {
    make: (given) => (given.asked.stream ? half({ end: true })(given) : [{ reset: true }]),
    isLate: true
  },
  "silent from the start": { make: () => [{ hang: true }] },
  "silent in the middle": { make: half({ hang: true }), isLate: true },
  empty: { make: () => FaultServer.text("", 200, { "content-type": "application/json" }) },
  "an empty stream": { make: () => [FaultServer.sseHead, { end: true }] },
  "an empty answer": {
    make: ({ asked }) => answer({ asked: { ...asked, tool: false }, text: "", piece: 10, by: 4_096 })
  },
  "not JSON": {
    make: () => FaultServer.text("Bad gateway, sorry", 200, { "content-type": "application/json" })
  },
  "an event that is not JSON": {
    make: (given) =>
      given.asked.stream ? half({ send: broken }, { end: true })(given) : FaultServer.text("{", 200),
    isLate: true
  },
  "an error instead of an answer": {
    make: ({ asked }) =>
      asked.stream
        ? [FaultServer.sseHead, { send: errorEvent(asked) }, { end: true }]
        : error(asked, 200, "server_error", "The server had an error")
  },
  "an error in the middle": {
    make: (given) =>
      given.asked.stream
        ? half({ send: errorEvent(given.asked) }, { end: true })(given)
        : error(given.asked, 500, "api_error", "Internal server error"),
    isLate: true
  },
  "too long": {
    make: says(400, "invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum", {
      code: "context_length_exceeded"
    }),
    isTheRequests: true
  },
  "against the rules": {
    make: says(400, "invalid_request_error", "Output blocked by content filtering policy", {
      code: "content_policy_violation"
    }),
    isTheRequests: true
  },
  "a bad request": {
    make: says(400, "invalid_request_error", "messages: at least one is required"),
    isTheRequests: true
  }
}
