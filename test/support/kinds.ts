/** A gateway over scripted upstreams, and the requests that they received. */
import * as http from "node:http"
import type { AddressInfo } from "node:net"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { ask, type Got, start } from "./gateway.ts"

// biome-ignore lint/suspicious/noExplicitAny: JSON of the wire, which these tests look into
export type Json = Record<string, any>

/** The answer of an upstream. Events are written as `data:`, with their type, if any, as `event:`. */
export interface Reply {
  readonly status?: number
  readonly type?: string
  readonly json?: unknown
  readonly events?: ReadonlyArray<unknown>
  readonly text?: string
}

/** An upstream of the config. */
export interface Upstream {
  readonly protocol: "openai" | "anthropic"
  readonly reply: (asked: Json, count: number, path: string, headers: http.IncomingHttpHeaders) => Reply
  /** More fields of the provider in the config. */
  readonly more?: object
}

/** A request to an upstream. */
export interface Seen {
  readonly path: string
  readonly headers: http.IncomingHttpHeaders
  readonly body: Json
}

const written = ({ events, json, text, type }: Reply): readonly [type: string, body: string] => {
  if (events !== undefined) {
    const lines = events.map((event) =>
      typeof event === "string"
        ? `data: ${event}\n\n`
        : `${typeof (event as Json).type === "string" ? `event: ${(event as Json).type}\n` : ""}data: ${JSON.stringify(event)}\n\n`
    )
    return [type ?? "text/event-stream", lines.join("")]
  }
  return [type ?? "application/json", text ?? JSON.stringify(json)]
}

const listen = (upstream: Upstream, seen: Array<Seen>) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.promise<http.Server>(
        () =>
          new Promise((done) => {
            const server = http.createServer((request, response) => {
              const parts: Array<Buffer> = []
              request.on("data", (part) => parts.push(part))
              request.on("end", () => {
                const text = Buffer.concat(parts).toString()
                const body = text === "" ? {} : JSON.parse(text)
                seen.push({ path: request.url ?? "", headers: request.headers, body })
                const reply = upstream.reply(body, seen.length, request.url ?? "", request.headers)
                const [type, out] = written(reply)
                response.writeHead(reply.status ?? 200, { "content-type": type })
                response.end(out)
              })
            })
            server.listen(0, "127.0.0.1", () => done(server))
          })
      ),
      (server) =>
        Effect.sync(() => {
          server.closeAllConnections()
          server.close()
        })
    ),
    (server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  )

/** A running gateway. */
export interface Stage {
  readonly url: string
  readonly seen: Readonly<Record<string, ReadonlyArray<Seen>>>
  readonly post: (path: string, body: Json, headers?: Readonly<Record<string, string>>) => Effect.Effect<Got>
}

/** Starts upstreams and a gateway over them, until the scope ends. */
export const stage = (
  upstreams: Readonly<Record<string, Upstream>>,
  more: object = {}
): Effect.Effect<Stage, never, Scope.Scope> =>
  Effect.gen(function* () {
    const seen: Record<string, Array<Seen>> = {}
    const providers: Record<string, object> = {}
    for (const [name, upstream] of Object.entries(upstreams)) {
      seen[name] = []
      const origin = yield* listen(upstream, seen[name])
      providers[name] = {
        protocol: upstream.protocol,
        ...(upstream.protocol === "openai" ? { responses: false } : {}),
        baseUrl: upstream.protocol === "openai" ? `${origin}/v1` : origin,
        credentials: [{ name: "k", apiKey: "sk-key" }],
        ...upstream.more
      }
    }
    const url = yield* start({ providers, policy: { retries: { times: 0 } }, ...more })
    return {
      url,
      seen,
      post: (path, body, headers) => ask(`${url}${path}`, { body, headers: headers ?? {} })
    }
  })

/** The data of the events of a stream. */
export const dataOf = (text: string): ReadonlyArray<Json> =>
  text
    .split("\n\n")
    .map((event) => /^data: (.*)$/m.exec(event)?.[1])
    .filter((data) => data !== undefined && data !== "[DONE]")
    .map((data) => JSON.parse(data!))

/** A chunk of a streamed chat completion. */
export const chunk = (delta: Json, finish_reason: string | null = null, more: Json = {}): Json => ({
  id: "c1",
  object: "chat.completion.chunk",
  created: 1,
  model: "m",
  choices: [{ index: 0, delta, finish_reason }],
  ...more
})

/** A whole chat completion. */
export const completion = (message: Json, finish_reason = "stop", more: Json = {}): Json => ({
  id: "c1",
  object: "chat.completion",
  created: 1,
  model: "m",
  choices: [{ index: 0, message: { role: "assistant", ...message }, finish_reason }],
  usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
  ...more
})

/** A whole message. */
export const message = (content: ReadonlyArray<Json>, stop_reason = "end_turn", more: Json = {}): Json => ({
  id: "msg_1",
  type: "message",
  role: "assistant",
  model: "m",
  content,
  stop_reason,
  stop_sequence: null,
  usage: { input_tokens: 10, output_tokens: 5 },
  ...more
})
