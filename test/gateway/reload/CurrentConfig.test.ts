import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Layer, Scope } from "effect"
import { HttpServerRequest, HttpServerResponse } from "effect/http"
import { fromFile } from "../../../src/config/GatewayConfig.ts"
import * as CurrentConfig from "../../../src/gateway/reload/CurrentConfig.ts"
import { Runtimes } from "../../../src/gateway/reload/Runtimes.ts"
import { Failover } from "../../../src/index.ts"
import * as UndiciTransport from "../../../src/providers/transport/UndiciTransport.ts"
import { eventually } from "../../support/gateway.ts"

const config = fromFile({ providers: { a: { protocol: "openai" } } }, [])

const dependencies = Layer.mergeAll(
  Runtimes.layerOne.pipe(Layer.provide(Failover.layer())),
  UndiciTransport.layer()
)

const noSocket: CurrentConfig.SocketHandler = { mayOpen: () => false, respond: () => Effect.never }

describe("the config in force", () => {
  it.live("releases the resources of the previous one after its last request, and not before", () =>
    Effect.gen(function* () {
      const closed: Array<number> = []
      const go = yield* Deferred.make<void>()
      const response = HttpServerResponse.text("done")
      const [live, handler] = yield* CurrentConfig.make({
        config,
        source: Effect.succeed(config),
        isStopping: () => false,
        serve: (revision) =>
          Effect.as(
            Effect.addFinalizer(() => Effect.sync(() => closed.push(revision.number))),
            {
              http: (fiber) => {
                revision.inFlight.enter(fiber)
                return Effect.as(Deferred.await(go), response)
              },
              socket: noSocket
            }
          )
      })
      const request = yield* Effect.forkChild(
        Effect.provideService(
          Effect.withFiber(handler.http),
          HttpServerRequest.HttpServerRequest,
          HttpServerRequest.fromWeb(new Request("http://127.0.0.1/"))
        ),
        { startImmediately: true }
      )
      yield* live.reload
      assert.strictEqual(live.current().number, 2)
      yield* live.reload
      yield* eventually(() => closed.includes(2))
      assert.deepStrictEqual(closed, [2], "the second served nobody, the first still does")
      yield* Deferred.succeed(go, undefined)
      assert.strictEqual(yield* Fiber.join(request), response)
      yield* eventually(() => closed.length === 2)
      assert.deepStrictEqual(closed, [2, 1])
    }).pipe(Effect.scoped, Effect.provide(dependencies))
  )

  it.live("releases what it began to build if that fails", () =>
    Effect.gen(function* () {
      const closed: Array<number> = []
      const scope = yield* Scope.make()
      const [live] = yield* Effect.provideService(
        CurrentConfig.make({
          config,
          source: Effect.succeed(config),
          isStopping: () => false,
          serve: (revision) =>
            Effect.andThen(
              Effect.addFinalizer(() => Effect.sync(() => closed.push(revision.number))),
              revision.number === 1
                ? Effect.succeed({ http: () => Effect.never, socket: noSocket })
                : Effect.die("broken")
            )
        }),
        Scope.Scope,
        scope
      )
      assert.isTrue(Exit.hasDies(yield* Effect.exit(live.reload)))
      assert.deepStrictEqual([closed, live.current().number], [[2], 1])
      yield* Scope.close(scope, Exit.void)
    }).pipe(Effect.provide(dependencies))
  )
})
