/**
 * How much of an unknown cap a learned limit uses: `npm run bench -- --limits`.
 *
 * Simulates the limits of one target in virtual time. Requests come at random, wait in line for at most `maxWait`, and are answered
 * after a second on average. A refusal that the limits do not explain benches the target for 5 s, then 10 s, 20 s and so on. "Best" is
 * what a client that knew the cap would serve. A request that is not admitted within `maxWait` is lost.
 */
import { Capacity, defaults } from "../src/capacity/Capacity.ts"

/** Whether one more attempt is accepted. */
type Cap = (now: number) => boolean

const minute = 60_000
const maxWait = 3_000
const refusalTime = 60

/** A bucket that fills evenly and holds what comes in a second, at least one. */
const bucket = (perMinute: number): Cap => {
  const most = Math.max(1, perMinute / 60)
  let left = most
  let at = 0
  return (now) => {
    left = Math.min(most, left + ((now - at) * perMinute) / minute)
    at = now
    if (left < 1 - 1e-9) return false
    left--
    return true
  }
}

const inAnyMinute = (most: number): Cap => {
  const taken: Array<number> = []
  let first = 0
  return (now) => {
    while (first < taken.length && taken[first]! <= now - minute) first++
    return taken.length - first < most && taken.push(now) > 0
  }
}

const inEachMinute = (most: number): Cap => {
  let current = -1
  let taken = 0
  return (now) => {
    const at = Math.floor((now + 22_000) / minute)
    if (at !== current) taken = 0
    current = at
    return taken < most && taken++ >= 0
  }
}

/** Runs functions in the order of their times. */
class Agenda {
  readonly #entries: Array<{ readonly at: number; readonly run: () => void }> = []
  now = 0

  /** New entries are almost in order: most are due soon. */
  add(at: number, run: () => void): void {
    let low = 0
    let high = this.#entries.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#entries[middle]!.at > at) low = middle + 1
      else high = middle
    }
    this.#entries.splice(low, 0, { at, run })
  }

  play(until: number): void {
    for (let next = this.#entries.pop(); next !== undefined && next.at <= until; next = this.#entries.pop()) {
      this.now = next.at
      next.run()
    }
  }
}

const randomFrom = (seed: number) => {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return (state + 0.5) / 4_294_967_296
  }
}

/** Simulates one target for 60 minutes. Returns what it served per minute, and refused, from minute 20 on. */
const play = (accepts: Cap, perMinute: number, isKnown: boolean) => {
  const random = randomFrom(99)
  const agenda = new Agenda()
  const capacity = new Capacity()
  const line: Array<{ readonly until: number }> = []
  const seen = { served: 0, refused: 0 }
  const count = (what: keyof typeof seen, began: number) => began >= 20 * minute && seen[what]++
  let inFlight = 0
  let hasRefused = false
  let rest = 0
  let restsUntil = 0
  let isProbing = false
  let alarm = Number.POSITIVE_INFINITY

  const begin = (request: { readonly until: number }, isProbe: boolean, isAccepted: boolean) => {
    const began = agenda.now
    const begun = hasRefused ? capacity.began(inFlight + 1, began) : undefined
    inFlight++
    isProbing ||= isProbe
    if (isAccepted) {
      agenda.add(began - 1_000 * Math.log(1 - random()), () => {
        inFlight--
        count("served", began)
        if (isProbe) isProbing = false
        if (began >= restsUntil) rest = 0
        if (hasRefused) capacity.answered(begun, defaults)
        turn()
      })
      return
    }
    agenda.add(began + refusalTime, () => {
      inFlight--
      count("refused", began)
      hasRefused = true
      if (isProbe) isProbing = false
      const refusal = { begun, others: inFlight, isThrottle: true }
      const isExplained = capacity.refused(refusal, agenda.now, defaults) && !isProbe
      if (!isExplained && agenda.now >= restsUntil) {
        rest = Math.min(5 * minute, rest === 0 ? 5_000 : rest * 2)
        restsUntil = agenda.now + rest
      }
      line.push(request)
      turn()
    })
  }

  const opensAt = () => {
    if (isProbing) return Number.POSITIVE_INFINITY
    return Math.max(restsUntil, hasRefused ? capacity.opensAt(inFlight, agenda.now, defaults) : 0)
  }

  const turn = () => {
    for (let first = line[0]; first !== undefined; first = line[0]) {
      if (first.until <= agenda.now) {
        line.shift()
        continue
      }
      const at = isKnown ? agenda.now : opensAt()
      const isAccepted = at <= agenda.now && accepts(agenda.now)
      if (at > agenda.now || (isKnown && !isAccepted)) {
        const next = Math.max(agenda.now + 0.01, Math.min(first.until, isKnown ? agenda.now + 20 : at))
        if (next >= alarm && alarm > agenda.now) return
        alarm = next
        agenda.add(next, () => {
          if (alarm <= agenda.now) alarm = Number.POSITIVE_INFINITY
          turn()
        })
        return
      }
      line.shift()
      begin(first, rest > 0, isAccepted)
    }
  }

  const arrive = () => {
    line.push({ until: agenda.now + maxWait })
    agenda.add(agenda.now - (minute * Math.log(1 - random())) / perMinute, arrive)
    turn()
  }
  agenda.add(0, arrive)
  agenda.play(60 * minute)
  return { perMinute: seen.served / 40, refused: seen.refused / Math.max(1, seen.served + seen.refused) }
}

const percent = (share: number) => `${(100 * share).toFixed(1)} %`

/** Prints a table with a row for each kind of cap. */
export const print = (): void => {
  const kinds = { "a bucket": bucket, "in any minute": inAnyMinute, "in each minute": inEachMinute }
  const demands = [0.5, 1, 1.5, 3]
  console.log(
    "\nA cap that the provider does not name: served, as a share of the best (refused; best, as a share of the cap)"
  )
  console.log(`| the cap | ${demands.map((demand) => `demand of ${demand} times the cap`).join(" | ")} |`)
  console.log(`| --- |${" --- |".repeat(demands.length)}`)
  for (const [name, kind] of Object.entries(kinds)) {
    for (const most of [10, 30, 60, 300, 1_200, 3_000]) {
      const cells = demands.map((demand) => {
        const learnt = play(kind(most), demand * most, false)
        const best = play(kind(most), demand * most, true).perMinute
        return `${percent(learnt.perMinute / best)} (${percent(learnt.refused)}; ${percent(best / most)})`
      })
      console.log(`| ${most} ${name} | ${cells.join(" | ")} |`)
    }
  }
}
