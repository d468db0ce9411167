/**
 * A transport that calls undici's dispatcher directly.
 *
 * Connections are kept alive; an idle one is closed after four seconds, or earlier if its server requests that. All of
 * undici's timeouts are off except the connect timeout. Where undici cannot dispatch (Bun), the runtime's own `fetch`
 * is used.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as undici from "undici"
import * as Checks from "../../util/Checks.ts"
import * as Call from "./Call.ts"
import { Transport } from "./Transport.ts"
import { UndiciCall } from "./UndiciCall.ts"

/** Options of the undici agent. */
export interface Options {
  /**
   * Whether to use HTTP/2 with servers that offer it. Default no: with one connection per request in flight, a
   * stalled request delays no other.
   */
  readonly http2?: boolean | undefined
  /** The most connections per origin. Default: unlimited. */
  readonly connections?: number | undefined
}

/** Provides `Transport` with its own connections; they are closed with the layer. */
export const layer = (options: Options = {}): Layer.Layer<Transport> => Layer.effect(Transport, make(options))

/** Makes a `Transport`. Its connections are closed with the scope. */
export const make = (options: Options = {}): Effect.Effect<Transport["Service"], never, Scope.Scope> => {
  Checks.fields("UndiciTransport.make", options, { connections: Checks.count })
  return canDispatch(undici.Agent) ? open(options) : overFetch
}

let sharedTransport: Transport["Service"] | undefined

/**
 * One transport for the whole process, made when it is first needed: for providers that are given none. Its connections are
 * closed when they are idle, and an idle one does not keep the process alive.
 */
export const shared: Effect.Effect<Transport["Service"]> = Effect.suspend(() =>
  sharedTransport === undefined
    ? Effect.map(
        Effect.provideService(make(), Scope.Scope, Scope.makeUnsafe()),
        (made) => (sharedTransport ??= made)
      )
    : Effect.succeed(sharedTransport)
)

/**
 * The `Transport` of the context, or the shared one.
 *
 * @internal
 */
export const orShared: Effect.Effect<Transport["Service"]> = Effect.flatMap(
  Effect.serviceOption(Transport),
  Option.match({ onNone: () => shared, onSome: Effect.succeed })
)

/**
 * False in Bun: the agents of its own `undici` cannot dispatch.
 *
 * @internal
 */
export const canDispatch = (agent: { readonly prototype: { readonly dispatch?: unknown } }): boolean =>
  typeof agent.prototype.dispatch === "function"

/**
 * A transport over the runtime's `fetch`; loaded only where undici cannot dispatch. Ignores `http2` and
 * `connections`.
 *
 * @internal
 */
export const overFetch: Effect.Effect<Transport["Service"]> = Effect.promise(async () => {
  const [{ make }, FetchHttpClient, { HttpClient }] = await Promise.all([
    import("./HttpClientTransport.ts"),
    import("effect/http/FetchHttpClient"),
    import("effect/http/HttpClient")
  ])
  return Effect.provide(Effect.map(HttpClient, make), FetchHttpClient.layer)
}).pipe(Effect.flatten)

const open = (options: Options): Effect.Effect<Transport["Service"], never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => new Map<number, undici.Agent>()),
      (agents) => Effect.promise(() => Promise.all([...agents.values()].map((agent) => agent.destroy())))
    ),
    (agents) => {
      // undici takes the connect timeout per agent (and checks it twice a second), so there is one agent for each
      // timeout. The pools get `allowH2`, not the agent: an agent that has it off joins a text to find the pool of each request, which
      // takes 0.16 instead of 0.02 µs (2026-11-30).
      const agentFor = (connectTimeout: number): undici.Agent => {
        const known = agents.get(connectTimeout)
        if (known !== undefined) return known
        const agent = new undici.Agent({
          factory: (origin, settings) =>
            new undici.Pool(origin, { ...settings, allowH2: options.http2 ?? false }),
          connect: { timeout: Number.isFinite(connectTimeout) ? connectTimeout : 0 },
          connections: options.connections ?? null,
          headersTimeout: 0,
          bodyTimeout: 0
        })
        agents.set(connectTimeout, agent)
        return agent
      }
      return Transport.of({
        exchange: (request, limits) =>
          Effect.suspend(() => {
            const call = new UndiciCall()
            call.dispatch(agentFor(request.connectTimeout), request)
            return Effect.onInterrupt(call.exchange(limits), () => call.abort)
          }),
        open: (request) =>
          Call.toEffect((context) => {
            const call = new UndiciCall(context)
            call.dispatch(agentFor(request.connectTimeout), request)
            return call
          })
      })
    }
  )
