import { readdirSync, readFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Ajv } from "ajv"
import * as Result from "effect/Result"
import { expect } from "vitest"
import { millisOf } from "../../src/config/file/ConfigFile.ts"
import * as JsonFile from "../../src/config/file/JsonFile.ts"
import * as JsonSchemaFile from "../../src/config/file/JsonSchemaFile.ts"
import * as Structure from "../../src/config/file/Structure.ts"
import { fromFile, policyOf } from "../../src/config/GatewayConfig.ts"
import { defaultRetryBudget } from "../../src/engine/SharedState.ts"
import * as Policy from "../../src/policy/Policy.ts"

const root = resolve(import.meta.dirname, "../..")
const schema = JsonSchemaFile.make()
const accepts = new Ajv({ strict: true, strictTuples: false, allowUnionTypes: true }).compile(schema)

const valid = {
  $schema: "./config.schema.json",
  providers: {
    a: {
      protocol: "openai",
      baseUrl: "https://a.example/v1",
      strategy: "weighted",
      credentials: [{ name: "main", apiKey: "sk-1", weight: 0.5, enabled: true, rpm: 3 }],
      fallbackModels: ["small"],
      models: { large: { contextWindow: 1000, policy: { maxWait: 0 } } },
      auth: "api-key",
      headers: { "x-team": "a" },
      query: { "api-version": "1" }
    }
  },
  models: {
    smart: "a/large, a/small",
    both: ["a/large"],
    long: { chain: ["a/large"], onContentPolicy: "a/x" }
  },
  fallbacks: ["a/small"],
  policy: {
    preset: "threeAttempts",
    deadline: "2 minutes",
    attempts: 3,
    fallbackReserve: 0.2,
    commit: { chunks: 2 },
    timeouts: { connect: 1000 },
    retries: { times: 0, backoff: ["1 second"], budget: 0 },
    threshold: { unknown: 2 },
    cooldown: { authDead: { base: 1, max: "2 hours" } },
    rules: {
      Overloaded: { retry: { times: 1 }, rest: null, next: "stop" },
      Empty: { rest: { scope: "provider" } }
    }
  },
  bench: { store: "memory" },
  server: { host: "::1", port: 0, tokens: "none", adminToken: "t", maxBodyBytes: 1, namedModelsOnly: true }
}

/** The same config with another value at one path. */
const withAt = (path: string, value: unknown): unknown => {
  const copy = structuredClone(valid)
  const keys = path.split(".")
  const place = keys.slice(0, -1).reduce<unknown>((node, key) => Reflect.get(node as object, key), copy)
  Reflect.set(place as object, keys.at(-1)!, value)
  return copy
}

/** Every field of the schema, with its path. */
const fields = (node: unknown, path = ""): ReadonlyArray<readonly [string, Record<string, unknown>]> => {
  if (typeof node !== "object" || node === null) return []
  return Object.entries(node).flatMap(([key, value]) =>
    key === "properties"
      ? Object.entries(value as Record<string, Record<string, unknown>>).flatMap(([name, field]) => [
          [`${path}.${name}`, field] as const,
          ...fields(field, `${path}.${name}`)
        ])
      : fields(value, key === "definitions" ? "" : path)
  )
}

describe("the JSON Schema of the config file", () => {
  it("is the one in the repository (npm run schema writes it)", async () => {
    const file = join(root, "docs/config.schema.json")
    await expect(`${JSON.stringify(schema, null, 2)}\n`).toMatchFileSnapshot(file)
  })

  for (const file of readdirSync(join(root, "examples")).filter((name) => name.endsWith(".jsonc"))) {
    it(`accepts ${file}, which names it`, () => {
      const { value } = Result.getOrThrow(JsonFile.parse(readFileSync(join(root, "examples", file), "utf8")))
      assert.isTrue(accepts(value), JSON.stringify(accepts.errors))
      const named: unknown = Reflect.get(value as object, "$schema")
      assert.strictEqual(resolve(root, "examples", String(named)), join(root, "docs/config.schema.json"))
    })
  }

  it("accepts what the gateway accepts, and references", () => {
    assert.isTrue(accepts(valid), JSON.stringify(accepts.errors))
    assert.isTrue(Result.isSuccess(Structure.check(valid)))
    for (const path of [
      "providers.a.baseUrl",
      "providers.a.credentials.0.apiKey",
      "providers.a.credentials.0.enabled",
      "server.port",
      "server.adminToken",
      "policy.attempts"
    ]) {
      assert.isTrue(accepts(withAt(path, "env:SOMEWHERE")), path)
      assert.isTrue(accepts(withAt(path, "file:secrets/some")), path)
    }
  })

  it("refuses what the gateway refuses for its shape", () => {
    for (const [path, value] of [
      ["unknown", 1],
      ["providers", undefined],
      ["providers.a.protocol", "smoke"],
      ["providers.a.protocl", "openai"],
      ["providers.a.baseUrl", "ftp://a"],
      ["providers.a.strategy", "best"],
      ["providers.a.credentials.0.name", "two words"],
      ["providers.a.credentials.0.apiKey", "line\nfeed"],
      ["providers.a.credentials.0.weight", -1],
      ["providers.a.models.large.contextWindow", 0],
      ["providers.a.headers.x-team", 1],
      ["models.smart", 1],
      ["models.long", { onContentPolicy: "a/x" }],
      ["fallbacks", [1]],
      ["policy.deadlin", 1],
      ["policy.attempts", 1.5],
      ["policy.fallbackReserve", 2],
      ["policy.commit", "lastContent"],
      ["policy.commit", { chunks: 0 }],
      ["policy.retries.backoff", []],
      ["policy.rules.Overloaded.next", "elsewhere"],
      ["policy.rules.Smoke", {}],
      ["bench.store", "paper"],
      ["server.port", 70_000],
      ["server.port", "8080"],
      ["server.tokens", "all"],
      ["server.maxBodyBytes", 0]
    ] as const) {
      const wrong = JSON.parse(JSON.stringify(withAt(path, value)))
      assert.isFalse(accepts(wrong), path)
      assert.isTrue(Result.isFailure(Structure.check(wrong)), path)
    }
  })

  it("refuses nothing that the gateway takes", () => {
    let taken = 0
    for (const path of placesOf(valid)) {
      for (const value of [
        -1,
        0,
        1,
        1.5,
        70_000,
        true,
        null,
        "",
        "x",
        "memory",
        "none",
        "1 second",
        "openai",
        {},
        []
      ]) {
        const changed = withAt(path, value)
        if (Result.isFailure(Structure.check(changed))) continue
        taken++
        assert.isTrue(accepts(changed), `${path}: ${JSON.stringify(value)} ${JSON.stringify(accepts.errors)}`)
      }
    }
    assert.isAbove(taken, 100)
  })

  it("describes every field", () => {
    assert.deepStrictEqual(
      fields(schema)
        .filter(([path, field]) => typeof field.description !== "string" && !/\.(chunks|commit)\b/.test(path))
        .map(([path]) => path),
      []
    )
  })

  it("names the defaults that are in force", () => {
    const defaults: Record<string, unknown> = {}
    for (const [path, { default: value }] of fields(schema)) if (value !== undefined) defaults[path] = value
    const at = (path: string) => defaults[path]
    // The policy: writing out the defaults has the same effect as leaving the fields out.
    const policy = { retries: {}, threshold: {}, timeouts: {}, cooldown: {} } as Record<string, unknown>
    for (const [path, value] of Object.entries(defaults)) {
      const [, section, ...keys] = path.split(".")
      if (section !== "policy" || keys[0] === undefined) continue
      let node = policy
      for (const key of keys.slice(0, -1)) node = (node[key] ??= {}) as Record<string, unknown>
      node[keys.at(-1)!] = value
    }
    const file = Result.getOrThrow(Structure.check({ providers: { a: { protocol: "openai" } }, policy }))
    assert.strictEqual(file.policy?.retries?.budget, defaultRetryBudget)
    const {
      hedge: hedged,
      learnedLimit: learned,
      rules: said,
      ...stated
    } = Policy.make(policyOf(file.policy ?? {}))
    const { hedge: unhedged, learnedLimit: unlearnt, rules: unsaid, ...silent } = Policy.make({})
    // Sections that are off unless they are present. An empty one turns them on.
    assert.isUndefined(unhedged)
    assert.isUndefined(unlearnt)
    assert.deepStrictEqual(learned, Policy.make({ learnedLimit: {} }).learnedLimit)
    assert.deepStrictEqual(hedged, Policy.make({ hedge: {} }).hedge)
    assert.deepStrictEqual(stated, silent)
    for (const name of Object.keys(unsaid) as Array<keyof typeof unsaid>) {
      assert.deepStrictEqual(said[name].rest, unsaid[name].rest, name)
    }
    // The server and the providers.
    const { providers, server } = fromFile(
      { providers: { a: { protocol: "openai", credentials: [{ name: "k" }] } } },
      []
    )
    for (const field of [
      "host",
      "port",
      "maxBodyBytes",
      "maxHeaderBytes",
      "maxConcurrent",
      "namedModelsOnly",
      "statusPage",
      "affinity"
    ] as const) {
      assert.strictEqual(at(`.server.${field}`), server[field], field)
    }
    for (const field of ["headers", "request", "stall"] as const) {
      assert.strictEqual(millisOf(String(at(`.server.timeouts.${field}`))), server.timeouts[field], field)
    }
    const [provider] = providers
    assert.strictEqual(at(".providers.responses"), provider?.responses)
    assert.strictEqual(at(".providers.strategy"), provider?.strategy)
    assert.strictEqual(at(".providers.auth"), provider?.auth)
    assert.strictEqual(at(".providers.credentials.enabled"), provider?.credentials[0].enabled)
    assert.strictEqual(at(".providers.credentials.weight"), provider?.credentials[0].weight)
  })
})

function placesOf(node: unknown, path = ""): ReadonlyArray<string> {
  if (typeof node !== "object" || node === null) return [path.slice(1)]
  return [
    ...(path === "" ? [] : [path.slice(1)]),
    ...Object.entries(node).flatMap(([key, value]) => placesOf(value, `${path}.${key}`))
  ]
}
