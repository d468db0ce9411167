import { readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { classify, type Signal } from "../../src/classifier/Classifier.ts"
import * as Failure from "../../src/failure/Failure.ts"

/** A labelled case of test/fixtures: a recorded signal, its class, and where it was seen (`source`). */
interface Labelled extends Signal {
  readonly id: string
  readonly kind: Failure.Kind
  readonly reason: string | null
  readonly retryAfterMs: number | null
  /** Other kinds that a reasonable engineer would give. */
  readonly altKinds: ReadonlyArray<Failure.Kind>
  /** Other correct waits. `retryOptional` also allows none. */
  readonly retryAltMs: ReadonlyArray<number>
  readonly retryOptional: boolean
}

const load = (name: string): ReadonlyArray<Labelled> =>
  readFileSync(new URL(`../fixtures/${name}`, import.meta.url), "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Labelled)

const nowOf = (row: Labelled): number => (typeof row.now === "string" ? Date.parse(row.now) : 0)

const waitIsRight = (row: Labelled, failure: Failure.Failure): boolean => {
  const wait = Failure.waitMillis(failure, nowOf(row))
  if (wait === undefined) return row.retryAfterMs === null || row.retryOptional
  return [row.retryAfterMs, ...row.retryAltMs].some((right) => right !== null && Math.abs(wait - right) <= 1)
}

/** Cases where our class differs from the label, and why. */
const disagreements: { readonly [id: string]: string } = {
  "anthropic-400-context-maxtok-01":
    "the prompt fits with a lower cap: once more with what is left of the window",
  "openai-400-context-03-completion": "the prompt fits without the cap: once more without it",
  "vllm-400-context-02-completion": "the prompt fits without the cap: once more without it",
  "openai-400-org-verify-01":
    "this account may not stream this model; it may use it otherwise, so no key is benched"
}

/** Our classes that are more precise than the label. */
const finer: { readonly [own: string]: string } = { Unsupported: "Invalid", Blocked: "Forbidden" }

const reasonIsRight = (row: Labelled, failure: Failure.Failure): boolean => {
  const own = Failure.classOf(failure)
  return own === row.reason || finer[own] === row.reason
}

const score = (rows: ReadonlyArray<Labelled>) => {
  const answers = rows.map((row) => ({ row, failure: classify(row) }))
  const share = (n: number, of: number): number => n / of
  const strict = answers.filter(({ failure, row }) => failure._tag === row.kind)
  const lenient = answers.filter(({ failure, row }) => [row.kind, ...row.altKinds].includes(failure._tag))
  const reasoned = strict.filter(({ row }) => row.reason !== null)
  const limited = strict.filter(({ row }) => row.kind === "RateLimit")
  return {
    strict: share(strict.length, rows.length),
    lenient: share(lenient.length, rows.length),
    reasons: share(
      reasoned.filter(({ failure, row }) => reasonIsRight(row, failure)).length,
      reasoned.length
    ),
    waits: share(limited.filter(({ failure, row }) => waitIsRight(row, failure)).length, limited.length),
    others: answers.filter(({ failure, row }) => failure._tag !== row.kind).map(({ row }) => row.id)
  }
}

describe("the labelled corpus", () => {
  it("is classified as labelled", () => {
    const { lenient, others, reasons, strict, waits } = score(load("provider-errors.jsonl"))
    assert.isAtLeast(lenient, 0.99)
    assert.isAtLeast(strict, 0.98)
    assert.isAtLeast(reasons, 0.98)
    assert.isAtLeast(waits, 0.98)
    assert.deepStrictEqual(
      others.filter((id) => !(id in disagreements)),
      []
    )
  })

  it("is classified as labelled without the provider's name and with header names in any case", () => {
    const anonymous = load("provider-errors.jsonl").map((row) => ({
      ...row,
      provider: undefined,
      protocol: undefined,
      headers: Object.fromEntries(
        Object.entries(row.headers ?? {}).map(([name, value]) => [name.toUpperCase(), value])
      )
    }))
    const { lenient, strict, waits } = score(anonymous)
    assert.isAtLeast(lenient, 0.99)
    assert.isAtLeast(strict, 0.98)
    assert.isAtLeast(waits, 0.98)
  })

  it("is classified the same with the body as bytes or as parsed JSON", () => {
    for (const row of load("provider-errors.jsonl")) {
      if (typeof row.body !== "string") continue
      const fromText = classify(row)
      const fromBytes = classify({ ...row, body: new TextEncoder().encode(row.body) })
      assert.strictEqual(Failure.classOf(fromBytes), Failure.classOf(fromText), row.id)
      if (!row.body.trimStart().startsWith("{")) continue
      try {
        const parsed: unknown = JSON.parse(row.body)
        assert.strictEqual(
          Failure.classOf(classify({ ...row, body: parsed })),
          Failure.classOf(fromText),
          row.id
        )
      } catch {}
    }
  })

  it("is classified better than by the HTTP status alone, also where the status misleads", () => {
    const rows = load("provider-errors.jsonl")
    const statusOnly = rows.filter((row) => classify({ status: row.status })._tag === row.kind).length
    assert.isBelow(statusOnly / rows.length, 0.75)
    const tricky = rows.filter(
      (row) => (row as { tricky?: boolean }).tricky === true && !(row.id in disagreements)
    )
    assert.isAtLeast(score(tricky).strict, 0.98)
  })

  it("yields readable failures: a message, evidence, the status, nothing too long", () => {
    for (const row of load("provider-errors.jsonl")) {
      const failure = classify({ ...row, target: "openai/gpt-5.2#main" })
      assert.isNotEmpty(failure.message, row.id)
      assert.notInclude(failure.evidence ?? "", "cannot be read", row.id)
      assert.isAtMost(failure.message.length, 300, row.id)
      assert.isAtMost(failure.evidence?.length ?? 999, 160, row.id)
      assert.strictEqual(failure.status, row.status ?? undefined, row.id)
      assert.strictEqual(failure.target, "openai/gpt-5.2#main", row.id)
    }
  })
})

describe("our own collection of provider errors", () => {
  it("is classified as labelled", () => {
    const { lenient, reasons, strict, waits } = score(load("more-provider-errors.jsonl"))
    assert.isAtLeast(lenient, 0.99)
    assert.isAtLeast(strict, 0.98)
    assert.isAtLeast(reasons, 0.98)
    assert.isAtLeast(waits, 0.98)
  })
})

describe("the second labelled corpus, collected after the rules were written", () => {
  it("is classified as labelled", () => {
    const { lenient, reasons, strict, waits } = score(load("provider-errors-2.jsonl"))
    assert.isAtLeast(lenient, 0.98)
    assert.isAtLeast(strict, 0.92)
    assert.isAtLeast(reasons, 0.92)
    assert.isAtLeast(waits, 0.98)
  })
})

describe("errors collected from public reports, labelled before the rules saw them", () => {
  it("are classified as labelled", () => {
    const { lenient, strict } = score(load("held-out-errors.jsonl"))
    assert.isAtLeast(lenient, 0.98)
    assert.isAtLeast(strict, 0.92)
  })
})
