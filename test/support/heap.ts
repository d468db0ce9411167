/**
 * Starts a gateway whose tokens come from the environment, serves requests, and prints which of the given texts are still in
 * its heap. Run with `--expose-gc`. The texts are given reversed, so that the search does not find its own arguments.
 */
import { readFileSync } from "node:fs"
import { request } from "node:http"
import { getHeapSnapshot } from "node:v8"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"
import * as Load from "../../src/config/Load.ts"
import * as Gateway from "../../src/gateway/Gateway.ts"

const file = process.argv[2]!
const turned = (text: string) => [...text].reverse().join("")

/** A request whose token is created here and not kept. */
const ask = (url: string, token: string): Effect.Effect<number> =>
  Effect.callback<number>((resume) => {
    const headers = { authorization: `Bearer ${turned(token)}` }
    request(`${url}/v1/models`, { headers, agent: false }, (response) => {
      response.resume()
      response.on("close", () => resume(Effect.succeed(response.statusCode ?? 0)))
    }).end()
  })

const heap = Effect.promise(async () => {
  globalThis.gc?.()
  const parts: Array<Buffer> = []
  for await (const part of getHeapSnapshot()) parts.push(Buffer.from(part))
  return Buffer.concat(parts)
})

const program = Effect.gen(function* () {
  const config = yield* Load.load(file)
  const context = yield* Layer.build(
    Gateway.layer(config, { source: Effect.provide(Load.load(file), NodeServices.layer) })
  )
  const url = HttpServer.formatAddress(Context.get(context, HttpServer.HttpServer).address)
  const [token, admin, key] = readFileSync(`${file}.turned`, "utf8").split("\n") as [string, string, string]
  const statuses = [yield* ask(url, token), yield* ask(url, admin)]
  yield* Effect.sleep("50 millis")
  const seen = yield* heap
  const has = (text: string) => seen.includes(Buffer.from(text, "latin1").reverse())
  process.stdout.write(JSON.stringify({ statuses, token: has(token), admin: has(admin), key: has(key) }))
})

Effect.runPromise(Effect.scoped(Effect.provide(program, NodeServices.layer))).then(
  () => process.exit(0),
  (error) => {
    process.stderr.write(String(error))
    process.exit(1)
  }
)
