/**
 * A provider of your own with two keys, as a service: leaving out its layer does not compile.
 *
 *     npm run build && npm exec -- node examples/own-provider.ts
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Console, Effect, Layer, Stream } from "effect"
import { Chain, Credential, Failover, Failure, Phase, Provider, ProviderService } from "effect-failover"

/** Repeats its input, at once or word by word. The last item has no space after it. */
const parrot = Provider.make(
  "parrot",
  {
    complete: (text: string, { credential, key }) =>
      credential.name === "spent"
        ? Effect.fail(new Failure.AuthDead({ target: key, reason: "Balance", message: "no seeds left" }))
        : Effect.succeed(text),
    stream: (text): Stream.Stream<string> => Stream.fromIterable(text.split(/(?<= )/)),
    phase: (word) => (word.endsWith(" ") ? Phase.content : Phase.answer)
  },
  { credentials: [Credential.make("spent"), Credential.make("fresh")] }
)

/** As a service: a chain of its models does not compile without its layer. */
class Parrot extends ProviderService.Service<Parrot, typeof parrot>()("parrot") {
  static readonly layer = Layer.succeed(Parrot, parrot)
}

const chain = Chain.make(Parrot.model("grey"))

export const main = Effect.gen(function* () {
  const { target, value } = yield* Failover.answer(chain, "hello there")
  yield* Console.log(`${target.key} says: ${value}`)
  const words = yield* Stream.runCollect(Failover.stream(chain, "hello there"))
  yield* Console.log(`as a stream: ${words.map((word) => word.trim()).join(" | ")}`)
}).pipe(Effect.provide([Failover.layer(), Parrot.layer]))

if (import.meta.main) NodeRuntime.runMain(main)
