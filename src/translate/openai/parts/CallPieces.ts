/**
 * Assembles the pieces of streamed tool calls.
 *
 * OpenAI sends an id and a name with the first piece of a call and its index with every piece. Other servers omit the
 * index, give every call the same one, increase it with every piece, change the id between pieces, repeat the name, or
 * send the name in pieces or last. So:
 *
 * - A piece belongs to the call with its index; without one to the call with its id; otherwise to the last call.
 * - A piece without a name begins no new call while the last one is incomplete, or if it is empty.
 * - A call is passed on once its name is known and something else follows: its arguments, another call, or the end.
 *
 * https://developers.openai.com/api/reference/resources/chat/subresources/completions/streaming-events
 */
import type { Delta, Remark } from "../../common/Common.ts"
import { isObject, type JsonObject, numeric, object, text, write } from "../../common/Json.ts"
import { Arguments } from "./Arguments.ts"
import * as ReturnedFields from "./ReturnedFields.ts"

/** A call under construction. */
interface Incoming {
  id: string
  name: string
  /** Its number for the caller, once it has been passed on. */
  call: number | undefined
  readonly args: Arguments
  /** Other fields that have not been passed on yet. */
  members: JsonObject | undefined
}

/** The pieces of the calls of one answer. */
export class CallPieces {
  readonly #byIndex = new Map<number, Incoming>()
  readonly #byId = new Map<string, Incoming>()
  #latest: Incoming | undefined
  /** The one call with a name that has not been passed on completely: `{}`, or its start. */
  #pending: Incoming | undefined
  /** Calls without a name, and the named call before each of them. */
  readonly #nameless = new Map<Incoming, Incoming | undefined>()
  /** The calls that have been passed on, in order. */
  readonly #passed: Array<Incoming> = []
  readonly #own: ReturnedFields.Own | undefined

  constructor(own?: ReturnedFields.Own) {
    this.#own = own
  }

  /** The number of calls that have been passed on. */
  get count(): number {
    return this.#passed.length
  }

  /** Adds the next piece. */
  read(piece: JsonObject, out: Array<Delta | Remark>): void {
    const other = otherTool(piece)
    if (other !== undefined) {
      out.push({ type: "dropped", name: `message.tool_calls.${other}` })
      return
    }
    const called = object(piece.function ?? piece.custom)
    const name = text(called.name) ?? text(piece.name) ?? ""
    const json = argumentsOf(called.arguments ?? called.input)
    const id = text(piece.id) ?? ""
    const incoming = this.#find(numeric(piece.index), id, name, json)
    if (this.#pending !== incoming) this.begin(out)
    if (id !== "") {
      this.#byId.set(id, incoming)
      if (incoming.id === "") incoming.id = id
    }
    this.#hang(incoming, ReturnedFields.ofCall(piece, this.#own), out)
    this.#name(incoming, name)
    this.#argue(incoming, json, out)
  }

  /** Something else follows: passes on what was waiting. */
  begin(out: Array<Delta | Remark>): void {
    const pending = this.#pending
    if (pending === undefined) return
    this.#pending = undefined
    this.#pass(pending, out)
  }

  /**
   * The end of the answer: a call that never got a name is merged into the call before it, if that is incomplete. Unless the
   * answer was cut off, a call without arguments has the arguments `{}`.
   */
  end(out: Array<Delta | Remark>, isCut = false): void {
    this.begin(out)
    for (const [{ args }, before] of this.#nameless) {
      if (args.isBlank) continue
      if (before === undefined || before.args.isComplete) {
        out.push({ type: "malformed", message: "a piece of a tool call belongs to no call" })
        return
      }
      this.#argue(before, args.all, out)
    }
    for (const { args, call } of this.#passed) {
      const json = args.isBlank && !isCut ? "{}" : args.take(true)
      if (call !== undefined && json !== "") out.push({ type: "arguments", call, json })
    }
  }

  #find(index: number | undefined, id: string, name: string, json: string): Incoming {
    const latest = this.#latest
    const same = id === "" ? undefined : this.#byId.get(id)
    const known = index === undefined ? (same ?? latest) : this.#byIndex.get(index)
    if (known !== undefined) return isNext(known, id, name, json) ? this.#add(index, id) : known
    if (latest !== undefined && name === "") {
      if (same !== undefined) return same
      if (id === "" && (json === "" || !latest.args.isComplete)) return latest
    }
    return this.#add(index, id)
  }

  #add(index: number | undefined, id: string): Incoming {
    const incoming: Incoming = {
      id,
      name: "",
      call: undefined,
      args: new Arguments(),
      members: undefined
    }
    if (index !== undefined) this.#byIndex.set(index, incoming)
    const before = this.#latest
    this.#nameless.set(incoming, before?.name === "" ? this.#nameless.get(before) : before)
    this.#latest = incoming
    return incoming
  }

  #hang(incoming: Incoming, members: JsonObject | undefined, out: Array<Delta | Remark>): void {
    if (members === undefined) return
    if (incoming.call === undefined) incoming.members = { ...incoming.members, ...members }
    else out.push({ type: "hangs", call: incoming.call, members })
  }

  /** A name is repeated, continued, or sent again in full. */
  #name(incoming: Incoming, name: string): void {
    if (name === "" || name === incoming.name || incoming.call !== undefined) return
    incoming.name = name.startsWith(incoming.name) ? name : incoming.name + name
    this.#nameless.delete(incoming)
    this.#pending = incoming
  }

  #argue(incoming: Incoming, json: string, out: Array<Delta | Remark>): void {
    const { args, name } = incoming
    if (!args.add(json)) {
      out.push({ type: "malformed", message: "a piece of a tool call comes after the end of its arguments" })
      return
    }
    if (name === "" || args.isEmpty) return
    if (args.isPlaceholder) this.#pending = incoming
    else {
      if (this.#pending === incoming) this.#pending = undefined
      this.#pass(incoming, out)
    }
  }

  #pass(incoming: Incoming, out: Array<Delta | Remark>): void {
    if (incoming.call === undefined) {
      incoming.call = this.#passed.push(incoming) - 1
      const { call, id, members, name } = incoming
      out.push({ type: "call", call, id, name, ...(members !== undefined && { members }) })
    }
    const json = incoming.args.take()
    if (json !== "") out.push({ type: "arguments", call: incoming.call, json })
  }
}

/** The type of a call of a tool that the server runs itself, such as GLM's `web_search`: it has a member of that name. */
export const otherTool = (piece: JsonObject): string | undefined => {
  const type = text(piece.type)
  return type !== undefined &&
    piece.function === undefined &&
    piece.custom === undefined &&
    piece.name === undefined &&
    isObject(piece[type])
    ? type
    : undefined
}

/** Arguments are a JSON text; some servers send the object itself. */
const argumentsOf = (args: unknown): string =>
  typeof args === "string" ? args : isObject(args) || Array.isArray(args) ? write(args) : ""

/**
 * Whether a piece with the index of a known call begins the next call. Only one with a name does: after complete
 * arguments with another id, another name or its own arguments; before any arguments with another id and another
 * name.
 */
const isNext = (known: Incoming, id: string, name: string, json: string): boolean => {
  const { args } = known
  if (name === "" || known.name === "") return false
  const isOther = id !== "" && known.id !== "" && id !== known.id
  if (args.isEmpty) return isOther && name !== known.name
  if (!args.isComplete) return false
  if (isOther || name !== known.name) return true
  return json.trim() !== "" && !args.equals(json) && (id === "" || !args.isPlaceholder)
}
