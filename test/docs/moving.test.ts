/** The programs of the pages about moving from other libraries, run against two servers: the first provider is throttled, the second one answers. */
import { execFile } from "node:child_process"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { join, resolve } from "node:path"
import { promisify } from "node:util"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { processes } from "../support/cli.ts"
import { fromMarkdown, toModule } from "./extract.ts"

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

const root = resolve(import.meta.dirname, "../..")

/** Runs code after the last program of a page, and returns its output. It needs its own process to have its own environment. */
const runLast = async (
  page: string,
  code: string,
  env: Readonly<Record<string, string>>
): Promise<unknown> => {
  const example = fromMarkdown().findLast(({ at }) => at.startsWith(`docs/${page}:`))
  assert.isDefined(example, page)
  // Node does not strip types inside node_modules, and imports of packages are resolved from this folder.
  const directory = await mkdtemp(join(root, ".moving-"))
  try {
    const file = join(directory, "main.ts")
    await writeFile(file, `${toModule(example!, directory)}\nconsole.log(JSON.stringify(${code}))\n`)
    const child = await promisify(execFile)(process.execPath, [file], {
      cwd: root,
      env: { ...process.env, ...env },
      timeout: 150_000
    })
    return JSON.parse(child.stdout)
  } finally {
    await rm(directory, { recursive: true })
  }
}

describe("what a page about moving calls After", () => {
  const servers: Array<Server> = []
  const env: Record<string, string> = { OPENAI_API_KEY: "one", ANTHROPIC_API_KEY: "two" }
  const listen = (answer: typeof throttled) =>
    new Promise<string>((done) => {
      const server = createServer(answer)
      servers.push(server)
      server.listen(0, "127.0.0.1", () => done(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))
    })
  beforeAll(async () => {
    env.OPENAI_BASE_URL = await listen(throttled)
    env.ANTHROPIC_BASE_URL = await listen(answering)
  })
  afterAll(() => {
    for (const server of servers) {
      server.closeAllConnections()
      server.close()
    }
  })

  it(
    "answers in place of ai-retry's and ai-fallback's model",
    async () => {
      calls.length = 0
      const answers = await runLast("ai-sdk.md", '[await generate("Hello"), await generate("Hello")]', env)
      assert.deepStrictEqual(answers, ["hello", "hello"])
      assert.deepStrictEqual(
        calls,
        ["openai", "anthropic", "anthropic"],
        "the second request skips the benched key"
      )
    },
    processes
  )

  it(
    "answers in place of LangChain's model, whole and as a stream",
    async () => {
      const answers = await runLast(
        "langchain.md",
        "[await Effect.runPromise(answer), await Effect.runPromise(Stream.mkString(story))]",
        env
      )
      assert.deepStrictEqual(answers, ["hello", "hello"])
    },
    processes
  )
})
