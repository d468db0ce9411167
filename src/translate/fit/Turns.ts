/**
 * Orders a conversation as strict servers require it: results directly after their calls, everything else after them,
 * and no two consecutive turns of one role.
 */
import type { Dialect } from "../../dialect/index.ts"
import { isBilling, withoutLine } from "../common/Billing.ts"
import { type Content, join, type Request, type Result, type Spoken, type Turn } from "../common/Common.ts"
import type { Dropped } from "../common/Dropped.ts"
import { append, type JsonObject } from "../common/Json.ts"
import { reminder } from "./SystemTurns.ts"

/** Fits the order. `isAnthropic`: system prompts are a separate field of the request. */
export const fit = (request: Request, dialect: Dialect, dropped: Dropped, isAnthropic: boolean): Request => {
  const isOwn = isAnthropic && dialect.signatures === "own"
  const system = isOwn || !request.system.some(isBilling) ? request : unbilled(request)
  const ordered = paired(joined(request.turns))
  if (isAnthropic) return { ...system, turns: dialect.mergeTurns ? merged(ordered, !isAnthropic) : ordered }
  const placed = dialect.system === "anywhere" ? ordered : ordered.map(asUser)
  const begun = dialect.system === "none" ? withoutSystem({ ...system, turns: placed }) : system
  const turns = begun === system ? placed : begun.turns
  return { ...begun, turns: dialect.mergeTurns ? merged(spoken(turns, dropped), !isAnthropic) : turns }
}

/** The system prompts as the first text of the user, for chat templates without a place for them. */
const withoutSystem = (request: Request): Request =>
  request.system.length === 0
    ? request
    : {
        ...request,
        system: [],
        systemCache: undefined,
        developers: undefined,
        turns: [
          { role: "user", parts: [{ type: "text", text: request.system.join("\n\n") }] },
          ...request.turns
        ]
      }

/** The turns without those of the model that say nothing. They would be left out later, and leave two of the user's. */
const spoken = (turns: ReadonlyArray<Turn>, dropped: Dropped): ReadonlyArray<Turn> => {
  if (!turns.some(isSilent)) return turns
  if (turns.some((turn) => isSilent(turn) && turn.parts.some(isThought))) dropped.common("thinking")
  return turns.filter((turn) => !isSilent(turn))
}

const isSilent = (turn: Turn): turn is Turn & { readonly role: "assistant" } =>
  turn.role === "assistant" &&
  turn.parts.every((part) => isThought(part) || (part.type === "text" && part.text.trim() === ""))

const isThought = ({ type }: Spoken): boolean => type === "thinking" || type === "redacted" || type === "left"

/**
 * Removes billing headers, which would defeat the prompt caches of other providers; the indices of the other prompts
 * are adjusted.
 */
const unbilled = (request: Request): Request => {
  const system: Array<string> = []
  const systemCache = new Map<number, JsonObject>()
  for (const [at, prompt] of request.system.entries()) {
    const rest = withoutLine(prompt)
    if (rest === undefined) continue
    const cache = request.systemCache?.get(at)
    if (cache !== undefined) systemCache.set(system.length, cache)
    system.push(rest)
  }
  return { ...request, system, systemCache }
}

/** A system prompt in the middle of the conversation, as user text. */
const asUser = (turn: Turn): Turn =>
  turn.role === "system"
    ? {
        role: "user",
        parts: [{ type: "text", text: reminder(turn.texts) }]
      }
    : turn

/** Joins consecutive turns of the model. */
const joined = (turns: ReadonlyArray<Turn>): ReadonlyArray<Turn> => {
  const made = new Turns()
  for (const turn of turns) {
    if (turn.role === "assistant" && made.last?.role === "assistant") join(made.ownSpoken(), turn.parts)
    else made.push(turn)
  }
  return made.list
}

/**
 * Turns under construction. The parts of the last one are copied once and then grow, so that joining many turns takes linear time.
 */
class Turns {
  readonly list: Array<Turn> = []
  #shown: Array<Content | Result> | undefined
  #spoken: Array<Spoken> | undefined

  get last(): Turn | undefined {
    return this.list.at(-1)
  }

  push(turn: Turn): void {
    this.#shown = undefined
    this.#spoken = undefined
    this.list.push(turn)
  }

  /** The parts of the last turn, which is the user's. */
  ownShown(): Array<Content | Result> {
    const { last } = this
    if (this.#shown === undefined) {
      this.#shown = last?.role === "user" ? [...last.parts] : []
      this.list[this.list.length - 1] = { role: "user", parts: this.#shown }
    }
    return this.#shown
  }

  /** The parts of the last turn, which is the model's. */
  ownSpoken(): Array<Spoken> {
    const { last } = this
    if (this.#spoken === undefined) {
      this.#spoken = last?.role === "assistant" ? [...last.parts] : []
      this.list[this.list.length - 1] = { role: "assistant", parts: this.#spoken }
    }
    return this.#spoken
  }
}

/** A result and its position. */
interface Found {
  readonly at: number
  readonly result: Result
}

const paired = (turns: ReadonlyArray<Turn>): ReadonlyArray<Turn> => {
  const results = new Map<string, Array<Found>>()
  for (const [at, turn] of turns.entries()) {
    if (turn.role !== "user") continue
    for (const part of turn.parts) {
      if (part.type !== "result") continue
      const same = results.get(part.id)
      if (same === undefined) results.set(part.id, [{ at, result: part }])
      else same.push({ at, result: part })
    }
  }
  if (results.size === 0 && !turns.some(hasCalls)) return turns
  const next = new Map<string, number>()
  const placed = new Set<Result>()
  const made = new Turns()
  for (const [at, turn] of turns.entries()) {
    if (turn.role === "assistant") {
      made.push(turn)
      const own: Array<Result> = []
      for (const part of turn.parts) {
        if (part.type !== "call") continue
        const same = results.get(part.id) ?? []
        let index = next.get(part.id) ?? 0
        // A result before the call cannot belong to it.
        while (index < same.length && same[index]!.at < at) index++
        const found = same[index]
        next.set(part.id, found === undefined ? index : index + 1)
        if (found !== undefined) placed.add(found.result)
        // The conversation may end with calls, for targets that continue it.
        if (found !== undefined || at < turns.length - 1) own.push(found?.result ?? unavailable(part.id))
      }
      if (own.length > 0) made.push({ role: "user", parts: own })
    } else if (turn.role === "user") {
      const parts = turn.parts.flatMap((part): ReadonlyArray<Content | Result> => {
        if (part.type !== "result") return [part]
        return placed.has(part) ? [] : astray(part)
      })
      const { last } = made
      const isBehindResults = last?.role === "user" && last.parts.some(({ type }) => type === "result")
      if (parts.length === 0 && turn.parts.length > 0) continue
      if (isBehindResults) append(made.ownShown(), parts)
      else made.push({ role: "user", parts })
    } else made.push(turn)
  }
  return made.list
}

const hasCalls = (turn: Turn): boolean =>
  turn.role === "assistant" && turn.parts.some(({ type }) => type === "call")

/**
 * The result of a call without one: it was interrupted, or its result was removed from the conversation. Every
 * server refuses a call without a result: https://github.com/anomalyco/opencode/issues/10616,
 * https://github.com/openai/codex/issues/394
 */
const unavailable = (id: string): Result => ({
  type: "result",
  id,
  parts: [
    { type: "text", text: "The result of this tool call is not available. The tool may not have run." }
  ],
  isError: false
})

/** A result without its call. Every server refuses it, but the model may need its content. */
const astray = ({ id, isError, parts }: Result): ReadonlyArray<Content> => {
  const what = isError ? "An error" : "A result"
  return [{ type: "text", text: `${what} of the earlier tool call ${id}:` }, ...parts]
}

/** `asOneText`: turns of text only become one text, for servers that do not accept a list of texts. */
const merged = (turns: ReadonlyArray<Turn>, asOneText: boolean): ReadonlyArray<Turn> => {
  const made = new Turns()
  for (const turn of turns) {
    const role = made.last?.role
    if (turn.role === "user" && role === "user") addShown(made.ownShown(), turn.parts, asOneText)
    else if (turn.role === "assistant" && role === "assistant") join(made.ownSpoken(), turn.parts)
    else made.push(turn)
  }
  return made.list
}

/** The text of a turn that consists of one text. */
const textOf = (parts: ReadonlyArray<Content | Result>): string | undefined => {
  const [first] = parts
  return parts.length === 1 && first?.type === "text" && first.cache === undefined ? first.text : undefined
}

const addShown = (
  before: Array<Content | Result>,
  after: ReadonlyArray<Content | Result>,
  asOneText: boolean
): void => {
  const [one, two] = asOneText ? [textOf(before), textOf(after)] : []
  if (one !== undefined && two !== undefined)
    before[0] = { type: "text", text: one === "" || two === "" ? one + two : `${one}\n\n${two}` }
  else append(before, after)
}
