/** Makes a scenario of a log of decisions: the same requests at the same times, and targets with the recorded outcomes. */
import * as Result from "effect/Result"
import type { Misfit } from "../../config/file/Structure.ts"
import type { GatewayConfig } from "../../config/GatewayConfig.ts"
import type { Line } from "../replay/Log.ts"
import * as Recorded from "../replay/Recorded.ts"
import type { Replay, Request } from "../replay/Replay.ts"
import * as Places from "./Places.ts"
import type { Overrides, Scenario } from "./Scenario.ts"

/**
 * The scenario of a log. Requests for models that the config does not have are left out, and the report mentions them.
 * Targets that are not in the log answer with the median times of the others.
 */
export const make = (
  log: ReadonlyArray<Line>,
  config: GatewayConfig,
  overrides: Overrides = {}
): Result.Result<Scenario, ReadonlyArray<Misfit>> => {
  const asked = log.map((line) => ({ line, model: overrides.model ?? line.model }))
  const places = new Map(
    [...new Set(asked.flatMap(({ model }) => model ?? []))].map((model) => [model, Places.of(config, model)])
  )
  const known = asked.filter((each): each is { line: Line; model: string } => {
    const found = each.model === undefined ? undefined : places.get(each.model)
    return found !== undefined && Result.isSuccess(found)
  })
  const [first] = log
  if (first === undefined || known.length === 0) {
    const unknown = [...places.values()].find(Result.isFailure)
    const message =
      unknown === undefined
        ? "no request in it has a model"
        : `no request in it is for a model of the config: ${unknown.failure}`
    return Result.fail([{ path: [], message }])
  }
  // All of the log counts, so that reports on two configs have the same times even if one of them leaves requests out.
  const start = first.at
  const length = (log.at(-1) ?? first).at - start
  const requests = requestsOf(known, start)
  const models = [...new Set(known.map(({ model }) => model))]
  const all = models.flatMap((model) => Result.getOrElse(places.get(model)!, () => []))
  const duration = Math.max(1_000, Math.ceil((length + 1) / 1_000) * 1_000)
  const recorded = Recorded.of(log, start)
  const turns = requests.filter(({ isLast }) => !isLast).length
  return Result.succeed({
    title: `${requestsIn(known.length)} of a gateway, replayed from ${new Date(start).toISOString()} on`,
    about: aboutOf({ unknown: log.length - known.length, missing: missingOf(log) }, recorded, all),
    duration,
    seed: 1,
    model: models.join(", "),
    perSecond: Math.round((requests.length / duration) * 100_000) / 100,
    requests: requests.length,
    arrivals: "even",
    stream: requests.filter(({ stream }) => stream).length * 2 >= requests.length,
    conversations: turns === 0 ? undefined : { turns: 1, pause: 0, grows: 0 },
    tokens: { prompt: 2_000, answer: 300 },
    answers: { ...quickness(recorded), spread: "even", reading: 0, cacheLasts: 300_000 },
    prices: overrides.prices,
    targets: [...new Map(all.map((place) => [place.target, place])).values()],
    faults: [],
    replay: { startsAt: start, requests, recorded }
  })
}

const requestsOf = (
  known: ReadonlyArray<{ readonly line: Line; readonly model: string }>,
  start: number
): ReadonlyArray<Request> => {
  const numbers = new Map<string, number>()
  const conversations = known.map(({ line }, index) => {
    const name = line.conversation ?? `request ${index}`
    const number = numbers.get(name) ?? numbers.size
    numbers.set(name, number)
    return number
  })
  const last = new Map(conversations.map((conversation, index) => [conversation, index]))
  return known.map(({ line, model }, index) => ({
    at: line.at - start,
    model,
    stream: line.kind === "stream",
    conversation: conversations[index]!,
    isLast: last.get(conversations[index]!) === index,
    own: Recorded.own(line)
  }))
}

/**
 * The requests between the first and the last one that are not in the log. Ids count the requests of one process, so they
 * say nothing where they begin again.
 */
const missingOf = (log: ReadonlyArray<Line>): number => {
  const isOneProcess = log.every(({ id }, index) => index === 0 || id > log[index - 1]!.id)
  return isOneProcess ? log.at(-1)!.id - log[0]!.id + 1 - log.length : 0
}

const requestsIn = (count: number): string => (count === 1 ? "1 request" : `${count} requests`)

const aboutOf = (
  { missing, unknown }: { readonly unknown: number; readonly missing: number },
  recorded: Replay["recorded"],
  places: ReadonlyArray<Places.Place>
): string | undefined => {
  const targets = new Set(places.map(({ target }) => target))
  const others = [...recorded.keys()].filter((target) => !targets.has(target))
  const silent = [...targets].filter((target) => !recorded.has(target))
  const parts = [
    ...(missing > 0
      ? [
          `The log lacks ${requestsIn(missing)} between its first and its last one. A gateway remembers requests with failures longer, so a replay of an incomplete log has too many of them.`
        ]
      : []),
    ...(unknown > 0
      ? [
          `${requestsIn(unknown)} for models that the config does not have ${unknown === 1 ? "is" : "are"} left out.`
        ]
      : []),
    ...(others.length > 0 ? [`The config does not use ${others.join(", ")}.`] : []),
    ...(silent.length > 0 ? [`The log has no calls to ${silent.join(", ")}.`] : [])
  ]
  return parts.length === 0 ? undefined : parts.join(" ")
}

/** The median times of the targets. */
const quickness = (recorded: Replay["recorded"]): { readonly firstWord: number; readonly whole: number } => {
  const answers = [...recorded.values()].flat().filter(({ fault }) => fault === undefined)
  const middle = (of: (answer: Recorded.Recorded) => number) =>
    answers.map(of).sort((a, b) => a - b)[Math.floor(answers.length / 2)]
  return { firstWord: middle(({ took }) => took) ?? 600, whole: middle(({ whole }) => whole) ?? 3_000 }
}
