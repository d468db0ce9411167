/**
 * Plays a scenario: the providers, the classifier and the runtime of the gateway over simulated connections, in
 * virtual time.
 *
 * Only the providers behind the connection, the clock and chance are simulated. So the result is what this config would
 * do, if the providers behave as in the scenario.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type { InvalidCatalog } from "../catalog/Catalog.ts"
import type { GatewayConfig } from "../config/GatewayConfig.ts"
import * as Failover from "../engine/Failover.ts"
import type { Observer } from "../events/FailoverEvent.ts"
import * as FailoverEvent from "../events/FailoverEvent.ts"
import type { UnknownModel } from "../failure/RunError.ts"
import * as Providers from "../gateway/providers/Providers.ts"
import { BenchRegistry, makeMemory } from "../health/BenchRegistry.ts"
import { Transport } from "../providers/transport/Transport.ts"
import * as Arrivals from "./callers/Arrivals.ts"
import * as Conversations from "./callers/Conversations.ts"
import * as Crowd from "./callers/Crowd.ts"
import * as Drain from "./callers/Drain.ts"
import { Benches } from "./report/Benches.ts"
import { Journal } from "./report/Journal.ts"
import type { Played } from "./report/Played.ts"
import { stepsOf } from "./report/Steps.ts"
import { Tally } from "./report/Tally.ts"
import type { Scenario } from "./scenario/Scenario.ts"
import * as VirtualTime from "./time/VirtualTime.ts"
import * as Turn from "./world/Turn.ts"
import * as World from "./world/World.ts"

/** The time at which simulations begin. */
const startAt = Date.UTC(2026, 0, 1)

/** Plays a scenario that was made for this config. `observer` receives the events of the runtime. */
export const play = (
  scenario: Scenario,
  config: GatewayConfig,
  observer?: Observer
): Effect.Effect<Played, InvalidCatalog | UnknownModel> =>
  VirtualTime.run(
    // The world has its own random numbers, so that a policy that draws in another order does not change the world.
    Random.withSeed(playing(scenario, config, observer), `${scenario.seed} runtime`),
    { startAt }
  )

const playing = Effect.fnUntraced(function* (
  scenario: Scenario,
  given: GatewayConfig,
  observer: Observer | undefined
): Effect.fn.Return<Played, InvalidCatalog | UnknownModel> {
  const chance = yield* Random.withSeed(
    Effect.map(Random.Random, (random) => random),
    `${scenario.seed} world`
  )
  const { config, met, transport, usage } = World.make(scenario, given, { chance, startAt })
  const catalog = yield* Effect.provideService(Providers.catalog(config), Transport, transport)
  const protocol = protocolOf(scenario, config)
  const resolve = (model: string) => Effect.fromResult(catalog.calledIn[protocol].resolve(model))
  const models = new Set(scenario.replay?.requests.map(({ model }) => model) ?? [scenario.model])
  const chains = new Map(
    yield* Effect.forEach(models, (model) => Effect.map(resolve(model), (chain) => [model, chain] as const))
  )
  const callers = yield* Random.withSeed(
    Effect.map(Random.Random, (random) => random),
    `${scenario.seed} callers`
  )
  const conversations = Conversations.of(scenario, callers)

  const { coarse, fine } = stepsOf(scenario.duration)
  const tally = new Tally(scenario, [coarse, fine])
  const journal = new Journal(startAt, tally.add)
  const registry = yield* makeMemory
  const failover = yield* Effect.provideService(
    Failover.make({
      policy: config.policy,
      retryBudget: config.retryBudget,
      observer: FailoverEvent.combine(journal.observer, observer)
    }),
    BenchRegistry,
    registry
  )

  const story = new Benches()
  const watching = Stream.runForEach(
    registry.changes,
    ({ at, info: { evidence, key, reason, status, until } }) =>
      Effect.sync(() =>
        story.add({ at: at - startAt, key, status, reason, evidence, until: until && until - startAt })
      )
  )
  yield* Effect.forkChild(watching, { startImmediately: true })

  const hasAffinity = scenario.conversations !== undefined && config.server.affinity !== "off"
  const ask = Effect.gen(function* () {
    const turn = conversations.next()
    const request = requestOf(protocol, turn)
    const chain = chains.get(turn.model)!
    // As from clients that name their conversations.
    const affinity = hasAffinity ? String(turn.conversation) : undefined
    const id = journal.asked(yield* Clock.currentTimeMillis, turn)
    const about = {
      requestId: id,
      model: turn.model,
      operation: request.operation,
      ...(affinity !== undefined && { conversation: affinity })
    }
    const options = { about, affinity }
    const answered = turn.stream
      ? Effect.scoped(Effect.flatMap(failover.open(chain, request, options), ({ value }) => Drain.run(value)))
      : failover.answer(chain, request, options)
    const result = yield* Effect.result(answered)
    conversations.done(turn)
    journal.ended(id, Result.isFailure(result) ? result.failure : undefined)
  })

  yield* Crowd.run(scenario.requests, Arrivals.of(scenario, callers), ask)
  const end = (yield* Clock.currentTimeMillis) - startAt
  return { scenario, tally, story, met, usage, end }
})

/** Callers use the protocol of the first target of the chain. */
const protocolOf = ({ targets }: Scenario, { providers }: GatewayConfig) =>
  providers.find(({ name }) => name === targets[0]?.provider)?.protocol ?? "openai"

const requestOf = (protocol: "openai" | "anthropic", turn: Conversations.Next) => {
  const { model, stream } = turn
  const messages = [{ role: "user", content: Turn.say(turn) }]
  return protocol === "openai"
    ? { operation: "chat/completions", body: { model, stream, messages } }
    : { operation: "messages", body: { model, stream, messages, max_tokens: 100 } }
}
