/**
 * Plays a scenario: the providers, the classifier and the runtime of the gateway over simulated connections, in
 * virtual time.
 *
 * Nothing is simulated but what lies beyond the connection, the clock and the chance. So what comes of it is what
 * this config would do, as far as the world is as the scenario says.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type { GatewayConfig } from "../config/GatewayConfig.ts"
import type { InvalidCatalog } from "../domain/Catalog.ts"
import * as Failover from "../engine/Failover.ts"
import type { UnknownModel } from "../failure/RunError.ts"
import * as Providers from "../gateway/providers/Providers.ts"
import type { BenchInfo } from "../health/BenchInfo.ts"
import { BenchRegistry, makeMemory } from "../health/BenchRegistry.ts"
import { Upstream } from "../providers/transport/Upstream.ts"
import { type Asked, Journal } from "./Journal.ts"
import type { Scenario } from "./scenario/Scenario.ts"
import * as VirtualTime from "./time/VirtualTime.ts"
import * as World from "./world/World.ts"

/** What happened. */
export interface Played {
  readonly scenario: Scenario
  /** In the order in which they came. */
  readonly requests: ReadonlyArray<Asked>
  /** Everything that came on the bench, went off it or changed there. */
  readonly benches: ReadonlyArray<BenchStep>
  /** How many calls met each fault, in the order of the scenario. */
  readonly met: ReadonlyArray<number>
  /** When the last request was done, in milliseconds since the start. */
  readonly end: number
}

/** How a key of the bench stands from a moment on. Times are milliseconds since the start. */
export interface BenchStep extends Pick<BenchInfo, "key" | "status" | "reason" | "evidence"> {
  readonly at: number
  readonly until: number | undefined
}

/** When simulations begin. */
const startAt = Date.UTC(2026, 0, 1)

/** Plays a scenario that was made for this config. */
export const play = (
  scenario: Scenario,
  config: GatewayConfig
): Effect.Effect<Played, InvalidCatalog | UnknownModel> =>
  VirtualTime.run(
    // The world's chance is its own: policies that ask it in another order change nothing else.
    Random.withSeed(playing(scenario, config), `${scenario.seed} runtime`),
    { startAt }
  )

const playing = Effect.fnUntraced(function* (
  scenario: Scenario,
  given: GatewayConfig
): Effect.fn.Return<Played, InvalidCatalog | UnknownModel> {
  const chance = yield* Random.withSeed(
    Effect.map(Random.Random, (random) => random),
    `${scenario.seed} world`
  )
  const { config, met, upstream } = World.make(scenario, given, { chance, startAt })
  const catalog = yield* Effect.provideService(Providers.catalog(config), Upstream, upstream)
  const protocol = protocolOf(scenario, config)
  const chain = yield* Effect.fromResult(catalog.calledIn[protocol].resolve(scenario.model))
  const request = requestOf(scenario, protocol)

  const journal = new Journal(startAt)
  const registry = yield* makeMemory
  const failover = yield* Effect.provideService(
    Failover.make({
      policy: config.policy,
      retryBudget: config.retryBudget,
      observer: journal.observer
    }),
    BenchRegistry,
    registry
  )

  const benches: Array<BenchStep> = []
  const watching = Stream.runForEach(
    registry.changes,
    ({ at, info: { evidence, key, reason, status, until } }) =>
      Effect.sync(() =>
        benches.push({ at: at - startAt, key, status, reason, evidence, until: until && until - startAt })
      )
  )
  yield* Effect.forkChild(watching, { startImmediately: true })

  const ask = Effect.gen(function* () {
    const id = journal.asked(yield* Clock.currentTimeMillis)
    const about = { requestId: id, model: scenario.model, operation: request.operation }
    const answered = scenario.stream
      ? Effect.scoped(
          Effect.flatMap(failover.open(chain, request, { about }), ({ value }) => Stream.runDrain(value))
        )
      : failover.answer(chain, request, { about })
    const result = yield* Effect.result(answered)
    journal.ended(id, Result.isFailure(result) ? result.failure : undefined)
  })

  yield* Effect.forEach(
    Array.from({ length: scenario.requests }, (_, index) => (index * 1000) / scenario.perSecond),
    (wait) => Effect.delay(ask, wait),
    { concurrency: "unbounded", discard: true }
  )
  const end = (yield* Clock.currentTimeMillis) - startAt
  return { scenario, requests: journal.requests, benches, met, end }
})

/** Callers speak as the first of the chain does. */
const protocolOf = ({ targets }: Scenario, { providers }: GatewayConfig) =>
  providers.find(({ name }) => name === targets[0]?.provider)?.protocol ?? "openai"

const requestOf = ({ model, stream }: Scenario, protocol: "openai" | "anthropic") => {
  const messages = [{ role: "user", content: "What holds when one of you fails?" }]
  return protocol === "openai"
    ? { operation: "chat/completions", body: { model, stream, messages } }
    : { operation: "messages", body: { model, stream, messages, max_tokens: 100 } }
}
