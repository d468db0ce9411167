/** Disturbances around the gateways, one after the other, in an order that the seed determines. */
import { setTimeout as sleep } from "node:timers/promises"
import * as Random from "../../test/support/Random.ts"
import type { Course } from "./course.ts"
import type { Disk } from "./disk.ts"
import type { Gateway } from "./gateways.ts"
import type { Redis } from "./redis.ts"

/** What it disturbs. */
export interface Scene {
  readonly gateways: ReadonlyArray<Gateway>
  readonly redis: Redis | undefined
  readonly disk: Disk
}

/** What happened, and the violations. */
export interface Troubles {
  readonly counts: ReadonlyMap<string, number>
  readonly violations: ReadonlyArray<string>
  /** How long each stopped gateway ran after its last answer, in milliseconds. */
  readonly stops: ReadonlyArray<number>
}

/** The longest pause of a gateway beyond one second, in milliseconds. */
const longestStandstill = 5_000

/** Causes disturbances until the run is over, with pauses of up to `calm` milliseconds. Restores everything at the end. */
export const make = async (
  { calm, seed }: { readonly calm: number; readonly seed: number },
  scene: Scene,
  course: Course
): Promise<Troubles> => {
  const random = Random.of(seed, "trouble")
  const { disk, gateways, redis } = scene
  const counts = new Map<string, number>()
  const violations: Array<string> = []
  const stops: Array<number> = []
  const stopped = gateways.filter(({ isStopped }) => isStopped)
  let version = 0

  const kinds: Record<string, () => Promise<void>> = {
    "the config was reloaded": async () => {
      const at = random.pick(gateways)
      await at.reload({ fallbacks: version++ % 2 === 0 ? ["so/m"] : [] })
    },
    "a bad config was refused": async () => {
      const at = random.pick(gateways)
      await at.reload(random.pick(["{", '{ "providers": 1 }', ""]))
      await sleep(500)
      await at.reload({})
    },
    "the disk was full": async () => {
      disk.fill()
      await sleep(2_500)
      disk.free()
      const destroyed = disk.destroyed()
      if (destroyed.length > 0) violations.push(`a full disk destroyed ${destroyed.join(", ")}`)
    },
    // Longer than it waits for a provider, so that it takes its own pause for a timeout.
    "a gateway was paused": async () => {
      const at = random.pick(gateways)
      at.pause()
      await sleep(1_000 + random.int(longestStandstill))
      at.resume()
    },
    "a gateway was stopped and started": async () => {
      const at = random.pick(stopped)
      const { idle, wrong } = await at.stop()
      stops.push(idle)
      if (wrong !== undefined) violations.push(wrong)
      await sleep(random.int(500))
      await at.start()
    }
  }
  if (redis !== undefined) {
    kinds["Redis was paused"] = async () => {
      redis.pause()
      await sleep(1_000 + random.int(2_000))
      redis.resume()
    }
    kinds["Redis was killed and started"] = async () => {
      await redis.kill()
      await sleep(500 + random.int(2_000))
      await redis.start()
    }
  }
  while (!course.isOver()) {
    for (const name of Random.shuffled(random, Object.keys(kinds))) {
      await course.pause((0.2 + 0.8 * random.next()) * calm)
      if (course.isOver()) break
      await kinds[name]?.()
      counts.set(name, (counts.get(name) ?? 0) + 1)
    }
  }
  for (const gateway of gateways) await gateway.reload({})
  return { counts, violations, stops }
}
