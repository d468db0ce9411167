/**
 * Which call a piece of a streamed tool call belongs to. Servers give several calls the same index, or each piece an index of
 * its own; `translate/openai/parts/CallPieces` has the same rules for streams.
 */
import { isObject, type JsonObject } from "../wire/Wire.ts"

type Draft = Record<string, unknown>

/** The calls of one message. */
export class ChatCalls {
  readonly list: Array<Draft> = []
  /** A piece belongs to no call. */
  isMalformed = false
  readonly #byIndex = new Map<unknown, Draft>()
  readonly #byId = new Map<string, Draft>()

  /** The call of the next piece: a known one, or a new one. */
  of(piece: JsonObject): Draft {
    const id = textOf(piece.id)
    const call = this.#known(piece, id) ?? this.#add()
    if (piece.index !== undefined) this.#byIndex.set(piece.index, call)
    if (id !== "") this.#byId.set(id, call)
    return call
  }

  #add(): Draft {
    const call: Draft = {}
    this.list.push(call)
    return call
  }

  #known(piece: JsonObject, id: string): Draft | undefined {
    const name = nameOf(piece)
    const latest = this.list.at(-1)
    const same = id === "" ? undefined : this.#byId.get(id)
    const known = piece.index === undefined ? (same ?? latest) : this.#byIndex.get(piece.index)
    if (known !== undefined) return isNext(known, piece, id, name) ? undefined : known
    if (latest === undefined || name !== "") return undefined
    return (
      same ??
      (id === "" && (argumentsOf(piece) === "" || !isComplete(argumentsOf(latest))) ? latest : undefined)
    )
  }
}

/** Whether a piece with the index of a known call begins the next call. */
const isNext = (known: Draft, piece: JsonObject, id: string, name: string): boolean => {
  const earlier = nameOf(known)
  if (name === "" || earlier === "") return false
  const isOther = id !== "" && textOf(known.id) !== "" && id !== known.id
  const args = argumentsOf(known)
  if (args.trim() === "") return isOther && name !== earlier
  if (!isComplete(args)) return false
  if (isOther || name !== earlier) return true
  const own = argumentsOf(piece)
  return own.trim() !== "" && own !== args
}

/** The name of a call so far, with that of a piece: it is repeated, continued, or sent again in full. */
export const nameWith = (known: JsonObject, piece: JsonObject): string | undefined => {
  const [before, name] = [nameOf(known), nameOf(piece)]
  if (name === "" || name === before || argumentsOf(known).trim() !== "") return undefined
  return name.startsWith(before) ? name : before + name
}

/**
 * The arguments of a call so far, with those of a piece: they go on, are sent again, or each piece has all of them. An empty
 * object may be a placeholder. `undefined` if the piece comes behind their end. `translate/openai/parts/Arguments` has the same
 * rules for streams.
 */
export const argumentsWith = (before: string, piece: string): string | undefined => {
  if (before === "{}" && piece.trimStart().startsWith("{")) return piece
  if (piece === before && isComplete(before)) return before
  const isWhole =
    before.startsWith("{") &&
    piece.length > before.length &&
    piece.startsWith(before) &&
    !/[:[,]\s*$/.test(before)
  if (isWhole) return piece
  // Only these follow the end of an object inside of the arguments.
  const isBehind = before.endsWith("}") && !/^\s*(?:[,\]}]|$)/.test(piece) && isComplete(before)
  return isBehind ? undefined : before + piece
}

const functionOf = ({ function: called }: JsonObject): JsonObject => (isObject(called) ? called : {})

const nameOf = (call: JsonObject): string => textOf(functionOf(call).name)

const argumentsOf = (call: JsonObject): string => {
  const { arguments: args } = functionOf(call)
  return typeof args === "string" ? args : isObject(args) ? JSON.stringify(args) : ""
}

const isComplete = (args: string): boolean => {
  const text = args.trimEnd()
  if (!text.endsWith("}") && !text.endsWith('"')) return false
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : "")
