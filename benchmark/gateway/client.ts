/** One caller with one connection, which times answers and their first content. */
import { Agent, request } from "node:http"
import { firstContent } from "./payload.ts"
import type { Request } from "./wrk.ts"

/** One answer as its caller saw it. Times are milliseconds. */
export interface Seen {
  readonly status: number
  readonly text: string
  readonly content: number
  readonly whole: number
}

/** A caller that keeps its connection. */
export class Client {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 })

  /** Sends a request and reads the answer to its end. */
  send({ body, headers, url }: Request): Promise<Seen> {
    return new Promise((resolve, reject) => {
      const began = performance.now()
      let content = Number.NaN
      let text = ""
      const options = {
        method: "POST",
        agent: this.#agent,
        headers: { ...headers, "content-length": Buffer.byteLength(body) },
        timeout: 10_000
      }
      const sent = request(url, options, (response) => {
        response.setEncoding("utf8")
        response.on("data", (part: string) => {
          text += part
          if (Number.isNaN(content) && text.includes(firstContent)) content = performance.now() - began
        })
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 0, text, content, whole: performance.now() - began })
        )
        response.on("error", reject)
      })
      sent.on("timeout", () => sent.destroy(new Error("no answer in ten seconds")))
      sent.on("error", reject)
      sent.end(body)
    })
  }

  close(): void {
    this.#agent.destroy()
  }
}
