/**
 * Which call a piece of a streamed tool call belongs to. Servers give several calls the same index, or each piece an index of
 * its own; `translate/openai/parts/CallPieces` has the same rules for streams.
 */
import { JsonEnd } from "../../util/JsonEnd.ts"
import { isObject, type JsonObject } from "../wire/Wire.ts"

type Draft = Record<string, unknown>

/** The calls of one message. */
export class ChatCalls {
  readonly list: Array<Draft> = []
  /** Whether a piece belongs to no call. */
  isMalformed = false
  readonly #byIndex = new Map<unknown, Draft>()
  readonly #byId = new Map<string, Draft>()
  readonly #arguments = new Map<Draft, Arguments>()

  /** The call of the next piece: a known one, or a new one. */
  of(piece: JsonObject): Draft {
    const id = textOf(piece.id)
    const call = this.#known(piece, id) ?? this.#add()
    if (piece.index !== undefined) this.#byIndex.set(piece.index, call)
    if (id !== "") this.#byId.set(id, call)
    return call
  }

  /** The name of a call so far, with that of a piece: it is repeated, continued, or sent again in full. */
  nameWith(known: Draft, piece: JsonObject): string | undefined {
    const [before, name] = [nameOf(known), nameOf(piece)]
    if (name === "" || name === before || !this.#isBlank(known)) return undefined
    return name.startsWith(before) ? name : before + name
  }

  /** Adds a piece of a call's arguments, and returns all so far. */
  argue(call: Draft, piece: string): string | undefined {
    return this.#arguments.get(call)!.add(piece)
  }

  /** Forgets the arguments of a call: others replace them. */
  restart(call: Draft): void {
    this.#arguments.set(call, new Arguments())
  }

  #isBlank(call: Draft): boolean {
    return !isObject(functionOf(call).arguments) && this.#arguments.get(call)!.isBlank
  }

  #isComplete(call: Draft): boolean {
    return isObject(functionOf(call).arguments) || this.#arguments.get(call)!.isComplete
  }

  #add(): Draft {
    const call: Draft = {}
    this.list.push(call)
    this.restart(call)
    return call
  }

  #known(piece: JsonObject, id: string): Draft | undefined {
    const name = nameOf(piece)
    const latest = this.list.at(-1)
    const same = id === "" ? undefined : this.#byId.get(id)
    const known = piece.index === undefined ? (same ?? latest) : this.#byIndex.get(piece.index)
    if (known !== undefined) return this.#isNext(known, piece, id, name) ? undefined : known
    if (latest === undefined || name !== "") return undefined
    return (
      same ?? (id === "" && (argumentsOf(piece) === "" || !this.#isComplete(latest)) ? latest : undefined)
    )
  }

  /** Whether a piece with the index of a known call begins the next call. */
  #isNext(known: Draft, piece: JsonObject, id: string, name: string): boolean {
    const earlier = nameOf(known)
    if (name === "" || earlier === "") return false
    const isOther = id !== "" && textOf(known.id) !== "" && id !== known.id
    if (this.#isBlank(known)) return isOther && name !== earlier
    if (!this.#isComplete(known)) return false
    if (isOther || name !== earlier) return true
    const own = argumentsOf(piece)
    return own.trim() !== "" && own !== argumentsOf(known)
  }
}

/**
 * The arguments of a call so far. The next piece goes on, sends them again, or has all of them; an empty object may be a
 * placeholder. A piece costs no more than its own length: arguments may be a whole file. `translate/openai/parts/Arguments` has the
 * same rules for streams.
 */
class Arguments {
  #all = ""
  /** The first character that is not blank. */
  #first = ""
  /** The last character. A look at the end of all arguments would copy them: each time, for their pieces are only linked. */
  #last = ""
  readonly #end = new JsonEnd()

  get isBlank(): boolean {
    return this.#first === ""
  }

  get isComplete(): boolean {
    return this.#first === '"' ? !this.#end.isInString : this.#end.isComplete
  }

  /** All arguments so far; `undefined` if they were complete before this piece. */
  add(piece: string): string | undefined {
    const before = this.#all
    if (before === "{}" && piece.trimStart().startsWith("{")) {
      this.#all = this.#first = this.#last = ""
      this.#end.reset()
    } else if (piece === before && this.isComplete) return before
    const isRepeated = this.#all !== "" && this.#isRepeatedIn(piece)
    // Only these follow the end of an object inside the arguments.
    if (!isRepeated && this.#last === "}" && !/^\s*(?:[,\]}]|$)/.test(piece) && this.isComplete)
      return undefined
    const rest = isRepeated ? piece.slice(before.length) : piece
    this.#all += rest
    if (rest !== "") this.#last = rest.charAt(rest.length - 1)
    if (this.#first === "") this.#first = rest.trimStart().charAt(0)
    this.#end.push(rest)
    return this.#all
  }

  /** Whether the piece has all arguments so far and more. The lengths come first, since the others read all of them. */
  #isRepeatedIn(piece: string): boolean {
    const before = this.#all
    return (
      piece.length > before.length &&
      before.startsWith("{") &&
      piece.startsWith(before) &&
      !/[:[,]\s*$/.test(before)
    )
  }
}

const functionOf = ({ function: called }: JsonObject): JsonObject => (isObject(called) ? called : {})

const nameOf = (call: JsonObject): string => textOf(functionOf(call).name)

const argumentsOf = (call: JsonObject): string => {
  const { arguments: args } = functionOf(call)
  return typeof args === "string" ? args : isObject(args) ? JSON.stringify(args) : ""
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : "")
