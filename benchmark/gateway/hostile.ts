/**
 * `npm run bench:gateway -- --hostile`: the gateway's memory and its event loop with providers that send single bytes and clients
 * that send requests which are hard to read. It needs no other program.
 */
import { readFile, rm, stat } from "node:fs/promises"
import * as http from "node:http"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { freePort } from "./child.ts"
import { ours } from "./ours.ts"

/** The size of the runs. */
export interface Options {
  /** The size of an answer that is sent in single bytes. */
  readonly mib: number
  /** The number of concurrent bodies of 33 MB. */
  readonly bodies: number
}

interface Seen {
  /** The longest pause in milliseconds, and how much of it was work: on a busy machine a process also waits for a core. */
  readonly longest: number
  readonly work: number
  /** The highest memory, and the memory at the end, in bytes. */
  readonly peak: number
  readonly rss: number
}

const probe = fileURLToPath(new URL("hostileProbe.ts", import.meta.url))

/** An answer of this size around one text, in each protocol. */
const answers: Readonly<Record<string, (size: number) => string>> = {
  "/v1/chat/completions": (size) =>
    `{"id":"c","object":"chat.completion","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"${"a".repeat(size - 200)}"}}]}`,
  "/v1/messages": (size) =>
    `{"id":"m","type":"message","role":"assistant","stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":1},"content":[{"type":"text","text":"${"a".repeat(size - 200)}"}]}`
}

const openAiEvent =
  'data: {"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"some words "},"finish_reason":null}]}\n\n'
const anthropicEvent =
  'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"some words "}}\n\n'

const streams: Readonly<Record<string, (size: number) => string>> = {
  "/v1/chat/completions": (size) =>
    `${openAiEvent.repeat(Math.floor(size / openAiEvent.length))}data: {"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n`,
  "/v1/messages": (size) =>
    'event: message_start\ndata: {"type":"message_start","message":{"id":"m","type":"message","role":"assistant","content":[],"usage":{"input_tokens":1,"output_tokens":1}}}\n\n' +
    'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}\n\n' +
    anthropicEvent.repeat(Math.floor(size / anthropicEvent.length)) +
    'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\nevent: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":1}}\n\nevent: message_stop\ndata: {"type":"message_stop"}\n\n'
}

/** Writes a text in HTTP chunks of one byte each, as fast as it is taken. */
const inSingleBytes = async (response: http.ServerResponse, text: string): Promise<void> => {
  const { socket } = response
  response.flushHeaders()
  const batch = 32 * 1024
  for (let at = 0; at < text.length && socket?.destroyed === false; at += batch) {
    let wire = ""
    for (const char of text.slice(at, at + batch)) wire += `1\r\n${char}\r\n`
    if (!socket.write(wire)) await new Promise<void>((resolve) => socket.once("drain", resolve))
  }
  socket?.end("0\r\n\r\n")
}

/** A provider that answers requests for the model `bytes` in single bytes, and all others with one word. */
const upstreamOf = (size: number) =>
  new Promise<http.Server>((resolve) => {
    const server = http.createServer((request, response) => {
      const path = new URL(request.url ?? "/", "http://x").pathname
      let begin = ""
      request.on("data", (part: Buffer) => {
        if (begin.length < 200) begin += part.toString("latin1").slice(0, 200)
      })
      request.on("end", () => {
        const isStream = begin.includes('"stream":true')
        const make = (isStream ? streams : answers)[path]
        const type = isStream ? "text/event-stream" : "application/json"
        response.writeHead(make === undefined ? 404 : 200, { "content-type": type })
        if (make === undefined) response.end()
        else if (begin.includes("bytes")) void inSingleBytes(response, make(size))
        else response.end(make(300))
      })
    })
    server.listen(0, "127.0.0.1", () => resolve(server))
  })

const portOf = (server: http.Server): number => {
  const address = server.address()
  return typeof address === "object" && address !== null ? address.port : 0
}

/** Sends a body and reads the answer. Returns its status and size, 0 if the connection broke. */
const post = (url: string, body: string | Buffer) =>
  new Promise<{ readonly status: number; readonly size: number; readonly retryAfter: string | undefined }>(
    (resolve) => {
      const request = http.request(url, {
        method: "POST",
        headers: {
          authorization: "Bearer bench-caller",
          "content-type": "application/json",
          "content-length": Buffer.byteLength(body)
        }
      })
      request.on("error", () => resolve({ status: 0, size: 0, retryAfter: undefined }))
      request.on("response", (response) => {
        let size = 0
        response.on("data", (part: Buffer) => (size += part.length))
        response.on("error", () => {})
        response.on("close", () =>
          resolve({ status: response.statusCode ?? 0, size, retryAfter: response.headers["retry-after"] })
        )
      })
      request.end(body)
    }
  )

/** The default bound is 33,554,432 bytes. */
const megabytes = 33_000_000
const around = (model: string, value: string) => Buffer.from(`{"model":"${model}","messages":${value}}`)

const list = (messages: ReadonlyArray<unknown>): string => JSON.stringify(messages)

const called = (id: string) => [
  {
    role: "assistant",
    content: null,
    tool_calls: [{ id, type: "function", function: { name: "look", arguments: '{"at":"Paris"}' } }]
  },
  { role: "tool", tool_call_id: id, content: "sunny" }
]

/** Requests that are hard to read, within the default size limits. */
const bodies: Readonly<Record<string, (model: string) => Buffer>> = {
  "33 MB of [": (model) => around(model, "[".repeat(megabytes)),
  "500 levels": (model) => around(model, `${"[".repeat(500)}${"]".repeat(500)}`),
  "4,000,000 keys": (model) =>
    around(model, `{${Array.from({ length: 4_000_000 }, (_, index) => `"k${index}":1`).join(",")}}`),
  "as many keys as are taken": (model) =>
    around(model, `{${Array.from({ length: 90_000 }, (_, index) => `"k${index}":1`).join(",")}}`),
  "as many numbers as are taken": (model) =>
    around(model, `[${Array.from({ length: 550_000 }, (_, index) => index).join(",")}]`),
  "6,000 calls and their results": (model) =>
    around(model, list(Array.from({ length: 6_000 }, (_, index) => called(`call_${index}`)).flat())),
  "as many calls and results as are taken": (model) =>
    around(model, list(Array.from({ length: 6_800 }, (_, index) => called(`call_${index}`)).flat())),
  "as many messages as are taken, behind a result": (model) =>
    around(
      model,
      list([...called("one"), ...Array.from({ length: 33_000 }, () => ({ role: "user", content: "x" }))])
    ),
  "as many texts of the model as are taken": (model) =>
    around(model, list(Array.from({ length: 33_000 }, () => ({ role: "assistant", content: "x" })))),
  "33 MB of numbers": (model) => around(model, `[${"1,".repeat(megabytes / 2)}1]`),
  "a number of 9 MB": (model) => around(model, "1".repeat(9_000_000)),
  "one text of 33 MB": (model) => around(model, `[{"role":"user","content":"${"a".repeat(megabytes)}"}]`),
  "one text of 16 MB": (model) => around(model, `[{"role":"user","content":"${"a".repeat(megabytes / 2)}"}]`),
  "33 MB of two-byte letters": (model) =>
    around(model, `[{"role":"user","content":"${"é".repeat(megabytes / 2)}"}]`),
  "33 MB of three-byte letters": (model) =>
    around(model, `[{"role":"user","content":"${"漢".repeat(megabytes / 3)}"}]`),
  "33 MB of escapes": (model) =>
    around(model, `[{"role":"user","content":"${"\\n".repeat(megabytes / 2)}"}]`),
  "as many escapes as are taken": (model) =>
    around(model, `[{"role":"user","content":"${'\\"'.repeat(9_500_000)}"}]`)
}

const mib = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(0)} MiB`

/** Runs all cases and prints a line for each, with its aim. */
export const hostile = async ({ bodies: count, mib: size }: Options, folder: string): Promise<void> => {
  const bytes = size * 1024 * 1024 - 4_096
  const upstream = await upstreamOf(bytes)
  const file = join(folder, "probe.json")
  const gateway = await ours(
    { port: await freePort(), upstream: `http://127.0.0.1:${portOf(upstream)}`, folder },
    ["--expose-gc", "--import", probe],
    { PROBE_FILE: file }
  )
  const origin = new URL(gateway.url).origin
  const look = async (): Promise<Seen> => {
    await rm(file, { force: true })
    process.kill(gateway.child.pid, "SIGUSR2")
    for (;;) {
      await sleep(20)
      const there = await stat(file).catch(() => undefined)
      if (there !== undefined && there.size > 0) return JSON.parse(await readFile(file, "utf8"))
    }
  }
  const line = (name: string, got: string, aim: string, reached: boolean) =>
    console.log(`${name.padEnd(58)} ${got.padEnd(34)} aim: ${aim}, ${reached ? "reached" : "MISSED"}`)

  console.log(
    `\nMemory of an answer of ${size} MiB in chunks of one byte (over what the gateway takes at rest)`
  )
  for (const [name, model, isStream] of [
    ["whole, passed through", "first/bytes", false],
    ["whole, translated", "claude/bytes", false],
    ["stream, passed through", "first/bytes", true],
    ["stream, translated", "claude/bytes", true]
  ] as const) {
    const rest = await look()
    const got = await post(
      `${origin}/v1/chat/completions`,
      JSON.stringify({ stream: isStream, model, messages: [] })
    )
    const seen = await look()
    const grown = seen.peak - rest.rss
    line(
      `${name} (status ${got.status}, ${mib(got.size)})`,
      `${mib(grown)}, ${(grown / bytes).toFixed(2)} times`,
      "3 times",
      grown <= 3 * bytes
    )
  }

  console.log("\nLongest pause of the event loop for a body, within the default limit of a body")
  for (const [to, model] of [
    ["passed through", "first/x"],
    ["translated", "claude/x"]
  ] as const) {
    for (const [name, make] of Object.entries(bodies)) {
      const body = make(model)
      await look()
      const got = await post(`${origin}/v1/chat/completions`, body)
      const { longest, work } = await look()
      line(
        `${name}, ${to} (status ${got.status})`,
        `${longest.toFixed(0)} ms, ${work.toFixed(0)} of them work`,
        "200 ms",
        longest <= 200
      )
    }
  }

  console.log(`\nMemory with ${count} bodies of 33 MB at once`)
  const large = around("first/x", `[{"role":"user","content":"${"a".repeat(megabytes)}"}]`)
  const rest = await look()
  const all = await Promise.all(
    Array.from({ length: count }, () => post(`${origin}/v1/chat/completions`, large))
  )
  const { peak } = await look()
  const refused = all.filter(({ status }) => status === 503)
  const told = refused.every(({ retryAfter }) => retryAfter !== undefined)
  line(
    `${all.filter(({ status }) => status === 200).length} answered, ${refused.length} refused with 503${told ? " and retry-after" : ""}`,
    mib(peak - rest.rss),
    "2,048 MiB (eight times the bound of all bodies)",
    peak - rest.rss <= 8 * 256 * 1024 * 1024 && told
  )
  await gateway.child.stop()
  upstream.closeAllConnections()
  upstream.close()
}
