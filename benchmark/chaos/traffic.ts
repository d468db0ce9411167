/** The callers: so many at once, so many a second, each request judged when it is over. */
import { setTimeout as sleep } from "node:timers/promises"
import * as Random from "../../test/support/Random.ts"
import { call, type Outcome } from "./caller.ts"
import { now } from "./clock.ts"
import type { Course } from "./course.ts"
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
  readonly course: Course
  readonly gateways: ReadonlyArray<Gateway>
  readonly ledger: Ledger
}

/** One request that was sent, by the time its answer had ended. */
export interface Sent {
  readonly gateway: Gateway
  readonly outcome: Outcome
  /** Times are those of `clock.ts`. */
  readonly began: number
  readonly ended: number
  /** When its gateway was asked to stop; `undefined` if it was not. */
  readonly stoppingSince: number | undefined
  /** How often it was sent. */
  readonly tries: number
}

/** What a stopping gateway says to a request that had not arrived whole. */
const tooLate = "the gateway is stopping, and the request did not arrive in time"

/** How long what a gateway has sent may take to its provider, in milliseconds. */
const grace = 100

/**
 * A request that its gateway did not accept, if no provider has it: its connection broke, as it may when the gateway
 * ends or has closed it unused, or it did not arrive before the end of a stop.
 */
const seemsNotTaken = ({ gateway, outcome, stoppingSince }: Sent): boolean => {
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
    const began = now()
    const outcome = await call(gateway.origin, plan.alone ? false : incarnation.agent, plan, entry)
    const ended = now()
    if (outcome.status !== 0) incarnation.lastEnded = ended
    const isSame = incarnation === gateway.incarnation()
    const stoppingSince = incarnation.stoppingSince ?? (isSame ? undefined : ended)
    const sent = { gateway, outcome, began, ended, stoppingSince, tries: count + 1 }
    if (count < 8 && seemsNotTaken(sent)) await options.ledger.settled(ended + grace)
    if (count < 8 && seemsNotTaken(sent) && entry.visits.length === 0) {
      traffic.again++
      continue
    }
    return sent
  }
}

/** The most requests that are over and not judged yet: their providers' reports are late. */
const mostWaiting = 5_000

/** Lets the callers ask until the run is over; ends when the last one has its answer, and it is judged. */
export const run = async (options: Options, traffic: Traffic): Promise<void> => {
  const { course, ledger, rate, seed, workers } = options
  const waiting = new Set<Promise<void>>()
  const find = (plan: Plan.Plan, verdict: Verdict, entry: Entry, sent: Sent) => {
    traffic.counts.set(verdict.as, (traffic.counts.get(verdict.as) ?? 0) + 1)
    if (verdict.isFine || traffic.findings.length >= 200) return
    const trail = String(sent.outcome.headers["x-failover-trail"] ?? "")
    traffic.findings.push({ plan, verdict, entry, sent, trail })
  }
  const judge = async (plan: Plan.Plan, entry: Entry, sent: Sent) => {
    const { ended, gateway, outcome, stoppingSince } = sent
    await ledger.settled(ended)
    const isDrained = stoppingSince !== undefined && ended - stoppingSince >= gateway.drain
    const verdict = judgeCall(plan, outcome, entry, isDrained)
    find(plan, verdict, entry, sent)
    ledger.close(plan.nonce, ({ target }) => {
      const as = "duplicated after commit"
      find(plan, { as, isFine: false, why: `${target}, after the end` }, entry, sent)
    })
  }
  let next = now()
  const worker = async () => {
    for (;;) {
      next = Math.max(next + 1000 / rate, now() - 1000)
      const wait = next - now()
      if (wait > 0) await sleep(wait)
      if (waiting.size > mostWaiting) await Promise.all(waiting)
      if (course.isOver()) return
      const plan = Plan.make(seed, traffic.requests++)
      const entry = ledger.open(plan.nonce)
      const judging = judge(plan, entry, await send(plan, entry, options, traffic))
      waiting.add(judging)
      void judging.finally(() => waiting.delete(judging))
    }
  }
  await Promise.all(Array.from({ length: workers }, worker))
  await Promise.all(waiting)
}
