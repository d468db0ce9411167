/** Every config file is a config or a list of problems with their paths, and no secret is repeated. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { ConfigError } from "../../src/config/file/Problem.ts"
import * as Load from "../../src/config/Load.ts"
import { make } from "../config/everyField.ts"
import { fuzz, mutated } from "../support/fuzz.ts"

const secret = "s3cr3t0123456789"

/** Valid configs, whose secrets can be told from other words. */
const configs: ReadonlyArray<unknown> = [true, false].map((rules) =>
  JSON.parse(JSON.stringify(make({ rules })).replace(/secret-(\w+)/g, `sk-${secret}$1`))
)

const outcomeOf = (text: string) =>
  Effect.runPromise(
    Load.parse(text, { file: "gateway.jsonc", folder: "/nowhere" }).pipe(
      Effect.provide([
        NodeServices.layer,
        ConfigProvider.layer(ConfigProvider.fromEnvRecord({ KEY: secret }))
      ]),
      Effect.exit
    )
  )

const check = async (text: string): Promise<void> => {
  const exit = await outcomeOf(text)
  if (Exit.isSuccess(exit)) return
  const error = exit.cause.reasons.map((reason) => (reason._tag === "Fail" ? reason.error : reason))
  const [only] = error
  assert.isTrue(only instanceof ConfigError, `${error}`)
  if (!(only instanceof ConfigError)) return
  assert.isNotEmpty(only.problems)
  for (const problem of only.problems) {
    assert.isNotEmpty(problem.message)
    assert.isString(problem.path)
  }
  assert.notInclude(`${only.message} ${JSON.stringify(only)}`, secret)
}

describe("a config file", () => {
  it("has a problem for each name of a provider that cannot be one", async () => {
    for (const name of ["my openai", "_a", ".a", "a/b", "__proto__", "ü", ""]) {
      const exit = await outcomeOf(`{ "providers": { ${JSON.stringify(name)}: { "protocol": "openai" } } }`)
      assert.isTrue(Exit.isFailure(exit), name)
      assert.include(String(exit), "the name of a provider", name)
    }
  })

  fuzz("with anything in it is a config, or has problems that name no secret", 250, async (random) => {
    const config = mutated(random, random.pick(configs), random.pick([0, 0.01, 0.03, 0.2]))
    await check(JSON.stringify(config) ?? "")
  })

  fuzz("whose text was damaged is a config, or has problems that name no secret", 150, async (random) => {
    const text = JSON.stringify(random.pick(configs), null, random.pick([0, 2]))
    const at = random.int(text.length)
    const insert = random.pick([
      "",
      '"',
      "{",
      "}",
      "[",
      ",",
      ":",
      "//",
      "/*",
      "\n",
      "\u0000",
      "\ud800",
      "0",
      "null"
    ])
    await check(text.slice(0, at) + insert + text.slice(at + random.int(4)))
  })
})
