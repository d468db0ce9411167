/**
 * A web page that shows an answer while it is written. The server opens the stream up to its commit point before it
 * sends a status, so a page never mixes two models, and a request without an answer is an HTTP error. A later failure is an event of
 * its own, never a silent end.
 *
 *     npm run build && npm exec -- node examples/sse-page.ts
 *
 * Then open the address it prints. A page that is closed, or its stop button, ends the call to the provider.
 */
import { createServer } from "node:http"
import { NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { Clock, Console, Effect, Layer, Option, Schema, Stream } from "effect"
import { Sse } from "effect/encoding"
import { HttpRouter, HttpServer, HttpServerRequest, HttpServerResponse } from "effect/http"
import { Chain, Failover, Failure, Model, ProviderService, type RunError } from "effect-failover"
import { Scripted } from "effect-failover/testing"

export class Primary extends ProviderService.Service<Primary, Scripted.Scripted>()("primary") {}
export class Backup extends ProviderService.Service<Backup, Scripted.Scripted>()("backup") {}

// -- from chunks to events ---------------------------------------------------------------------------------------------

const event = (name: string, data: object): Sse.Event => ({
  _tag: "Event",
  event: name,
  id: undefined,
  data: JSON.stringify(data)
})

/** `delta` for each piece of text; at the end `done`, or `broken` when the target failed after its commit point. */
const toEvents = (opened: Failover.Answered<Stream.Stream<Scripted.Part, Failover.CommittedStreamError>>) =>
  opened.value.pipe(
    Stream.filter(({ text }) => text !== ""),
    Stream.map(({ text }) => event("delta", { text })),
    Stream.concat(Stream.make(event("done", { from: opened.target.key }))),
    Stream.catch(({ message }) => Stream.make(event("broken", { message })))
  )

const toStatus = Effect.fnUntraced(function* (error: RunError.RunError) {
  const status = { AllBenched: 503, ChainExhausted: 502, DeadlineExceeded: 504 }
  if (error._tag === "BadRequest" || error._tag === "ContextExceeded") {
    return HttpServerResponse.text(error.message, { status: 422 })
  }
  const retryAt = error._tag === "DeadlineExceeded" ? undefined : error.retryAt
  const now = yield* Clock.currentTimeMillis
  return HttpServerResponse.text("There is no answer to be had now.", {
    status: status[error._tag],
    headers:
      retryAt === undefined ? {} : { "retry-after": String(Math.ceil(Math.max(1, retryAt - now) / 1000)) }
  })
})

// -- the two routes ----------------------------------------------------------------------------------------------------

const Question = Schema.Struct({ question: Schema.NonEmptyString })

export const Routes = HttpRouter.use(
  Effect.fnUntraced(function* (router) {
    // The providers are taken here, once. Handlers take nothing but the scope of their request.
    const failover = yield* Failover.Failover
    const chain = Chain.make(Model.make(yield* Primary, "large"), Model.make(yield* Backup, "small"))

    yield* router.add("GET", "/", HttpServerResponse.html(page()))

    yield* router.add(
      "POST",
      "/ask",
      Effect.gen(function* () {
        const body = yield* Effect.option(HttpServerRequest.schemaBodyJson(Question))
        if (Option.isNone(body)) return HttpServerResponse.text("What is the question?", { status: 400 })
        // The stream lives in the scope of the request: it ends when the response does.
        return yield* failover.open(chain, body.value.question).pipe(
          Effect.map((opened) =>
            HttpServerResponse.stream(
              toEvents(opened).pipe(Stream.pipeThroughChannel(Sse.encode()), Stream.encodeText),
              {
                contentType: "text/event-stream",
                // otherwise nginx and similar proxies buffer the events
                headers: { "cache-control": "no-cache", "x-accel-buffering": "no" }
              }
            )
          ),
          Effect.catch(toStatus)
        )
      })
    )
  })
)

/**
 * Not an `EventSource`: it only supports GET, hides the status, and sends the request again when a connection breaks,
 * which is another answer and another bill.
 */
const page = (): string => `<!doctype html>
<meta charset="utf-8">
<title>Ask</title>
<style>body { font: 1.1rem/1.5 system-ui; max-width: 40rem; margin: 3rem auto } output { white-space: pre-wrap }</style>
<form><input name="question" value="Tell me a story" size="40"> <button>Ask</button> <button type="reset">Stop</button></form>
<p><output></output></p><p><small></small></p>
<script type="module">
  const [form, out, small] = ["form", "output", "small"].map((name) => document.querySelector(name))
  let running = new AbortController()
  form.onreset = (e) => { e.preventDefault(); running.abort() }
  form.onsubmit = async (e) => {
    e.preventDefault()
    running.abort()
    running = new AbortController()
    out.textContent = small.textContent = ""
    try {
      const body = JSON.stringify({ question: form.question.value })
      const response = await fetch("/ask", { method: "POST", body, signal: running.signal, headers: { "content-type": "application/json" } })
      if (!response.ok) { small.textContent = response.status + " " + await response.text(); return }
      let text = ""
      for await (const part of response.body.pipeThrough(new TextDecoderStream())) {
        const events = (text += part).split("\\n\\n")
        text = events.pop()
        for (const lines of events) {
          const { event, data } = Object.fromEntries(lines.split("\\n").map((line) => line.split(/: (.*)/s)))
          const said = JSON.parse(data)
          if (event === "delta") out.textContent += said.text
          if (event === "done") small.textContent = "answered by " + said.from
          if (event === "broken") small.textContent = "The answer broke off: " + said.message
        }
      }
    } catch (error) { if (error.name !== "AbortError") small.textContent = "The connection is gone." }
  }
</script>
`

// -- the server ----------------------------------------------------------------------------------------------------------

/** The first provider fails before its first content; the second one writes slowly. */
const Providers = Layer.mergeAll(
  Layer.sync(Primary, () =>
    Scripted.make(Primary.provider, [[Scripted.held(), new Failure.RateLimit({ message: "slow down" })]])
  ),
  Layer.sync(Backup, () =>
    Scripted.make(Backup.provider, [
      "Once upon a time there was a chain of models, and the first of them was tired."
        .split(/(?<= )/)
        .flatMap((word) => [word, { wait: "120 millis" as const }])
    ])
  )
)

/** Everything but the providers. */
export const serve = (port: number) =>
  HttpRouter.serve(Routes, { disableLogger: true, disableListenLog: true }).pipe(
    Layer.provide(Failover.layer()),
    Layer.provideMerge(
      NodeHttpServer.layer(createServer, { host: "127.0.0.1", port, gracefulShutdownTimeout: "1 second" })
    )
  )

const announce = Layer.effectDiscard(
  HttpServer.addressFormattedWith((url) => Console.log(`Open ${url} and ask something.`))
)

if (import.meta.main) {
  announce.pipe(Layer.provide(serve(3000)), Layer.provide(Providers), Layer.launch, NodeRuntime.runMain)
}
