/** A caller of the gateway: sends one request, reads by its plan, and records when it first saw content. */
import * as http from "node:http"
import { now } from "./clock.ts"
import type { Entry } from "./ledger.ts"
import { bodyOf, type Plan, pathOf } from "./plan.ts"

/** How an answer arrived. */
export interface Outcome {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly body: string
  /** It ended as HTTP requires, broke before that, came too late, or its caller left. */
  readonly end: "whole" | "broken" | "late" | "left"
  /** What broke it. */
  readonly error: string | undefined
  /** Its connection had been used before. */
  readonly reused: boolean
}

/** Longer than any deadline of the gateway. */
const maxWait = 75_000

/** An event with content, in any of the protocols. */
const content =
  /"(?:content|text|partial_json|arguments)":"[^"]|output_text\.delta|function_call_arguments\.delta|event: content_block_delta/

/** The token that callers send. */
export const token = "chaos-caller"

/** Sends a request and reads its answer. */
export const call = (origin: string, agent: http.Agent | false, plan: Plan, entry: Entry): Promise<Outcome> =>
  new Promise((resolve) => {
    const body = Buffer.from(bodyOf(plan))
    const request = http.request(`${origin}${pathOf(plan.api)}`, {
      method: "POST",
      agent,
      headers: {
        authorization: `Bearer ${token}`,
        "content-type": "application/json",
        "content-length": body.length
      }
    })
    let response: http.IncomingMessage | undefined
    const parts: Array<Buffer> = []
    /** The last bytes so far, since content may begin in them. */
    let tail = ""
    let isOver = false
    const end = (how: Outcome["end"], error?: string) => {
      if (isOver) return
      isOver = true
      clearTimeout(timer)
      if (how === "late" || how === "left") {
        entry.leftAt = now()
        request.destroy()
      }
      resolve({
        status: response?.statusCode ?? 0,
        headers: response?.headers ?? {},
        body: Buffer.concat(parts).toString(),
        end: how,
        error,
        reused: request.reusedSocket
      })
    }
    const timer = setTimeout(() => end("late"), maxWait)
    request.on("error", (error: NodeJS.ErrnoException) => end("broken", error.code ?? error.message))
    request.on("response", (given) => {
      response = given
      if (given.statusCode === 200 && !plan.stream) entry.committedAt ??= now()
      let pauses = 20
      given.on("data", (part: Buffer) => {
        parts.push(part)
        if (entry.committedAt === undefined) {
          tail += part.toString("latin1")
          if (content.test(tail)) entry.committedAt = now()
          tail = tail.slice(-200)
        }
        if (plan.reads === "leaves in the middle") end("left")
        if (plan.reads !== "slowly" || pauses-- <= 0) return
        given.pause()
        setTimeout(() => given.resume(), 50)
      })
      given.on("error", (error: NodeJS.ErrnoException) => end("broken", error.code ?? error.message))
      given.on("close", () =>
        end(given.complete ? "whole" : "broken", given.complete ? undefined : "incomplete")
      )
    })
    if (plan.reads === "leaves before") setTimeout(() => end("left"), 3 + (plan.size % 40))
    request.end(body)
  })
