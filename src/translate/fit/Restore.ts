/** Restores in the answer what was renamed or replaced in a request for its target. */
import type { Answer, Delta, Remark, Spoken, Stop } from "../common/Common.ts"
import * as Properties from "./Properties.ts"

/** What to restore. */
export interface Restore {
  /** The caller's tool names by the target's. */
  readonly tools: ReadonlyMap<string, string>
  /** By the target's tool name: the caller's property names by the target's. */
  readonly properties: ReadonlyMap<string, Properties.Renames>
  /** The tool that replaces a schema for the answer: its arguments are the answer. */
  readonly answer: string | undefined
}

const isOne = (name: string, restore: Restore): boolean => name === restore.answer

const stopOf = (stop: Stop, hasCalls: boolean): Stop => (stop === "calls" && !hasCalls ? "end" : stop)

/** A whole answer with the caller's names. */
export const answer = (given: Answer, restore: Restore): Answer => {
  const parts = given.parts.map((part): Spoken => {
    if (part.type !== "call") return part
    if (isOne(part.name, restore)) return { type: "text", text: part.arguments }
    return {
      ...part,
      name: restore.tools.get(part.name) ?? part.name,
      arguments: Properties.inArguments(part.arguments, restore.properties.get(part.name))
    }
  })
  const hasCalls = parts.some(({ type }) => type === "call")
  return { ...given, parts, stop: restore.answer === undefined ? given.stop : stopOf(given.stop, hasCalls) }
}

/** A call with arguments that are buffered because names in them must be restored. */
interface Gathered {
  readonly names: Properties.Renames
  json: string
}

/** The same for a stream, delta by delta. */
export const deltas = (restore: Restore): ((delta: Delta | Remark) => ReadonlyArray<Delta | Remark>) => {
  const gathered = new Map<number, Gathered>()
  const answers = new Set<number>()
  let hasCalls = false

  const finish = (): Array<Delta> => {
    const made = [...gathered].map(
      ([call, { json, names }]): Delta => ({
        type: "arguments",
        call,
        json: Properties.inArguments(json, names)
      })
    )
    gathered.clear()
    return made
  }

  return (delta) => {
    switch (delta.type) {
      case "call": {
        const before = finish()
        if (isOne(delta.name, restore)) {
          answers.add(delta.call)
          return before
        }
        hasCalls = true
        const names = restore.properties.get(delta.name)
        if (names !== undefined) gathered.set(delta.call, { names, json: "" })
        return [...before, { ...delta, name: restore.tools.get(delta.name) ?? delta.name }]
      }
      case "arguments": {
        if (answers.has(delta.call)) return [{ type: "text", text: delta.json }]
        const waiting = gathered.get(delta.call)
        if (waiting === undefined) return [delta]
        waiting.json += delta.json
        return []
      }
      case "stop": {
        const stop = restore.answer === undefined ? delta.stop : stopOf(delta.stop, hasCalls)
        return [...finish(), { ...delta, stop }]
      }
      case "end":
      case "error":
        return [...finish(), delta]
      default:
        return [delta]
    }
  }
}
