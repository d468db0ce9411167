/** The programs in examples are run, and print what they demonstrate. */
import { readdirSync, readFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock, TestConsole } from "effect/testing"
import * as AnyService from "../../examples/any-service.ts"
import * as Composition from "../../examples/composition.ts"
import * as ExecutionPlan from "../../examples/execution-plan.ts"
import * as HttpApp from "../../examples/http-app.ts"
import * as LanguageModel from "../../examples/language-model.ts"
import * as OwnProvider from "../../examples/own-provider.ts"
import * as PromiseEdge from "../../examples/promise-edge.ts"
import * as PromptChains from "../../examples/prompt-chains.ts"
import * as Providers from "../../examples/providers.ts"

const examples = resolve(import.meta.dirname, "../../examples")

/** The output of a program. */
const printed = <A, E, R>(main: Effect.Effect<A, E, R>) =>
  Effect.andThen(
    main,
    Effect.map(TestConsole.logLines, (lines) => lines.map(String))
  ).pipe(Effect.provide(TestConsole.layer, { local: true }))

/** The same for a program whose retries wait. Virtual time advances as needed. */
const printedInTime = <A, E, R>(main: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(printed(main))
    yield* TestClock.adjust("1 minute")
    return yield* Fiber.join(fiber)
  })

describe("the programs in examples", () => {
  it("are all in their index, with a line each", () => {
    const index = readFileSync(join(examples, "README.md"), "utf8")
    const programs = readdirSync(examples, { recursive: true, encoding: "utf8" }).filter((file) =>
      /\.(ts|jsonc)$/.test(file)
    )
    assert.deepStrictEqual(
      programs.filter((file) => !index.includes(`](${file})`)),
      []
    )
  })

  it.effect("any-service answers from the second station", () =>
    Effect.map(printed(AnyService.main), (lines) =>
      assert.deepStrictEqual(lines, ["rain in Bergen", "oslo/forecast#default is benched: RateLimit"])
    )
  )

  it.effect("own-provider answers with the second key", () =>
    Effect.map(printed(OwnProvider.main), (lines) =>
      assert.deepStrictEqual(lines, ["parrot/grey#fresh says: hello there", "as a stream: hello | there"])
    )
  )

  it.live("providers answers from the second provider, whole and as a stream", () =>
    Effect.map(Effect.provide(Providers.main, TestConsole.layer), ({ text, tried }) => {
      assert.deepStrictEqual(tried, [
        "openai/gpt-5.2#throttled",
        "openai/gpt-5.2#revoked",
        "groq/llama-4#fresh"
      ])
      assert.match(text, /to you.*\[DONE\]/s)
    })
  )

  it.live("http-app turns what a run fails with into statuses", () =>
    Effect.map(printed(HttpApp.main), (lines) => {
      assert.deepStrictEqual(
        lines.map((line) => Number(line.slice(0, 3))),
        [200, 422, 200, 502, 503, 400]
      )
      assert.include(lines[2], '"from":"backup/small#default"')
      // The throttle ends 30 seconds after it began, and all of this takes less than ten.
      const [, seconds] = /retry-after: (\d+)/.exec(lines[4]!) ?? []
      assert.isTrue(Number(seconds) > 20 && Number(seconds) <= 30, lines[4])
    })
  )

  it.effect("composition limits, caches, and calls the chain for the rest", () =>
    Effect.map(printed(Composition.main), (lines) =>
      assert.deepStrictEqual(lines, [
        "ada, Oslo: rain until noon (weather/forecast#second)",
        "ada, Oslo: rain until noon (weather/forecast#second)",
        "ada, Bergen: rain until noon (weather/forecast#second)",
        "ada, Tromsø: too many requests, again in 60 s",
        "grace, Oslo: rain until noon (weather/forecast#second)",
        "nobody, Oslo: no such customer",
        "calls: weather/forecast#first, weather/forecast#second, weather/forecast#second"
      ])
    )
  )

  it.effect("language-model answers from the second member", () =>
    Effect.map(printed(LanguageModel.main), (lines) =>
      assert.deepStrictEqual(lines, [
        "Omelette, 10 minutes",
        "anthropic/claude-sonnet-5#default answered, after 2 attempts",
        "Water ",
        "will do"
      ])
    )
  )

  it.effect("prompt-chains finds every detour with its prompt again", () =>
    Effect.map(printedInTime(PromptChains.main), (lines) =>
      assert.deepStrictEqual(lines, [
        '{"messages":[{"role":"user","content":"Use a tool that is not there"}]}',
        "  steady/small#default: Invalid → stop",
        "  failed: BadRequest",
        '{"messages":[{"role":"user","content":"Write another"}]}',
        "  flaky/large#default: RateLimit → next",
        "  answered by steady/small#default",
        '{"messages":[{"role":"user","content":"Write a haiku"}]}',
        "  flaky/large#default: Overloaded → retry",
        "  answered by flaky/large#default"
      ])
    )
  )

  it("promise-edge returns promises and its own errors", async () => {
    const lines: Array<string> = []
    await PromiseEdge.main((line) => lines.push(line))
    const last = lines.pop()
    assert.deepStrictEqual(lines, [
      "TimeoutError: The operation was aborted due to timeout",
      "a whole answer",
      "word ",
      "by ",
      "word",
      "Refused: not about that",
      "Once upon ",
      "BrokenOff: the stream broke off: the connection is gone"
    ])
    assert.match(
      last ?? "",
      /^NotNow: .*primary\/large#default \(RateLimit\), backup\/small#default \(Connection\)/
    )
  })

  it.live("execution-plan shows what a plan and a chain make of the same troubles", () =>
    Effect.map(printed(ExecutionPlan.main), (lines) =>
      assert.deepStrictEqual(lines, [
        "a revoked key, three requests\n  plan:  calls aabaabaab\n  chain: calls abbb",
        "a request that is wrong\n  plan:  calls aab\n  chain: calls a",
        'a stream with metadata, then an error\n  plan:  "", then AuthDead\n  chain: "an answer"',
        'a stream that dies in the middle\n  plan:  "once upon once upon ", then Transient\n  chain: "once upon ", then StreamBroken',
        'a stream without content\n  plan:  ""\n  chain: "an answer"'
      ])
    )
  )

  // Imported by a computed path, since these programs are compiled with other options.
  const aiSdk = async (name: string): Promise<ReadonlyArray<string>> => {
    const lines: Array<string> = []
    const program: { readonly main: (log: (line: string) => void) => Promise<unknown> } = await import(
      join(examples, "ai-sdk", name)
    )
    await program.main((line) => lines.push(line))
    return lines
  }

  it("ai-sdk/moving shows requests that others lose and a chain does not", async () => {
    const lines = await aiSdk("moving.ts")
    const told = (way: string) =>
      lines.filter((line) => line.startsWith(`  ${way}:`)).map((line) => line.match(/\d+/g)!.map(Number))
    // answered, of, calls to the primary, calls to the backup
    assert.deepStrictEqual(told("a chain"), [
      [100, 100, 100, 100],
      [3, 3, 1, 3],
      [0, 1, 1, 0]
    ])
    for (const way of ["ai-retry", "ai-fallback"]) assert.isBelow(told(way)[0]![0]!, 100)
  })

  it("ai-sdk/gateway answers from the second provider, whole and as a stream", async () => {
    assert.deepStrictEqual(await aiSdk("gateway.ts"), [
      "a whole answer (backup/llama-4#main, trail: rate-limit,ok)",
      "word ",
      "by word"
    ])
  })
})
