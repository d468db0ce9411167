/**
 * The sixteen scenarios and their checks, in seconds of the published timings.
 *
 * https://github.com/failoverbench/failoverbench, `scenarios/catalogue.yaml` and `METHODOLOGY.md` (version 0.1)
 */
import type { Observed } from "./Observed.ts"
import { times } from "./Wall.ts"

/** One check. A failed advisory check makes a pass a partial. An informational one is only reported. */
export interface Check {
  readonly name: string
  readonly kind: "required" | "advisory" | "informational"
  /** Left out for a system without fallbacks. */
  readonly needsFallback?: boolean
  readonly holds: (seen: Observed) => boolean
}

/** One scenario. */
export interface Scenario {
  readonly id: string
  readonly title: string
  readonly model: string
  readonly fallback: "fb-ok" | "fb-ok-noprefill"
  /** The expected end: the complete answer, or the provider's own refusal. */
  readonly wanted: "answer" | "refusal"
  /** A call that takes longer is a hang. For a sequence: each of its calls. */
  readonly seconds: number
  readonly checks: ReadonlyArray<Check>
  /** This many requests, one every `every` seconds. */
  readonly sequence?: { readonly count: number; readonly every: number }
}

const required = (name: string, holds: Check["holds"]): Check => ({ name, kind: "required", holds })
const advisory = (name: string, holds: Check["holds"]): Check => ({ name, kind: "advisory", holds })
const informational = (name: string, holds: Check["holds"]): Check => ({ name, kind: "informational", holds })

const withFallback = (check: Check): Check => ({ ...check, needsFallback: true })

/** For every scenario: a plain call afterwards is answered within ten seconds. */
const alive = required("alive afterwards", ({ isAlive }) => isAlive)

const attemptsAtMost = (count: number) =>
  required(`at most ${count} attempts at the primary`, ({ primary }) => primary.length <= count)

const attemptsWithin = (seconds: number, count: number) =>
  required(
    `at most ${count} of them within ${seconds} s`,
    ({ primary }) => primary.filter(({ at }) => at - (primary[0]?.at ?? 0) < seconds).length <= count
  )

const secondsAtMost = (limit: number) => (seen: Observed) =>
  seen.outcome !== "hang" && seen.seconds <= limit + seen.grace

const retried = ({ primary }: Observed) => primary.length >= 2

const wholeOrError = required(
  "never a part of an answer as success",
  ({ isWhole, outcome }) => outcome !== "answer" || isWhole
)

const usage = advisory("usage is reported", ({ hasUsage }) => hasUsage)

const outage = times.outage / 1000

const inOutage = (at: number) => at < outage

/** When the primary was called again, in seconds after its recovery. */
const backAfter = ({ primary }: Observed): number =>
  (primary.find(({ answer }) => answer === "200")?.at ?? Number.POSITIVE_INFINITY) - outage

const scenario = (
  id: string,
  title: string,
  name: string,
  seconds: number,
  checks: ReadonlyArray<Check>,
  more: Partial<Scenario> = {}
): Scenario => ({
  id,
  title,
  model: `fb-${id.toLowerCase()}-${name}`,
  fallback: "fb-ok",
  wanted: "answer",
  seconds,
  checks: [...checks, alive],
  ...more
})

/** The sixteen scenarios. */
export const scenarios: ReadonlyArray<Scenario> = [
  scenario("S01", "429 with Retry-After, once", "429-retry-after", 20, [
    advisory("the primary is asked again", retried),
    advisory(
      "not before the time it asked for",
      ({ primary }) => primary.length > 1 && primary[1]!.at - primary[0]!.at >= 1.8
    ),
    attemptsWithin(1.5, 2)
  ]),
  scenario("S02", "429 for ever, without Retry-After", "429-persistent", 40, [
    attemptsWithin(3, 4),
    attemptsAtMost(6)
  ]),
  scenario("S03", "500 once", "500-then-200", 20, [advisory("the primary is asked again", retried)]),
  scenario("S04", "503 for ever", "503-persistent", 40, [attemptsAtMost(6)]),
  scenario("S05", "connection reset before the headers, once", "reset", 20, []),
  scenario("S06", "no response at all", "no-response", 130, [
    required("over within 100 s", secondsAtMost(100)),
    advisory("a silent target is not asked again", ({ primary }) => primary.length <= 1)
  ]),
  scenario("S07", "first token after 20 s", "slow-ttft", 60, [
    withFallback(advisory("over within 15 s", secondsAtMost(15)))
  ]),
  scenario("S08", "stream cut after 40 of 60 tokens", "stream-cut", 40, [wholeOrError]),
  scenario("S09", "stream stalls after 20 tokens", "stream-stall", 70, [
    required("over within 45 s", secondsAtMost(45)),
    wholeOrError
  ]),
  scenario("S10", "an event that is not JSON", "malformed-chunk", 30, [
    wholeOrError,
    advisory("recovered in place", ({ isWhole, outcome }) => outcome === "answer" && isWhole)
  ]),
  scenario("S11", "stream ends without [DONE]", "no-done", 30, [
    required("over within 8 s", secondsAtMost(8)),
    usage
  ]),
  scenario("S12", "context length exceeded", "context-length", 20, [
    required("never sent again at the same size", ({ primary }) =>
      primary.every(({ size }, index) => index === 0 || size < primary[index - 1]!.size)
    ),
    attemptsAtMost(2)
  ]),
  scenario(
    "S13",
    "content refused",
    "content-filter",
    20,
    [
      required("exactly one attempt at the primary", ({ primary }) => primary.length === 1),
      required(
        "the provider's own reason reaches the caller",
        ({ code, outcome }) => outcome !== "error" || code === "content_policy_violation"
      ),
      informational("no other target is called", ({ fallback }) => fallback.length === 0)
    ],
    { wanted: "refusal" }
  ),
  scenario(
    "S14",
    "stream cut, and a fallback that takes no prefill",
    "stream-cut",
    40,
    [
      required(
        "a refused prefill does not hide the failure",
        ({ fallback, outcome }) =>
          outcome !== "error" || fallback.every(({ answer }) => answer !== "invalid_prefill")
      ),
      wholeOrError
    ],
    { fallback: "fb-ok-noprefill" }
  ),
  scenario(
    "S15",
    "down for 60 s, then healthy",
    "flap",
    30,
    [
      withFallback(
        required("everybody is served during the outage", ({ requests }) =>
          requests.filter(({ at }) => inOutage(at)).every(({ outcome }) => outcome === "answer")
        )
      ),
      withFallback(required("back at the primary within 30 s", (seen) => backAfter(seen) <= 30 + seen.grace)),
      informational(
        "at most one attempt a request during the outage",
        ({ primary, requests }) =>
          primary.filter(({ at }) => inOutage(at)).length <= requests.filter(({ at }) => inOutage(at)).length
      )
    ],
    { sequence: { count: 20, every: 4 } }
  ),
  scenario("S16", "503 for ever, and who is to be billed", "503-persistent", 40, [
    withFallback(
      required(
        "the answer names the model that gave it",
        ({ fallback, model }) => fallback.length === 0 || model?.includes("fb-ok") === true
      )
    ),
    withFallback(usage),
    attemptsAtMost(6)
  ])
]

/** One scenario, by its number. */
export const scenarioOf = (id: string): Scenario => scenarios.find((one) => one.id === id)!
