/** The turns of the scheduler law, every order of them, and the worlds in which they are taken. */

/** One thing that happens. Each happens once, in some order. */
const turns = ["a caller", "another caller", "a probe", "a success", "a failure", "a reload"] as const

/** One thing that happens. With a hang-up the oldest caller that is not answered yet leaves. */
export type Turn = (typeof turns)[number] | World["besides"]

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
  /** How the callers are distinguished: not at all, by names, or by their requests. */
  readonly told: "no" | "by name" | "by request"
  /** What happens besides. */
  readonly besides: "a manual bench" | "a hang-up"
}

/** All worlds. */
export const worlds: ReadonlyArray<World> = (["effect", "stream"] as const).flatMap((kind): Array<World> => {
  const world = { kind, chain: "alone", whenAllBenched: "tryAnyway", ends: "the oldest", gap: 1 } as const
  const byHand = { ...world, told: "no", besides: "a manual bench" } as const
  const left = { ...world, told: "no", besides: "a hang-up" } as const
  const backup = "with a backup"
  return [
    { ...byHand, gap: 0 },
    { ...byHand, ends: "the latest", gap: 60 },
    { ...byHand, whenAllBenched: "wait" },
    { ...byHand, chain: backup },
    { ...byHand, ends: "the latest", told: "by name" },
    { ...byHand, whenAllBenched: "wait", ends: "the latest", gap: 60, told: "by request" },
    { ...byHand, chain: backup, whenAllBenched: "fail", ends: "the latest", gap: 400, told: "by request" },
    { ...byHand, chain: backup, gap: 400, told: "by name" },
    { ...left, gap: 60 },
    { ...left, whenAllBenched: "wait", ends: "the latest", told: "by name" },
    { ...left, chain: backup, gap: 400, told: "by request" }
  ]
})

/** Every order of the turns in a world. The two callers are alike, so the first one always comes before the second. */
export const ordersIn = ({ besides }: World): ReadonlyArray<ReadonlyArray<Turn>> =>
  permutations<Turn>([...turns, besides]).filter(
    (order) => order.indexOf("a caller") < order.indexOf("another caller")
  )

function permutations<A>(all: ReadonlyArray<A>): ReadonlyArray<ReadonlyArray<A>> {
  return all.length < 2
    ? [all]
    : all.flatMap((one, i) => permutations(all.filter((_, j) => j !== i)).map((rest) => [one, ...rest]))
}
