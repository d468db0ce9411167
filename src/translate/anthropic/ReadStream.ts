/**
 * Reads the events of a streamed message.
 *
 * https://platform.claude.com/docs/en/build-with-claude/streaming
 */
import type { Delta, Remark, Thinking } from "../common/Common.ts"
import { isObject, type JsonObject, list, object, objects, text, write } from "../common/Json.ts"
import * as Usage from "../common/Usage.ts"
import type { SseEvent, StreamReader } from "../protocol/Protocol.ts"
import { cited, hasCitations, readBlock } from "./Blocks.ts"
import { readError } from "./Errors.ts"
import * as Words from "./Words.ts"

/** The call of the open block. */
interface Open {
  readonly call: number
  /** The arguments at the start of the block, which some servers send complete. */
  readonly input: unknown
  hasArguments: boolean
}

type Said = ReadonlyArray<Delta | Remark>

/**
 * A reader for one stream. Blocks are identified by their index; a piece of arguments with an index that is not that of a
 * call belongs to the only open call. The finish reason is returned at the very end, because some servers continue
 * with blocks after it.
 */
export class AnthropicStreamReader implements StreamReader {
  #calls = 0
  #isEnded = false
  #counts: Usage.TokenCounts | undefined
  /** The delta with the stop reason. */
  #stop: JsonObject | undefined
  readonly #open = new Map<unknown, Open>()
  /** Blocks that were left out and named, such as the searches of the server; so are their pieces. */
  readonly #leftOut = new Set<unknown>()
  /** The characters of all text so far, and what an open block of text cites. */
  #length = 0
  /** Where the open block begins in that text. */
  #from = 0
  readonly #cited = new Map<unknown, { readonly from: number; readonly citations: Array<unknown> }>()

  get isComplete(): boolean {
    return this.#isEnded
  }

  read(event: SseEvent, json: unknown): Said {
    if (this.#isEnded || !isObject(json)) return []
    switch (event.event === "error" ? "error" : (json.type ?? event.event)) {
      case "message_start":
        return this.#start(json)
      case "content_block_start":
        return this.#blockStart(json.index, object(json.content_block))
      case "content_block_delta":
        return this.#blockDelta(json.index, object(json.delta))
      case "content_block_stop":
        return this.#blockStop(json.index)
      case "message_delta":
        return this.#messageDelta(json)
      case "message_stop":
        return this.#end()
      case "error":
        this.#isEnded = true
        return [{ type: "error", error: readError(json, undefined) }]
      default:
        return [] // pings, and future events
    }
  }

  /** Without `message_stop` the answer is not complete, and nothing can be added to it. */
  end(): Said {
    return []
  }

  #end(): Said {
    this.#isEnded = true
    const unfinished = [...this.#open.keys(), ...this.#cited.keys()].flatMap((index) =>
      this.#blockStop(index)
    )
    // Some relays leave out the delta with the reason.
    const stop = this.#stop ?? {}
    return [...unfinished, { type: "stop", ...Words.readEnding(stop, this.#calls > 0) }, { type: "end" }]
  }

  /** The content is empty here, except at some servers. */
  #start(json: JsonObject): Said {
    const message = object(json.message)
    this.#counts = Usage.read(json, this.#counts)
    const blocks = objects(message.content).flatMap((block, at) => [
      ...this.#blockStart(`start ${at}`, block),
      ...this.#blockStop(`start ${at}`)
    ])
    return [{ type: "start", id: text(message.id), model: text(message.model) }, ...blocks]
  }

  #blockStart(index: unknown, block: JsonObject): Said {
    this.#from = this.#length
    const said = this.#blockBegun(index, block)
    if (hasCitations(block)) {
      this.#cited.set(index, { from: this.#from, citations: [...list(block.citations)] })
    }
    return said
  }

  #blockBegun(index: unknown, block: JsonObject): Said {
    const said = readBlock(block)
    this.#leftOut.delete(index)
    switch (said.type) {
      case "text":
      case "refusal":
        return said.text === "" ? [] : [this.#text(said.type, said.text)]
      case "thinking":
        return thought(said)
      case "call": {
        const call = this.#calls++
        const before = this.#blockStop(index)
        this.#open.set(index, { call, input: block.input, hasArguments: false })
        const { id, members, name } = said
        return [...before, { type: "call", call, id, name, ...(members !== undefined && { members }) }]
      }
      case "dropped":
        this.#leftOut.add(index)
        return [said]
      default:
        return [said]
    }
  }

  #blockDelta(index: unknown, delta: JsonObject): Said {
    if (this.#leftOut.has(index)) return []
    const { partial_json: piece } = delta
    if (piece !== undefined && piece !== null)
      return this.#argue(index, typeof piece === "string" ? piece : write(piece))
    if (delta.type === "citations_delta") return this.#cite(index, delta.citation)
    const isThought = delta.type === "thinking_delta"
    const said: Array<Delta> = []
    const thinking = text(delta.thinking) ?? (isThought ? text(delta.text) : undefined)
    if (thinking !== undefined) said.push({ type: "thinking", text: thinking })
    const words = isThought ? undefined : text(delta.text)
    if (words !== undefined) said.push(this.#text("text", words))
    const signature = text(delta.signature)
    if (signature !== undefined) said.push({ type: "signature", signature })
    return said
  }

  #argue(index: unknown, json: string): Said {
    if (json === "") return []
    const open = this.#open.get(index) ?? (this.#open.size === 1 ? [...this.#open.values()][0] : undefined)
    if (open === undefined) {
      return [{ type: "malformed", message: "a piece of a tool call's arguments belongs to no call" }]
    }
    open.hasArguments = true
    return [{ type: "arguments", call: open.call, json }]
  }

  #text(type: "text" | "refusal", words: string): Delta {
    if (type === "text") this.#length += words.length
    return { type, text: words }
  }

  /** A citation is for the whole block, and may come before its text or after it. */
  #cite(index: unknown, citation: unknown): Said {
    const known = this.#cited.get(index)
    if (known === undefined) this.#cited.set(index, { from: this.#from, citations: [citation] })
    else known.citations.push(citation)
    return []
  }

  #blockStop(index: unknown): Said {
    const known = this.#cited.get(index)
    this.#from = this.#length
    if (known === undefined) return this.#callStop(index)
    this.#cited.delete(index)
    return [...cited(known.citations, known.from, this.#length), ...this.#callStop(index)]
  }

  /** A call without arguments has the arguments `{}`. */
  #callStop(index: unknown): ReadonlyArray<Delta> {
    const open = this.#open.get(index)
    this.#open.delete(index)
    if (open === undefined || open.hasArguments) return []
    const { input } = open
    const json = typeof input === "string" ? input : write(object(input))
    return [{ type: "arguments", call: open.call, json }]
  }

  #messageDelta(json: JsonObject): Said {
    const delta = object(json.delta)
    if (text(delta.stop_reason) !== undefined) this.#stop = delta
    const counts = Usage.read(json, this.#counts)
    if (counts === undefined) return []
    this.#counts = counts
    return [{ type: "usage", usage: Usage.toUsage(counts) }]
  }
}

/** The reasoning at the start of a block. */
const thought = ({ signature, text: said }: Thinking): ReadonlyArray<Delta> => [
  ...(said === "" ? [] : [{ type: "thinking" as const, text: said }]),
  ...(signature === undefined ? [] : [{ type: "signature" as const, signature }])
]
