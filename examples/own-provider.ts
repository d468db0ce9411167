/**
 * A provider of one's own in a few lines, with two keys, as a service: leaving out its layer does not compile.
 *
 *     npm run build && npm exec -- node examples/own-provider.ts
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Console, Effect, Layer, Stream } from "effect"
import { Chain, Credential, Failover, Failure, Phase, type Provider, ProviderService } from "effect-failover"

/** What it is asked, and what it gives. */
interface Prompt {
  readonly text: string
}
interface Word {
  readonly text: string
  readonly last: boolean
}

class Parrot extends ProviderService.Service<Parrot, Provider.Provider<Prompt, string, Word>>()("parrot") {
  static readonly layer = Layer.succeed(Parrot, {
    name: Parrot.provider,
    strategy: "sequential",
    credentials: [Credential.make("spent"), Credential.make("fresh")],
    complete: ({ text }, { credential, key }) =>
      credential.name === "spent"
        ? Effect.fail(new Failure.AuthDead({ target: key, reason: "Balance", message: "no seeds left" }))
        : Effect.succeed(text),
    stream: ({ text }) => {
      const words = text.split(" ")
      return Stream.fromIterable(words.map((word, i) => ({ text: word, last: i === words.length - 1 })))
    },
    phase: (word) => (word.last ? Phase.answer : Phase.content)
  })
}

const chain = Chain.make(Parrot.model("grey"))

export const main = Effect.gen(function* () {
  const { target, value } = yield* Failover.answer(chain, { text: "hello there" })
  yield* Console.log(`${target.key} says: ${value}`)
  const words = yield* Stream.runCollect(Failover.stream(chain, { text: "hello there" }))
  yield* Console.log(`as a stream: ${words.map((word) => word.text).join(" | ")}`)
  return [target.key, words.length] as const
}).pipe(Effect.provide([Failover.Failover.layer(), Parrot.layer]))

if (import.meta.main) NodeRuntime.runMain(main)
