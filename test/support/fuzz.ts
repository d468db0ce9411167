/**
 * What all fuzz tests share: random cases that can be repeated, and JSON that is nearly valid.
 *
 * A failing case prints its seed. `FUZZ_SEED=N npx vitest run test/fuzz` begins with that case. `FUZZ_RUNS=10` runs ten times as
 * many cases.
 */
import { it } from "@effect/vitest"
import * as Random from "./Random.ts"

const first = Number(process.env.FUZZ_SEED ?? 1)
const times = Number(process.env.FUZZ_RUNS ?? 1)

/** A test with this many cases. */
export const fuzz = (
  name: string,
  cases: number,
  body: (random: Random.Random) => void | Promise<void>
): void => {
  it(name, { timeout: 60_000 * Math.max(1, times) }, async () => {
    for (let seed = first; seed < first + cases * times; seed++) {
      try {
        await body(Random.of(seed, name))
      } catch (cause) {
        const why = cause instanceof Error ? cause.message : String(cause)
        throw new Error(`FUZZ_SEED=${seed}: ${why}`, { cause })
      }
    }
  })
}

/** A list of random values. */
export const listOf = <A>(random: Random.Random, most: number, make: () => A): Array<A> =>
  Array.from({ length: random.int(most + 1) }, make)

const texts = [
  "",
  " ",
  "a",
  "ü🙂水",
  "\ud800",
  "\u0000",
  "\r\n",
  "null",
  "[]",
  "data: x",
  "text",
  "user",
  "tool",
  "function",
  "assistant",
  "__proto__",
  "constructor",
  "toString",
  "1e999",
  "-1",
  "https://example.org/a.png",
  "data:image/png;base64,AAAA",
  "x".repeat(3_000)
]
const numbers = [0, -0, -1, 1, 0.5, 2 ** 31, 2 ** 53, 1e308, -1e308, 429, 400]
const keys = [
  "type",
  "text",
  "content",
  "id",
  "name",
  "input",
  "error",
  "code",
  "message",
  "index",
  "__proto__",
  "x"
]

/** Any JSON value. */
export const json = (random: Random.Random, depth = 3): unknown => {
  const kind = random.int(depth > 0 ? 7 : 4)
  switch (kind) {
    case 0:
      return null
    case 1:
      return random.chance(0.5)
    case 2:
      return random.pick(numbers)
    case 3:
      return random.pick(texts)
    case 4:
      return listOf(random, 4, () => json(random, depth - 1))
    default:
      return Object.fromEntries(
        listOf(random, 4, () => [random.pick(keys), json(random, depth - 1)] as const)
      )
  }
}

/** The same JSON with some parts changed: left out, doubled, renamed, of another type or replaced. */
export const mutated = (random: Random.Random, value: unknown, share: number): unknown => {
  if (random.chance(share)) return json(random, 2)
  if (Array.isArray(value)) {
    return value.flatMap((item: unknown) => {
      if (random.chance(share)) return []
      const made = mutated(random, item, share)
      return random.chance(share) ? [made, made] : [made]
    })
  }
  if (typeof value !== "object" || value === null) {
    return random.chance(share / 2) ? [value] : value
  }
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) => {
      if (random.chance(share / 2)) return []
      const name = random.chance(share / 4) ? random.pick(keys) : key
      return [[name, mutated(random, item, share)] as const]
    })
  )
}

/** Bytes that are cut at random places. */
export const cut = (random: Random.Random, bytes: Uint8Array): ReadonlyArray<Uint8Array> => {
  const pieces: Array<Uint8Array> = []
  const most = random.pick([1, 2, 5, 40, 1_000])
  for (let at = 0; at < bytes.length; ) {
    const end = at + 1 + random.int(most)
    pieces.push(bytes.slice(at, end))
    at = end
  }
  return pieces
}
