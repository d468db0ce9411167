/** What the gateway's tests share: a gateway on a free port, requests to it, and valid answers. */
import * as http from "node:http"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Load from "../../src/config/Load.ts"
import * as Gateway from "../../src/gateway/Gateway.ts"
import type * as FaultServer from "./FaultServer.ts"

export { anthropic, eventually, openai } from "./providers.ts"

/** A key that must not appear in any output. */
export const key = "sk-very-secret-0123456789"

/** Starts a gateway with this config on a free port, until the scope ends. */
export const start = (
  config: { readonly server?: object; readonly [key: string]: unknown },
  options: Gateway.Options = { drain: "50 millis" }
): Effect.Effect<string, never, Scope.Scope> =>
  Effect.gen(function* () {
    const text = JSON.stringify({ ...config, server: { port: 0, ...config.server } })
    const loaded = yield* Load.parse(text, { file: "test.jsonc", folder: "/" })
    const context = yield* Layer.build(Layer.fresh(Gateway.layer(loaded, options)))
    return HttpServer.formatAddress(Context.get(context, HttpServer.HttpServer).address)
  }).pipe(Effect.provide(NodeServices.layer), Effect.orDie)

/** A provider of the config that uses a fault server, with any number of keys. */
export const provider = (
  protocol: "openai" | "anthropic",
  server: FaultServer.FaultServer,
  keys: ReadonlyArray<string> = [key]
) => ({
  protocol,
  baseUrl: protocol === "openai" ? `${server.origin}/v1` : server.origin,
  credentials: keys.map((apiKey, index) => ({ name: `k${index + 1}`, apiKey }))
})

/** The response. */
export interface Got {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly text: string
  /** The parsed body if it is JSON, and the value at a path in it, such as `error.code`. */
  readonly json: unknown
  readonly at: (path: string) => unknown
  /** The connection broke before the end. */
  readonly broken: boolean
}

/** One request, without the conveniences of an SDK. */
export const ask = (
  url: string,
  options: {
    readonly method?: string
    readonly headers?: Readonly<Record<string, string>>
    readonly body?: unknown
    readonly agent?: http.Agent
    /** Receives the parts of the answer as they come. */
    readonly hears?: (part: string) => void
  } = {}
): Effect.Effect<Got> =>
  Effect.callback<Got>((resume) => {
    const { body } = options
    const text = body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body)
    const request = http.request(url, {
      method: options.method ?? (text === undefined ? "GET" : "POST"),
      headers: { ...(text !== undefined && { "content-type": "application/json" }), ...options.headers },
      agent: options.agent ?? false
    })
    request.on("error", (error) => resume(Effect.die(error)))
    request.on("response", (response) => {
      const parts: Array<Uint8Array> = []
      response.on("data", (part: Buffer) => {
        parts.push(part)
        options.hears?.(part.toString())
      })
      response.on("error", () => {})
      response.on("close", () => {
        const got = Buffer.concat(parts).toString()
        let json: unknown
        try {
          json = JSON.parse(got)
        } catch {}
        resume(
          Effect.succeed({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text: got,
            json,
            at: (path) => path.split(".").reduce(member, json),
            broken: !response.complete
          })
        )
      })
    })
    request.end(text)
    return Effect.sync(() => request.destroy())
  })

const member = (value: unknown, key: string): unknown =>
  typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined

/** The body of a chat. */
export const chat = (model: string, more: object = {}) => ({
  model,
  messages: [{ role: "user", content: "my deepest secret" }],
  ...more
})

/** The body of a message. */
export const message = (model: string, more: object = {}) => chat(model, { max_tokens: 100, ...more })
