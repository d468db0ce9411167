/**
 * A simulated provider: a real HTTP server on loopback that answers, refuses or breaks off as configured.
 *
 * It has both wire protocols, JSON and event streams.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Shapes from "../../simulator/faults/Shapes.ts"

/** The operation of a request. The Responses API is missing: the gateway translates it to chats. */
type Operation = "chat" | "completion" | "embeddings" | "tokenCount"

/** The parts of a request that a behaviour can use. */
export interface SimulatedRequest {
  readonly protocol: Shapes.ProtocolName
  readonly operation: Operation
  readonly model: string
  readonly stream: boolean
  /** The key of the request; empty without one. */
  readonly key: string
  /** The last message of the conversation, or the text to embed. */
  readonly prompt: string
}

/** The provider's reaction to a request. */
export type Act =
  /** Answers: the first word after `wait`, and in a stream the next ones after `pause` each. */
  | {
      readonly _tag: "Answer"
      readonly text: string
      readonly wait?: Duration.Input
      readonly pause?: Duration.Input
    }
  /** Returns an error. */
  | {
      readonly _tag: "Refuse"
      readonly status: number
      readonly code: string
      readonly message: string
      readonly headers?: Readonly<Record<string, string>>
    }
  /** Begins to answer, and closes the connection before any content. */
  | { readonly _tag: "Break" }

/** Starts a provider on a free port of 127.0.0.1, until the scope ends. Returns its origin. */
export const start = (
  behave: (asked: SimulatedRequest) => Effect.Effect<Act>
): Effect.Effect<string, never, Scope.Scope> =>
  Effect.flatMap(Effect.context<never>(), (context) =>
    Effect.map(
      Effect.acquireRelease(
        Effect.callback<ReturnType<typeof createServer>>((resume) => {
          const server = createServer((request, response) => {
            const fiber = Effect.runForkWith(context)(serve(request, response, behave))
            response.on("close", () => fiber.interruptUnsafe())
          })
          server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
        }),
        (server) =>
          Effect.callback<void>((resume) => {
            server.close(() => resume(Effect.void))
            server.closeAllConnections()
          })
      ),
      (server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    )
  )

const serve = Effect.fnUntraced(function* (
  request: IncomingMessage,
  response: ServerResponse,
  behave: (asked: SimulatedRequest) => Effect.Effect<Act>
) {
  const asked = read(request, yield* bodyOf(request))
  const act = yield* behave(asked)
  const created = Math.floor((yield* Clock.currentTimeMillis) / 1000)
  const head = { protocol: asked.protocol, model: asked.model, created }
  switch (act._tag) {
    case "Refuse": {
      const body = Shapes.error(asked.protocol, act.code, act.message)
      response.writeHead(act.status, { "content-type": "application/json", ...act.headers }).end(body)
      return
    }
    case "Break": {
      if (asked.stream) {
        response.writeHead(200, { "content-type": "text/event-stream" }).write(Shapes.opening(head))
        yield* Effect.sleep("20 millis")
      }
      response.destroy()
      return
    }
    case "Answer": {
      yield* Effect.sleep(act.wait ?? 0)
      if (!asked.stream) {
        response
          .writeHead(200, { "content-type": "application/json" })
          .end(wholeAnswer(head, asked, act.text))
        return
      }
      response.writeHead(200, { "content-type": "text/event-stream" })
      const isCompletion = asked.operation === "completion"
      if (!isCompletion) response.write(Shapes.opening(head))
      for (const word of act.text.split(/(?<=\s)/)) {
        response.write(isCompletion ? Shapes.completionDelta(head, word) : Shapes.delta(head, word))
        yield* Effect.sleep(act.pause ?? 0)
      }
      response.end(isCompletion ? Shapes.completionClosing(head) : Shapes.closing(head))
    }
  }
})

const wholeAnswer = (head: Shapes.Head, { operation, prompt }: SimulatedRequest, text: string): string => {
  switch (operation) {
    case "chat":
      return Shapes.answer(head, text)
    case "completion":
      return Shapes.completion(head, text)
    case "embeddings":
      return Shapes.vectors(head, prompt)
    case "tokenCount":
      return Shapes.tokenCount(prompt)
  }
}

const bodyOf = (request: IncomingMessage): Effect.Effect<string> =>
  Effect.callback((resume) => {
    const parts: Array<Uint8Array> = []
    request.on("data", (part) => parts.push(part))
    request.on("error", () => {})
    request.on("end", () => resume(Effect.succeed(Buffer.concat(parts).toString())))
  })

const read = ({ headers, url = "" }: IncomingMessage, text: string): SimulatedRequest => {
  const body = fieldsOf(parse(text))
  const messages = Array.isArray(body.messages) ? body.messages : []
  const prompt = fieldsOf(messages.at(-1)).content ?? body.input ?? body.prompt
  const isAnthropic = url.includes("/messages")
  return {
    protocol: isAnthropic ? "anthropic" : "openai",
    operation: operationOf(url),
    model: String(body.model),
    stream: body.stream === true,
    key: String(headers["x-api-key"] ?? headers.authorization?.replace(/^bearer /i, "") ?? ""),
    prompt: typeof prompt === "string" ? prompt : (JSON.stringify(prompt) ?? "")
  }
}

const operationOf = (url: string): Operation =>
  url.includes("/embeddings")
    ? "embeddings"
    : url.includes("/count_tokens")
      ? "tokenCount"
      : /(?<!\/chat)\/completions/.test(url)
        ? "completion"
        : "chat"

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const fieldsOf = (u: unknown): Readonly<Record<string, unknown>> =>
  typeof u === "object" && u !== null ? (u as Readonly<Record<string, unknown>>) : {}
