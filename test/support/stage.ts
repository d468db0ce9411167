/** The status page on a fake gateway that sends what the test gives it. */
import * as http from "node:http"
import type { AddressInfo } from "node:net"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Files from "../../src/gateway/status/Files.ts"
import type { Status } from "../../src/gateway/status/Status.ts"
import type { Update } from "../../src/gateway/status/Watch.ts"

/** The server that the page connects to. */
export interface Stage {
  readonly url: string
  /** The state that viewers get from now on, later viewers too. */
  readonly show: (status: Status) => void
  /** An event that viewers get as well. */
  readonly update: (update: Update) => void
}

/** Starts it, until the scope ends. */
export const make = (first: Status): Effect.Effect<Stage, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.callback<Stage & { readonly close: () => void }>((resume) => {
      const files = Files.read()
      const viewers = new Set<http.ServerResponse>()
      let shown = first
      const tell = (event: string, data: object) => {
        for (const viewer of viewers) viewer.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
      }
      const server = http.createServer((request, response) => {
        if (request.url === "/status/events") {
          viewers.add(response.writeHead(200, { "content-type": "text/event-stream" }))
          response.on("close", () => viewers.delete(response))
          response.write(`event: status\ndata: ${JSON.stringify(shown)}\n\n`)
        } else if (request.url?.startsWith("/admin/") === true) {
          response.writeHead(200, { "content-type": "application/json" }).end("[]")
        } else {
          const file = files.get(
            request.url === "/" ? "page.html" : String(request.url).replace("/status/", "")
          )
          response.writeHead(file === undefined ? 404 : 200, {
            "content-type": file?.contentType ?? "text/plain"
          })
          response.end(file?.text)
        }
      })
      const beat = setInterval(() => tell("alive", { at: shown.at }), 3_000)
      server.listen(0, "127.0.0.1", () =>
        resume(
          Effect.succeed({
            url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
            show: (status: Status) => tell("status", (shown = status)),
            update: (update: Update) => tell("update", update),
            close: () => {
              clearInterval(beat)
              server.closeAllConnections()
              server.close()
            }
          })
        )
      )
    }),
    ({ close }) => Effect.sync(close)
  )
