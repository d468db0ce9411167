/** The callers: so many at once, so many a second, each request judged when it is over. */
import { setTimeout as sleep } from "node:timers/promises"
import * as Random from "../../test/support/Random.ts"
import { call, type Outcome } from "./caller.ts"
import type { Gateway } from "./gateways.ts"
import type { Entry, Ledger } from "./ledger.ts"
import * as Plan from "./plan.ts"
import { judgeCall, type Verdict } from "./verdict.ts"

/** One that must not be. */
export interface Finding {
  readonly plan: Plan.Plan
  readonly verdict: Verdict
  readonly entry: Entry
  readonly gateway: string
  readonly trail: string
}

/** What the callers got. */
export interface Traffic {
  readonly counts: Map<string, number>
  readonly findings: Array<Finding>
  /** Requests that a gateway about to stop, or a connection about to end, did not take, sent again. */
  again: number
  requests: number
}

/** How it is made. */
export interface Options {
  readonly seed: number
  readonly rate: number
  readonly workers: number
  readonly until: number
  readonly gateways: ReadonlyArray<Gateway>
  readonly ledger: Ledger
}

/** A connection that broke before anybody had the request, as it may when its gateway ends or has closed it unused. */
const wasNotTaken = (outcome: Outcome, entry: Entry, gateway: Gateway, wasUp: boolean): boolean =>
  outcome.end === "broken" &&
  outcome.status === 0 &&
  entry.visits.length === 0 &&
  (outcome.reused || !wasUp || gateway.state() !== "up")

const send = async (plan: Plan.Plan, entry: Entry, options: Options, traffic: Traffic) => {
  const random = Random.of(options.seed, "sends", plan.nonce)
  for (let count = 0; ; count++) {
    const running = options.gateways.filter((each) => each.state() !== "down")
    const gateway = random.pick(count < 4 ? running : running.filter((each) => !each.isStopped))
    const incarnation = gateway.agent()
    const wasUp = gateway.state() === "up"
    const outcome = await call(gateway.origin, plan.alone ? false : incarnation, plan, entry)
    const isSame = incarnation === gateway.agent()
    if (count < 8 && wasNotTaken(outcome, entry, gateway, wasUp && isSame)) {
      traffic.again++
      continue
    }
    return { gateway, outcome }
  }
}

/** Lets the callers ask until the time is over; ends when the last one has its answer. */
export const run = async (options: Options, traffic: Traffic): Promise<void> => {
  const { ledger, rate, seed, until, workers } = options
  let next = performance.now()
  const worker = async () => {
    for (;;) {
      next = Math.max(next + 1000 / rate, performance.now() - 1000)
      const wait = next - performance.now()
      if (wait > 0) await sleep(wait)
      if (performance.now() >= until) return
      const plan = Plan.make(seed, traffic.requests++)
      const entry = ledger.open(plan.nonce)
      const { gateway, outcome } = await send(plan, entry, options, traffic)
      const verdict = judgeCall(plan, outcome, entry)
      ledger.close(plan.nonce)
      traffic.counts.set(verdict.as, (traffic.counts.get(verdict.as) ?? 0) + 1)
      if (!verdict.isFine && traffic.findings.length < 200) {
        const trail = String(outcome.headers["x-failover-trail"] ?? "")
        traffic.findings.push({ plan, verdict, entry, gateway: gateway.name, trail })
      }
    }
  }
  await Promise.all(Array.from({ length: workers }, worker))
}
