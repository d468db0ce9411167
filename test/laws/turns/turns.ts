/** The turns of the scheduler law, every order of them, and the worlds in which they are taken. */

/** One thing that happens. Each happens once, in some order. */
export const turns = [
  "a caller",
  "another caller",
  "a probe",
  "a success",
  "a failure",
  "a manual bench",
  "a reload"
] as const

/** One thing that happens. */
export type Turn = (typeof turns)[number]

/** Where the turns are taken. */
export interface World {
  readonly kind: "effect" | "stream"
  /** Whether the failing target is the only one of its chain, or is followed by a healthy one. */
  readonly chain: "alone" | "with a backup"
  readonly whenAllBenched: "tryAnyway" | "wait" | "fail"
  /** Which of several open calls a success or a failure ends. */
  readonly ends: "the oldest" | "the latest"
  /** Milliseconds between two turns. */
  readonly gap: number
  /** How the callers are told apart: not at all, by names, or by their requests. */
  readonly told: "no" | "by name" | "by request"
}

/** All worlds. */
export const worlds: ReadonlyArray<World> = (["effect", "stream"] as const).flatMap((kind) => [
  { kind, chain: "alone", whenAllBenched: "tryAnyway", ends: "the oldest", gap: 0, told: "no" },
  { kind, chain: "alone", whenAllBenched: "tryAnyway", ends: "the latest", gap: 60, told: "no" },
  { kind, chain: "alone", whenAllBenched: "wait", ends: "the oldest", gap: 1, told: "no" },
  { kind, chain: "with a backup", whenAllBenched: "tryAnyway", ends: "the oldest", gap: 1, told: "no" },
  { kind, chain: "alone", whenAllBenched: "tryAnyway", ends: "the latest", gap: 1, told: "by name" },
  { kind, chain: "alone", whenAllBenched: "wait", ends: "the latest", gap: 60, told: "by request" },
  { kind, chain: "with a backup", whenAllBenched: "fail", ends: "the latest", gap: 400, told: "by request" },
  { kind, chain: "with a backup", whenAllBenched: "tryAnyway", ends: "the oldest", gap: 400, told: "by name" }
])

/** Every order of the turns. The two callers are alike, so the first one always comes before the second. */
export const orders: ReadonlyArray<ReadonlyArray<Turn>> = permutations(turns).filter(
  (order) => order.indexOf("a caller") < order.indexOf("another caller")
)

function permutations<A>(all: ReadonlyArray<A>): ReadonlyArray<ReadonlyArray<A>> {
  return all.length < 2
    ? [all]
    : all.flatMap((one, i) => permutations(all.filter((_, j) => j !== i)).map((rest) => [one, ...rest]))
}
