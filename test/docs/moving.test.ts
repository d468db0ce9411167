/** The programs of the pages about moving from other libraries, run against two servers: the first provider is throttled, the second one answers. */
import { writeFileSync } from "node:fs"
import { mkdir } from "node:fs/promises"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { join, resolve } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { fromMarkdown, toModule } from "./extract.ts"

const directory = resolve(import.meta.dirname, "../../node_modules/.cache/moving")
const calls: Array<string> = []

const throttled = (_: IncomingMessage, response: ServerResponse) => {
  calls.push("openai")
  response.writeHead(429, { "content-type": "application/json", "retry-after": "60" })
  response.end('{"error":{"code":"rate_limit_exceeded","message":"Rate limit reached"}}')
}

const message = { id: "1", type: "message", role: "assistant", model: "claude-sonnet-5" }
const usage = { input_tokens: 1, output_tokens: 2 }
const events = [
  { type: "message_start", message: { ...message, content: [], usage } },
  { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
  { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "hello" } },
  { type: "content_block_stop", index: 0 },
  { type: "message_delta", delta: { stop_reason: "end_turn" }, usage },
  { type: "message_stop" }
]

const answering = (request: IncomingMessage, response: ServerResponse) => {
  calls.push("anthropic")
  let body = ""
  request.on("data", (part) => (body += part))
  request.on("end", () => {
    if (JSON.parse(body).stream === true) {
      response.writeHead(200, { "content-type": "text/event-stream" })
      for (const event of events) response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
      response.end()
    } else {
      const whole = { ...message, content: [{ type: "text", text: "hello" }], stop_reason: "end_turn", usage }
      response.writeHead(200, { "content-type": "application/json" })
      response.end(JSON.stringify(whole))
    }
  })
}

/** The last program of a page, as a module of its own. */
const lastOf = async (page: string): Promise<Record<string, unknown>> => {
  const example = fromMarkdown().findLast(({ at }) => at.startsWith(`docs/${page}:`))
  assert.isDefined(example, page)
  const file = join(directory, `${page}.ts`)
  await mkdir(directory, { recursive: true })
  writeFileSync(file, toModule(example!, directory).replace("\nexport {}\n", "\n"))
  return import(/* @vite-ignore */ file)
}

describe("what a page about moving calls After", () => {
  const servers: Array<Server> = []
  const before = { ...process.env }
  const listen = (answer: typeof throttled) =>
    new Promise<string>((done) => {
      const server = createServer(answer)
      servers.push(server)
      server.listen(0, "127.0.0.1", () => done(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))
    })
  beforeAll(async () => {
    process.env.OPENAI_API_KEY = "one"
    process.env.OPENAI_BASE_URL = await listen(throttled)
    process.env.ANTHROPIC_API_KEY = "two"
    process.env.ANTHROPIC_BASE_URL = await listen(answering)
  })
  afterAll(() => {
    process.env = before
    for (const server of servers) {
      server.closeAllConnections()
      server.close()
    }
  })

  it("answers in place of ai-retry's and ai-fallback's model", async () => {
    calls.length = 0
    const { generate } = (await lastOf("ai-sdk.md")) as {
      readonly generate: (prompt: string) => Promise<string>
    }
    assert.strictEqual(await generate("Hello"), "hello")
    assert.strictEqual(await generate("Hello"), "hello")
    assert.deepStrictEqual(
      calls,
      ["openai", "anthropic", "anthropic"],
      "the second request skips the benched key"
    )
  })

  it("answers in place of LangChain's model, whole and as a stream", async () => {
    const { answer, story } = (await lastOf("langchain.md")) as {
      readonly answer: Effect.Effect<string>
      readonly story: Stream.Stream<string>
    }
    assert.strictEqual(await Effect.runPromise(answer), "hello")
    assert.strictEqual(await Effect.runPromise(Stream.mkString(story)), "hello")
  })
})
