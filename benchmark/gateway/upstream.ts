/**
 * A program: the upstream of the benchmark, `node upstream.ts PORT`.
 *
 * A plain node:http server that answers at once. The model's name decides how it writes a stream: how many events there are in a write,
 * with one write in each turn of the event loop, so that writes stay separate on the wire unless the machine is busy.
 */
import { createServer, type ServerResponse } from "node:http"
import { answer, events, message, messageEvents, payloads } from "./payload.ts"

const chat = Buffer.from(answer)
const spoken = Buffer.from(message)

/** The writes of each streamed payload. */
const streams = new Map(
  payloads
    .filter(({ stream }) => stream)
    .map(({ name, perWrite, translated }) => {
      const told = translated?.target === "messages" ? messageEvents : events
      const writes = Array.from({ length: Math.ceil(told.length / perWrite) }, (_, index) =>
        Buffer.from(told.slice(index * perWrite, (index + 1) * perWrite).join(""))
      )
      return [name, writes]
    })
)

const writeFrom = (response: ServerResponse, writes: ReadonlyArray<Buffer>, index: number): void => {
  const write = writes[index]
  if (write === undefined || response.destroyed) {
    response.end()
    return
  }
  response.write(write)
  setImmediate(writeFrom, response, writes, index + 1)
}

/** The faults of the soak, by the model's name. */
const broken = (model: string, response: ServerResponse): boolean => {
  if (model === "down") {
    response.writeHead(503, { "content-type": "application/json" })
    response.end('{"error":{"message":"overloaded","type":"server_error"}}')
    return true
  }
  if (model === "cut") {
    response.writeHead(200, { "content-type": "text/event-stream" })
    response.write(events.slice(0, 20).join(""))
    setTimeout(() => response.destroy(), 5)
    return true
  }
  return false
}

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  let body = ""
  request.setEncoding("utf8")
  request.on("data", (text: string) => {
    body += text
  })
  request.on("end", () => {
    const { model } = JSON.parse(body) as { readonly model: string }
    if (broken(model, response)) return
    const writes = streams.get(model)
    if (writes === undefined) {
      const whole = request.url?.endsWith("/messages") === true ? spoken : chat
      response.writeHead(200, { "content-type": "application/json", "content-length": whole.length })
      response.end(whole)
    } else {
      response.writeHead(200, { "content-type": "text/event-stream" })
      writeFrom(response, writes, 0)
    }
  })
})

server.listen(Number(process.argv[2]), "127.0.0.1")
