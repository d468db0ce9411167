/**
 * A program: the smallest possible proxy in Node, `node bareProxy.ts PORT UPSTREAM`.
 *
 * node:http on one side, undici's dispatch on the other, bytes passed on as they come with backpressure, and nothing
 * else: the limit of the runtime.
 */
import { createServer } from "node:http"
import { Agent } from "undici"

const [port, origin = ""] = process.argv.slice(2)
const agent = new Agent({ headersTimeout: 0, bodyTimeout: 0 })

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  const parts: Array<Buffer> = []
  request.on("data", (part: Buffer) => parts.push(part))
  request.on("end", () => {
    const headers = { "content-type": "application/json", authorization: request.headers.authorization ?? "" }
    const body = Buffer.concat(parts)
    agent.dispatch(
      { origin, path: request.url ?? "/", method: "POST", headers, body },
      {
        onRequestStart: (controller) => {
          response.on("drain", () => controller.resume())
          response.on("close", () => {
            if (!response.writableFinished) controller.abort(new Error("the caller left"))
          })
        },
        onResponseStart: (_, status, { connection: _c, "transfer-encoding": _t, ...passed }) => {
          response.writeHead(status, passed)
        },
        onResponseData: (controller, chunk) => {
          if (!response.write(chunk)) controller.pause()
        },
        onResponseEnd: () => void response.end(),
        onResponseError: () => void response.destroy()
      }
    )
  })
})

server.listen(Number(port), "127.0.0.1")
