/** Two gateways that share their bench in the Redis of the argument. Prints a line when one has received a bench of the other. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as GatewayBench from "../../src/gateway/reload/GatewayBench.ts"
import { BenchRegistry } from "../../src/health/BenchRegistry.ts"

const registry = Effect.suspend(() => {
  const url = Redacted.make(process.argv[2] ?? "")
  return Effect.map(Layer.build(GatewayBench.layer({ _tag: "Redis", url, prefix: undefined })), (context) =>
    BenchRegistry.pipe(Effect.provide(context))
  )
}).pipe(Effect.flatten)

await Effect.runPromise(
  Effect.gen(function* () {
    const [a, b] = [yield* registry, yield* registry]
    yield* a.bench("x")
    while (!(yield* b.isBenched("x"))) yield* Effect.sleep("10 millis")
    process.stdout.write("shared\n")
  }).pipe(Effect.scoped)
)
