/**
 * `effect-failover demo`: five faults, and what the caller gets.
 *
 * Faulty providers, the gateway and its caller all run in this process, and use HTTP over loopback. The tour
 * checks the expected outcomes: it ends with code 1 if one differs.
 */
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { fromFile } from "../../config/GatewayConfig.ts"
import * as Failover from "../../engine/Failover.ts"
import type { Observer } from "../../events/FailoverEvent.ts"
import * as Gateway from "../../gateway/Gateway.ts"
import * as UndiciTransport from "../../providers/transport/UndiciTransport.ts"
import * as Server from "../simulated/Server.ts"
import { ExitWith } from "../support/Exit.ts"
import * as Client from "./Client.ts"
import * as EventLines from "./EventLines.ts"
import { broken, config, providers, type Scene, scenes } from "./Scenes.ts"

/** The tour. */
export const run: Effect.Effect<void, ExitWith> = Effect.scoped(
  Effect.gen(function* () {
    const story: Array<string> = []
    const url = yield* gateway((event) => {
      const line = EventLines.line(event)
      if (line !== undefined) story.push(line)
    })
    const client = yield* Client.make(url)
    yield* Console.log(
      `A gateway on ${url}, ${Object.keys(providers).length} providers behind it that break on purpose,`
    )
    yield* Console.log(EventLines.wrap(`and in front of it ${client.name}. Nothing leaves this machine.`, ""))
    let misses = 0
    for (const [index, scene] of scenes.entries()) misses += yield* play(index + 1, scene, client, story)
    if (misses > 0) return yield* Effect.fail(new ExitWith(1))
    yield* Console.log("\nAll five went as expected. `npm start` leaves a gateway running to play with.")
  })
)

/** Starts the providers and the gateway, until the scope ends. */
const gateway = (observer: Observer): Effect.Effect<string, never, Scope.Scope> =>
  Effect.gen(function* () {
    const origins = new Map<string, string>()
    for (const [name, behave] of Object.entries(providers)) {
      origins.set(name, yield* Server.start((asked) => Effect.succeed(behave(asked))))
    }
    const settled = fromFile(config(origins), [])
    const layer = Gateway.layerNoDeps(settled, { drain: "1 second" }).pipe(
      Layer.provide(Failover.layer({ observer })),
      Layer.provide(UndiciTransport.layer())
    )
    const context = yield* Effect.orDie(Layer.build(layer))
    return HttpServer.formatAddress(Context.get(context, HttpServer.HttpServer).address)
  })

/** Plays one scene. Returns the number of wrong outcomes. */
const play = Effect.fnUntraced(function* (
  number: number,
  scene: Scene,
  client: Client.Client,
  story: Array<string>
) {
  yield* Console.log(`\n${number}. ${scene.title}\n   ${EventLines.wrap(scene.about, "   ")}`)
  let misses: ReadonlyArray<string> = []
  for (let time = 0; time < (scene.times ?? 1); time++) {
    story.length = 0
    const startedAt = yield* Clock.currentTimeMillis
    const outcome = yield* client.ask(scene.model, scene.stream ?? false)
    const took = (yield* Clock.currentTimeMillis) - startedAt
    const asked = `requests ${scene.model}${scene.stream === true ? ", as a stream" : ""}${time > 0 ? ", again" : ""}`
    yield* Console.log(`\n   client   ${asked}`)
    for (const line of story) yield* Console.log(`            ${line}`)
    yield* Console.log(
      `   gets     ${EventLines.wrap(`${outcome.status} after ${took} ms: ${outcome.text}`, "            ")}`
    )
    yield* Console.log(`   trail    ${outcome.headers.get("x-failover-trail")}`)
    misses = broken(scene, outcome)
  }
  for (const miss of misses) yield* Console.error(`   BROKEN   ${miss}`)
  return misses.length
})
