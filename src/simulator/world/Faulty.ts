/** Decides which fault hits a call. */
import type * as Random from "effect/Random"
import { defaultPerMinute, defaultSlots } from "../faults/Faults.ts"
import type { Fault } from "../scenario/Scenario.ts"
import { Bucket } from "./Bucket.ts"
import { Queue } from "./Queue.ts"

/** The state of a target for a call. */
export interface Found {
  /** The first fault of the scenario that hits the call. */
  readonly fault: Fault | undefined
  /** The queue in which it waits for a slot. */
  readonly queue: Queue | undefined
}

/** The faults of a scenario while it runs. */
export interface Faulty {
  /** How many calls each fault has hit so far. */
  readonly met: ReadonlyArray<number>
  /** The state of a target for a call at `now`, in milliseconds since the start. */
  readonly meets: (target: string, now: number) => Found
}

/** Makes the faults, with free slots and empty queues. */
export const make = (faults: ReadonlyArray<Fault>, chance: Random.Random): Faulty => {
  const met = faults.map(() => 0)
  const buckets = new Map<Fault, Bucket>()
  const queues = faults.map(() => new Map<string, Queue>())

  const isThere = ({ every, from, lasts, share, targets, until }: Fault, target: string, now: number) =>
    from <= now &&
    now < until &&
    targets.has(target) &&
    (now - from) % every < lasts &&
    (share === 1 || chance.nextDoubleUnsafe() < share)

  const bucketOf = (fault: Fault): Bucket => {
    const bucket = buckets.get(fault) ?? new Bucket(fault.perMinute ?? defaultPerMinute, fault.from)
    buckets.set(fault, bucket)
    return bucket
  }

  const queueOf = ({ queue, slots = defaultSlots }: Fault, index: number, target: string): Queue => {
    const known = queues[index]!.get(target) ?? new Queue(slots, queue ?? Number.POSITIVE_INFINITY)
    queues[index]!.set(target, known)
    return known
  }

  return {
    met,
    meets: (target, now) => {
      for (const [index, fault] of faults.entries()) {
        if (!isThere(fault, target, now)) continue
        if (fault.name === "capped" && bucketOf(fault).take(now)) continue
        const queue = fault.name === "crowded" ? queueOf(fault, index, target) : undefined
        if (queue?.state === "free") return { fault: undefined, queue }
        met[index]!++
        return queue?.state === "waiting" ? { fault: undefined, queue } : { fault, queue: undefined }
      }
      return { fault: undefined, queue: undefined }
    }
  }
}
