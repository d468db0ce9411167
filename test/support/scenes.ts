/** Invented states of a gateway, as the status page receives them. They are the same each time. */
import type { Provider, Row, State, Status, Step } from "../../src/gateway/status/Status.ts"

type Bench = Status["benches"][number]
type Decision = Status["decisions"][number]
type Attempt = Decision["attempts"][number]

/** The milliseconds of one step, and the number of steps. */
const [stepMillis, steps] = [10_000, 60]

const second = 1_000
const minute = 60 * second

/** Pseudorandom numbers in [0, 1): https://en.wikipedia.org/wiki/Lehmer_random_number_generator */
const lehmer = (seed: number) => () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647

/** A target's record: answers a step, latency, and the share of failures by the age of the step. */
interface Did {
  /** Attempts in ten seconds, or their number by the age of the step. */
  readonly rate: number | ((secondsAgo: number) => number)
  readonly p50: number
  readonly fails?: (secondsAgo: number) => number
  readonly failure?: string
}

interface Made {
  readonly key: string
  readonly state?: State
  readonly bench?: string
  readonly named?: boolean
  readonly did?: Did
}

const parts = (key: string) => {
  const [, provider = "", model = "", credential = ""] = /^([^/]+)\/(.+)#([^#]+)$/.exec(key) ?? []
  return { provider, model, credential }
}

const row = (now: number, { bench, did, key, named = true, state = "serving" }: Made): Row => {
  const next = lehmer([...key].reduce((sum, char) => (sum * 31 + char.charCodeAt(0)) % 1_000_003, 7))
  const last = Math.floor(now / stepMillis)
  const all: Array<Step> = []
  for (let number = last - steps + 1; number <= last && did !== undefined; number++) {
    const ago = (last - number) * 10
    const rate = typeof did.rate === "number" ? did.rate : did.rate(ago)
    const tried = Math.round(rate * (0.5 + next()))
    const failed = Math.round(tried * (did.fails?.(ago) ?? 0))
    const answered = tried - failed
    const p50 = Math.round(did.p50 * (0.8 + 0.4 * next()))
    if (tried > 0)
      all.push([number, answered, failed, answered && p50, answered && Math.round(p50 * (1.6 + next()))])
  }
  const [answered, failed] = all.reduce(([a, f], step) => [a + step[1], f + step[2]], [0, 0])
  return {
    key,
    ...parts(key),
    named,
    state,
    ...(bench !== undefined && { bench }),
    answered,
    failed,
    failures: failed === 0 ? {} : { [did?.failure ?? "Overloaded"]: failed },
    ...(answered > 0 && did !== undefined && { p50: did.p50, p95: Math.round(did.p50 * 2.1) }),
    steps: all
  }
}

interface Scene {
  readonly rows: ReadonlyArray<Made>
  readonly benches?: ReadonlyArray<Bench>
  readonly decisions?: ReadonlyArray<Decision>
  readonly providers?: ReadonlyArray<Provider>
  readonly startedAt?: number
  readonly models?: Status["models"]
  /** The share of unanswered requests, by the age of the step. */
  readonly fails?: (secondsAgo: number) => number
}

const providersOf = (rows: ReadonlyArray<Made>): ReadonlyArray<Provider> => {
  const names = new Map<string, Set<string>>()
  for (const { key } of rows) {
    const { credential, provider } = parts(key)
    names.set(provider, (names.get(provider) ?? new Set()).add(credential))
  }
  return [...names].map(([name, credentials]) => ({
    name,
    protocol: name.startsWith("anthropic") ? "anthropic" : "openai",
    credentials: [...credentials].map((credential) => ({ name: credential, enabled: true }))
  }))
}

/** Totals that fit the targets: every answer came from one of them, and unanswered requests from none. */
const requestsOf = (
  now: number,
  rows: ReadonlyArray<Row>,
  fails: (secondsAgo: number) => number
): Status["requests"] => {
  const last = Math.floor(now / stepMillis)
  const sums = new Map<number, number>()
  for (const { steps } of rows)
    for (const [number, a, f] of steps) sums.set(number, (sums.get(number) ?? 0) + a + f / 2)
  return [...sums].map(([number, count]) => {
    const failed = Math.round(count * fails((last - number) * 10))
    return [number, Math.round(count) - failed, failed]
  })
}

/** The chains that callers use: `smart` has all large models, `cheap` the small ones. */
const modelsOf = (rows: ReadonlyArray<Row>): Status["models"] => {
  const small = /mini|llama|qwen/
  const keys = rows.filter(({ named }) => named).map(({ key }) => key)
  const [large, cheap] = [keys.filter((key) => !small.test(key)), keys.filter((key) => small.test(key))]
  return [
    ...(large.length > 0 ? [{ name: "smart", targets: large }] : []),
    ...(cheap.length > 0 ? [{ name: "cheap", targets: cheap }] : [])
  ]
}

const status = (now: number, scene: Scene): Status => {
  const { benches = [], decisions = [], fails = () => 0, models, providers, startedAt } = scene
  const rows = scene.rows.map((made) => row(now, made))
  return {
    at: now,
    startedAt: startedAt ?? now - 26 * 60 * minute,
    stepMillis,
    steps,
    control: true,
    providers: providers ?? providersOf(scene.rows),
    models: models ?? modelsOf(rows),
    requests: requestsOf(now, rows, fails),
    rows,
    benches,
    decisions
  }
}

const bench = (now: number, key: string, more: Partial<Bench> & Pick<Bench, "status">): Bench => ({
  key,
  scope: key.includes("#")
    ? key.includes("/")
      ? "target"
      : "credential"
    : key.includes("/")
      ? "model"
      : "provider",
  reason: "Overloaded",
  since: now - 40 * second,
  consecutiveBenches: 1,
  failures: 1,
  ...more
})

const tried = (at: number, target: string, more: Partial<Attempt> = {}): Attempt => ({
  target,
  at,
  probe: false,
  duration: 640,
  outcome: "answered",
  ...more
})

const failed = (at: number, target: string, failure: string, more: Partial<Attempt> = {}): Attempt =>
  tried(at, target, { outcome: "failed", failure, duration: 118, action: "next", ...more })

const decision = (
  id: number,
  at: number,
  model: string,
  attempts: ReadonlyArray<Attempt>,
  more: Partial<Decision> = {}
) => ({
  id,
  kind: "stream" as const,
  model,
  at,
  outcome: "answered" as const,
  duration: 1_240,
  attempts,
  skips: [],
  ...(attempts.at(-1)?.outcome === "answered" && { target: attempts.at(-1)?.target ?? "" }),
  ...more
})

const smooth = (
  now: number,
  from: number,
  count: number,
  targets: ReadonlyArray<readonly [string, string]>
) => {
  const next = lehmer(from + 11)
  return Array.from({ length: count }, (_, index) => {
    const [model, target] = targets[Math.floor(next() * targets.length)] ?? [
      "smart",
      "openai/gpt-5.2#primary"
    ]
    const at = now - (index + 1) * 2_300
    return decision(
      from - index,
      at,
      model,
      [tried(at, target, { duration: 300 + Math.round(next() * 900) })],
      {
        duration: 800 + Math.round(next() * 4_000)
      }
    )
  })
}

const sonnet = "anthropic/claude-sonnet-5#main"
const team = (more: Readonly<Record<string, Omit<Made, "key">>> = {}): ReadonlyArray<Made> =>
  [
    { key: sonnet, did: { rate: 40, p50: 620 } },
    { key: "openai/gpt-5.2#primary", did: { rate: 22, p50: 480 } },
    { key: "openai/gpt-5.2#backup" },
    { key: "openai/gpt-5-mini#primary", did: { rate: 60, p50: 240 } },
    { key: "openai/gpt-5-mini#backup" },
    { key: "groq/llama-4-maverick#main", did: { rate: 8, p50: 150 } },
    { key: "local/qwen3-32b#default", did: { rate: 3, p50: 1_900 } }
  ].map((made) => ({ ...made, ...more[made.key] }))

const usual: ReadonlyArray<readonly [string, string]> = [
  ["smart", sonnet],
  ["smart", "openai/gpt-5.2#primary"],
  ["cheap", "openai/gpt-5-mini#primary"],
  ["cheap", "groq/llama-4-maverick#main"]
]

/** Every target serves. */
export const healthy = (now: number): Status =>
  status(now, { rows: team(), decisions: smooth(now, 4_000, 40, usual) })

/** Just started, without requests. */
export const fresh = (now: number): Status =>
  status(now, { rows: team().map(({ key }) => ({ key })), startedAt: now - 4 * second })

/** Providers without models, just started. */
export const bare = (now: number): Status =>
  status(now, { rows: [], providers: providersOf(team()), startedAt: now - 4 * second })

/** One target is benched and another serves instead. */
export const oneBenched = (now: number): Status => {
  const begun = 50
  const overloaded = { status: 529, evidence: "error.type: overloaded_error" }
  const visit = (at: number) => [
    failed(at, sonnet, "Overloaded", { ...overloaded, action: "retry in 380 ms" }),
    failed(at + 500, sonnet, "Overloaded", overloaded)
  ]
  // Cooldowns of 5, 10 and 20 seconds, and a failed probe at the end of each.
  const trouble = [15, 35, 45, begun].map((ago, index) => {
    const at = now - ago * second
    const vain =
      ago === begun ? visit(at) : [failed(at, sonnet, "Overloaded", { ...overloaded, probe: true })]
    return decision(4_100 - index, at, "smart", [
      ...vain,
      tried(at + 620, "openai/gpt-5.2#primary", { duration: 470 })
    ])
  })
  const did = {
    rate: (ago: number) => (ago < begun ? 1 : 40),
    fails: (ago: number) => (ago < begun ? 1 : 0),
    p50: 620
  }
  return status(now, {
    rows: team({ [sonnet]: { state: "resting", bench: sonnet, did } }),
    benches: [
      bench(now, sonnet, {
        status: "resting",
        evidence: "error.type: overloaded_error",
        since: now - begun * second,
        until: now + 15 * second,
        consecutiveBenches: 4
      })
    ],
    decisions: [...trouble, ...smooth(now, 4_000, 30, usual.slice(1))].sort((a, b) => b.at - a.at)
  })
}

/** Two targets are half-open: one waits for its probe, the other is being probed. */
export const probing = (now: number): Status => {
  const [one, two] = [sonnet, "openai/gpt-5.2#primary"]
  const fails = (ago: number) => (ago < 60 && ago > 20 ? 1 : 0)
  return status(now, {
    rows: team({
      [one]: { state: "half-open", bench: one, did: { rate: 40, p50: 620, fails } },
      [two]: { state: "probing", bench: two, did: { rate: 22, p50: 480, fails, failure: "Timeout" } }
    }),
    benches: [
      bench(now, one, {
        status: "half-open",
        evidence: "error.type: overloaded_error",
        until: now - 3 * second
      }),
      bench(now, two, { status: "probing", reason: "Timeout", until: now - second, consecutiveBenches: 2 })
    ],
    decisions: [
      decision(
        4_101,
        now - second,
        "smart",
        [tried(now - second, two, { probe: true, outcome: "running" })],
        {
          outcome: "running"
        }
      ),
      ...smooth(now, 4_000, 30, usual.slice(2))
    ]
  })
}

/** Nothing can be called. */
export const allDown = (now: number): Status => {
  const rows = team().map(
    (made): Made => ({
      ...made,
      state: "resting",
      bench: made.key.startsWith("openai") ? `openai#${parts(made.key).credential}` : made.key,
      ...(made.did && {
        did: {
          ...made.did,
          fails: (ago: number) => (ago < 120 ? 1 : 0),
          failure: made.key.startsWith("openai") ? "InvalidKey" : "Connection"
        }
      })
    })
  )
  const keys = [...new Set(rows.map((made) => made.bench ?? made.key))]
  const down = Array.from({ length: 24 }, (_, index) => {
    const at = now - index * 4_700
    return decision(
      4_200 - index,
      at,
      index % 3 === 0 ? "cheap" : "smart",
      index % 2 === 0 ? [failed(at, sonnet, "Connection", { evidence: "ECONNREFUSED", action: "stop" })] : [],
      {
        outcome: "failed",
        error: index % 2 === 0 ? "ChainExhausted" : "AllBenched",
        duration: 12,
        skips: rows.slice(1).map(({ bench = "", key }) => ({
          target: key,
          key: bench,
          reason: "InvalidKey",
          until: now + minute
        }))
      }
    )
  })
  return status(now, {
    rows,
    benches: keys.map((key, index) =>
      bench(now, key, {
        status: "resting",
        reason: key.startsWith("openai") ? "InvalidKey" : "Connection",
        evidence: key.startsWith("openai") ? "error.code: invalid_api_key" : "ECONNREFUSED",
        since: now - 2 * minute - index * second,
        until: now + (key.startsWith("openai") ? 4 * minute : 9 * second) + index * 1_400,
        consecutiveBenches: 4
      })
    ),
    fails: (ago) => (ago < 120 ? 1 : 0),
    decisions: down
  })
}

/** An operator has benched a credential, and a provider without an end. */
export const byHand = (now: number): Status => {
  const of = (key: string) =>
    key.startsWith("groq") ? "groq" : key.endsWith("#backup") ? "openai#backup" : undefined
  return status(now, {
    rows: team().map((made): Made => {
      const bench = of(made.key)
      return bench === undefined ? made : { ...made, bench, state: "manual" }
    }),
    benches: [
      bench(now, "groq", {
        status: "manual",
        reason: "Manual",
        evidence: "contract ends this month, see ticket OPS-1182",
        by: "Mira",
        since: now - 31 * 60 * minute
      }),
      bench(now, "openai#backup", {
        status: "manual",
        reason: "Manual",
        evidence: "rotating the key",
        by: "on-call",
        since: now - 12 * minute,
        until: now + 48 * minute
      })
    ],
    decisions: smooth(now, 4_000, 30, usual.slice(0, 3))
  })
}

/** Names of the greatest length, many credentials, and models that only clients named. */
export const longNames = (now: number): Status => {
  const model = "accounts/research-and-development/models/llama-4-maverick-17b-128e-instruct-fp8-turbo"
  const keys = [
    "production-eu-west",
    "production-us-east",
    "staging",
    "batch-jobs-overnight",
    "emergency-reserve-2026",
    "k6"
  ]
  const rows: ReadonlyArray<Made> = [
    ...keys.map(
      (credential, index): Made => ({
        key: `fireworks-ai-enterprise/${model}#${credential}`,
        did: {
          rate: 12 * (6 - index),
          p50: 400 + 1_300 * index,
          ...(index < 2 && { fails: () => 0.2 }),
          failure: "RateLimit"
        },
        ...(index === 1 && {
          state: "resting" as const,
          bench: `fireworks-ai-enterprise/${model}#${credential}`
        })
      })
    ),
    { key: "openrouter/deepseek/deepseek-r1-distill-qwen-32b:free#default", did: { rate: 2, p50: 9_000 } },
    {
      key: "openrouter/a-model-that-only-a-client-has-ever-named-2026-01-31-preview#default",
      named: false,
      did: { rate: 1, p50: 300, fails: () => 1, failure: "ModelMissing" },
      state: "resting",
      bench: "openrouter/a-model-that-only-a-client-has-ever-named-2026-01-31-preview#default"
    }
  ]
  const benched = rows.filter((made) => made.bench !== undefined)
  return status(now, {
    rows,
    benches: benched.map(({ bench: key = "" }, index) =>
      bench(now, key, {
        status: "resting",
        reason: index === 0 ? "RateLimit" : "ModelMissing",
        evidence:
          index === 0
            ? "retry-after: 74; error.message: Rate limit reached for requests per minute in organization org-…, limit 60, used 60"
            : "error.code: model_not_found",
        until: now + (index === 0 ? 74 * second : 59 * minute)
      })
    ),
    decisions: [
      decision(4_101, now - 2 * second, "extraordinarily-long-virtual-model-name-for-the-nightly-batch-run", [
        ...keys.slice(0, 5).map((credential) =>
          failed(now, `fireworks-ai-enterprise/${model}#${credential}`, "RateLimit", {
            status: 429,
            evidence: "retry-after: 74"
          })
        ),
        tried(now, "openrouter/deepseek/deepseek-r1-distill-qwen-32b:free#default", { duration: 9_200 })
      ]),
      ...smooth(now, 4_000, 20, [[model, `fireworks-ai-enterprise/${model}#k6`]])
    ]
  })
}

/** Two hundred busy targets, some of them failing. */
export const large = (now: number, round = 0): Status => {
  const rows = Array.from({ length: 200 }, (_, index): Made => {
    const key = `provider-${Math.floor(index / 20) + 1}/model-${(index % 10) + 1}#${index % 20 < 10 ? "main" : "backup"}`
    const state = index % 23 === 7 ? "resting" : index === 90 ? "manual" : "serving"
    return {
      key,
      state,
      ...(state !== "serving" && { bench: key }),
      did: {
        rate: 20 + ((index + round) % 17),
        p50: 200 + 7 * index,
        ...(state === "resting" && { fails: (ago: number) => (ago < 60 ? 1 : 0) })
      }
    }
  })
  return status(now, {
    rows,
    benches: rows.flatMap(({ bench: key, state }) =>
      key === undefined
        ? []
        : [
            state === "manual"
              ? bench(now, key, {
                  status: "manual",
                  reason: "Manual",
                  evidence: "slow since the update",
                  by: "Mira",
                  since: now - 3 * 60 * minute
                })
              : bench(now, key, { status: "resting", evidence: "status 503", until: now + 21 * second })
          ]
    ),
    decisions: smooth(
      now,
      4_000 + round,
      100,
      rows.slice(0, 30).map(({ key }) => ["smart", key] as const)
    )
  })
}

/** All of them, by name. */
export const scenes = { healthy, fresh, bare, oneBenched, probing, allDown, byHand, longNames, large }
