/** The callers, with limits of concurrency and rate. Each request is judged when it is over. */
import { setTimeout as sleep } from "node:timers/promises"
import * as Random from "../../test/support/Random.ts"
import { call, type Outcome } from "./caller.ts"
import { now } from "./clock.ts"
import type { Course } from "./course.ts"
import type { Gateway } from "./gateways.ts"
import type { Entry, Ledger } from "./ledger.ts"
import * as Plan from "./plan.ts"
import { judgeCall, type Verdict } from "./verdict.ts"

/** One violation. */
export interface Finding {
  readonly plan: Plan.Plan
  readonly verdict: Verdict
  readonly entry: Entry
  readonly sent: Sent
  readonly trail: string
}

/** The results of the callers. */
export interface Traffic {
  readonly counts: Map<string, number>
  readonly findings: Array<Finding>
  /** Requests that were sent again, because a stopping gateway or a closing connection did not accept them. */
  again: number
  requests: number
}

/** The options of the traffic. */
export interface Options {
  readonly seed: number
  readonly rate: number
  readonly workers: number
  readonly course: Course
  readonly gateways: ReadonlyArray<Gateway>
  readonly ledger: Ledger
}

/** One request, after its answer has ended. */
export interface Sent {
  readonly gateway: Gateway
  readonly outcome: Outcome
  /** Times are those of `clock.ts`. */
  readonly began: number
  readonly ended: number
  /** When its gateway was asked to stop. `undefined` if it was not. */
  readonly stoppingSince: number | undefined
  /** How often it was sent. */
  readonly tries: number
}

/** The error of a stopping gateway for a request that had not arrived completely. */
const tooLate = "the gateway is stopping, and the request did not arrive in time"

/** How long a gateway's request may take to reach its provider, in milliseconds. */
const grace = 100

/**
 * Whether a gateway did not accept a request: no provider has it, and either its connection broke, which is allowed when the
 * gateway ends or closes an idle connection, or it did not arrive before the end of a stop.
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

/** The most requests that are over but not judged yet, because their providers' reports are late. */
const mostWaiting = 5_000

/** Sends requests until the run is over. Ends when the last answer has been judged. */
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
