/** `effect-failover serve`: runs the gateway until it is stopped. */
import * as Console from "effect/Console"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as FileSystem from "effect/FileSystem"
import * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Path from "effect/Path"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { defaultLog, type GatewayConfig } from "../config/GatewayConfig.ts"
import * as Watch from "../config/Watch.ts"
import * as Gateway from "../gateway/Gateway.ts"
import * as ConfigSecrets from "../gateway/providers/ConfigSecrets.ts"
import * as ConfigFlags from "./ConfigFlags.ts"
import * as Hangup from "./Hangup.ts"
import * as LogOutput from "./LogOutput.ts"
import * as StopSignal from "./StopSignal.ts"
import * as Simulated from "./simulated/Simulated.ts"
import { because, type ExitWith } from "./support/Exit.ts"

/** Options of the command. */
export interface Options extends ConfigFlags.Overrides {
  readonly config: Option.Option<string>
  /** Reload when the file changes. */
  readonly watch: boolean
}

/** Runs until it is interrupted, and then finishes the requests in flight. */
export const serve = (options: Options): Effect.Effect<never, ExitWith, FileSystem.FileSystem | Path.Path> =>
  Effect.scoped(
    Effect.gen(function* () {
      const file = Option.getOrUndefined(options.config)
      // Started before the file is read, so that no change is missed.
      const hangups = file === undefined ? Stream.empty : yield* Hangup.watch
      const edits = file === undefined || !options.watch ? Stream.empty : yield* Watch.make(file)
      const changes = Stream.merge(hangups, edits)
      // The simulated providers must outlive the gateway, which still has requests in flight.
      const config = yield* file === undefined ? Simulated.start : ConfigFlags.read(file)
      const settled = yield* ConfigFlags.override(config, options, file)
      const log = LogOutput.make(settled.log ?? defaultLog)
      const onConfig = (config: GatewayConfig) => log.use(config.log ?? defaultLog, ConfigSecrets.of(config))
      const signal = yield* StopSignal.watch
      // Runs after everything that the gateway opened has been closed.
      yield* Effect.addFinalizer(() => Effect.provide(Effect.logInfo("stopped"), log.layer))
      const serving = running(settled, options, file, changes, onConfig).pipe(
        Effect.onInterrupt(() =>
          Effect.logInfo(
            `stopping${signal() === undefined ? "" : ` on ${signal()}`}: accepting no new requests, finishing those in flight`
          )
        )
      )
      return yield* Effect.provide(serving, log.layer)
    })
  )

const running = (
  settled: GatewayConfig,
  options: Options,
  file: string | undefined,
  changes: Stream.Stream<void, never, FileSystem.FileSystem | Path.Path>,
  onConfig: Gateway.Options["onConfig"]
): Effect.Effect<never, ExitWith, FileSystem.FileSystem | Path.Path | Scope.Scope> =>
  Effect.gen(function* () {
    for (const note of settled.notes) yield* printNote(settled, note)
    const context = yield* Effect.context<FileSystem.FileSystem | Path.Path>()
    const source =
      file === undefined ? undefined : Effect.provideContext(ConfigFlags.reread(file, options), context)
    const { reload, url } = yield* listen(settled, { source, onConfig, log: true })
    // Listens for signals and changes before the URL is printed.
    const waiting = file === undefined ? Effect.never : reloading(changes, reload)
    const fiber = yield* Effect.forkScoped(waiting, { startImmediately: true })
    yield* Console.log(`listening on ${url}`)
    if (file === undefined) yield* Console.log(guide(url))
    else if (settled.server.statusPage !== "off") yield* printNote(settled, `the status page is at ${url}/`)
    return yield* Fiber.join(fiber)
  })

/** Prints a note to standard error; a log entry if the log is JSON. */
const printNote = ({ log = defaultLog }: GatewayConfig, note: string): Effect.Effect<void> =>
  log.format === "json" ? Effect.logInfo(`note: ${note}`) : Console.error(`note: ${note}`)

/** Reloads on SIGHUP and when the file changes. The gateway logs the result. */
const reloading = <R>(
  changes: Stream.Stream<void, never, R>,
  reload: Gateway.Reload["Service"]["reload"]
): Effect.Effect<never, never, R> =>
  changes.pipe(
    Stream.runForEach(() => Effect.ignore(reload)),
    Effect.andThen(Effect.never)
  )

const listen = (
  config: GatewayConfig,
  options: Gateway.Options
): Effect.Effect<{ readonly url: string } & Gateway.Reload["Service"], ExitWith, Scope.Scope> =>
  Layer.build(Gateway.layer(config, options)).pipe(
    Effect.map((context) => ({
      url: HttpServer.formatAddress(Context.get(context, HttpServer.HttpServer).address),
      reload: Context.get(context, Gateway.Reload).reload
    })),
    Effect.catchTag("ServeError", ({ cause }) =>
      because(1, `cannot listen on ${config.server.host}:${config.server.port}: ${reasonOf(cause)}`)
    ),
    Effect.catchTag(["InvalidCatalog", "ExposedGateway", "UnusableStore"], (error) =>
      because(2, error.message)
    )
  )

const reasonOf = (cause: unknown): string => {
  switch (cause instanceof Error && "code" in cause ? cause.code : undefined) {
    case "EADDRINUSE":
      return "the port is in use; choose another one with --port, or any free one with --port 0"
    case "EACCES":
      return "permission denied"
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return "this machine has no such address"
    default:
      return cause instanceof Error ? cause.message : "unknown"
  }
}

const guide = (url: string): string => `
No config file given, so these are built-in simulated providers; nothing leaves this machine.

  model    goes to             which
  smart    throttled/large     answers three requests per key in twenty seconds, with two keys
           flaky/medium        is overloaded or breaks off every other time
           steady/small        answers
  claude   busy/large          is overloaded every other time (Anthropic's protocol)
           calm/small          answers

Call it, a few times in a row, and look at the x-failover-* headers:

  curl -i ${url}/v1/chat/completions \\
    -H 'content-type: application/json' \\
    -d '{"model":"smart","messages":[{"role":"user","content":"Hello"}]}'

  curl -iN ${url}/v1/chat/completions \\
    -H 'content-type: application/json' \\
    -d '{"model":"smart","stream":true,"messages":[{"role":"user","content":"Hello"}]}'

  curl -i ${url}/v1/messages \\
    -H 'content-type: application/json' \\
    -d '{"model":"claude","max_tokens":100,"messages":[{"role":"user","content":"Hello"}]}'

  curl -s ${url}/v1/models

Watch every target and every decision in a browser:

  ${url}/

x-failover-trail has the outcome of each attempt, x-failover-target the target that answered.
With your own providers: effect-failover serve --config FILE
(in a clone: npm start -- --config FILE). Stop with Ctrl-C.`
