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
  readonly sent: Sent
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

/** One request that was sent, by the time its answer had ended. */
export interface Sent {
  readonly gateway: Gateway
  readonly outcome: Outcome
  /** Times are milliseconds of `performance.now()`. */
  readonly began: number
  readonly ended: number
  /** When its gateway was asked to stop; `undefined` if it was not. */
  readonly stoppingSince: number | undefined
  /** How often it was sent. */
  readonly tries: number
}

/** What a stopping gateway says to a request that had not arrived whole. */
const tooLate = "the gateway is stopping, and the request did not arrive in time"

/**
 * A request that no provider has and that its gateway did not accept: its connection broke, as it may when the gateway
 * ends or has closed it unused, or it did not arrive before the end of a stop.
 */
const wasNotTaken = ({ gateway, outcome, stoppingSince }: Sent, entry: Entry): boolean => {
  if (entry.visits.length > 0) return false
  const isStopping = stoppingSince !== undefined || gateway.state() !== "up"
  if (outcome.status === 503) return isStopping && outcome.body.includes(tooLate)
  return outcome.end === "broken" && outcome.status === 0 && (outcome.reused || isStopping)
}

const send = async (plan: Plan.Plan, entry: Entry, options: Options, traffic: Traffic): Promise<Sent> => {
  const random = Random.of(options.seed, "sends", plan.nonce)
  for (let count = 0; ; count++) {
    const running = options.gateways.filter((each) => each.state() !== "down")
    const gateway = random.pick(count < 4 ? running : running.filter((each) => !each.isStopped))
    const incarnation = gateway.incarnation()
    const began = performance.now()
    const outcome = await call(gateway.origin, plan.alone ? false : incarnation.agent, plan, entry)
    const ended = performance.now()
    if (outcome.status !== 0) incarnation.lastEnded = ended
    const isSame = incarnation === gateway.incarnation()
    const stoppingSince = incarnation.stoppingSince ?? (isSame ? undefined : ended)
    const sent = { gateway, outcome, began, ended, stoppingSince, tries: count + 1 }
    if (count < 8 && wasNotTaken(sent, entry)) {
      traffic.again++
      continue
    }
    return sent
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
      const sent = await send(plan, entry, options, traffic)
      const { ended, gateway, outcome, stoppingSince } = sent
      const isDrained = stoppingSince !== undefined && ended - stoppingSince >= gateway.drain
      const verdict = judgeCall(plan, outcome, entry, isDrained)
      ledger.close(plan.nonce)
      traffic.counts.set(verdict.as, (traffic.counts.get(verdict.as) ?? 0) + 1)
      if (!verdict.isFine && traffic.findings.length < 200) {
        const trail = String(outcome.headers["x-failover-trail"] ?? "")
        traffic.findings.push({ plan, verdict, entry, sent, trail })
      }
    }
  }
  await Promise.all(Array.from({ length: workers }, worker))
}
