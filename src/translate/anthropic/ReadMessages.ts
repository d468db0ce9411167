/** Reads the messages of an Anthropic request. */
import type { Content, Media, Result, Spoken, Turn } from "../common/Common.ts"
import * as DataUrl from "../common/DataUrl.ts"
import type { Dropped } from "../common/Dropped.ts"
import {
  parts as contentParts,
  isObject,
  type JsonObject,
  object,
  objects,
  string,
  text,
  write
} from "../common/Json.ts"
import * as CallBlocks from "../protocol/CallBlocks.ts"

const messageKeys = new Set(["role", "content"])

/** The turns; a system prompt between them stays where it is. */
export const readMessages = (messages: unknown, dropped: Dropped): ReadonlyArray<Turn> => {
  const turns: Array<Turn> = []
  for (const message of objects(messages)) {
    dropped.rest(message, "messages", messageKeys)
    const blocks = readBlocks(message.content, message.role === "user", dropped)
    switch (message.role) {
      case "user":
        turns.push({ role: "user", parts: only(blocks, isShown, dropped) })
        break
      case "assistant":
        for (const turn of withResultsApart(blocks, dropped)) turns.push(turn)
        break
      case "system":
        turns.push({ role: "system", texts: readTexts(message.content, "messages.content", dropped) })
        break
      default:
        dropped.content(`messages.${string(message.role) ?? "role"}`)
    }
  }
  return turns
}

type Block = Content | Result | Spoken

/** The blocks that a message of that role may contain. */
const only = <A extends Block>(
  blocks: ReadonlyArray<Block>,
  is: (block: Block) => block is A,
  dropped: Dropped
): ReadonlyArray<A> => {
  for (const block of blocks) {
    if (is(block)) continue
    if (isContent(block)) dropped.content(`messages.content.${block.type}`)
    else dropped.field(`messages.content.${block.type}`)
  }
  return blocks.filter(is)
}

/** The results of tools that the provider ran are among the model's own blocks; here they are turns of their own. */
const withResultsApart = (blocks: ReadonlyArray<Block>, dropped: Dropped): ReadonlyArray<Turn> => {
  const turns: Array<Turn> = []
  let said: Array<Block> = []
  for (const block of blocks) {
    if (block.type !== "result") {
      said.push(block)
      continue
    }
    if (said.length > 0) turns.push({ role: "assistant", parts: only(said, isSpoken, dropped) })
    said = []
    turns.push({ role: "user", parts: [block] })
  }
  if (said.length > 0 || turns.length === 0) {
    turns.push({ role: "assistant", parts: only(said, isSpoken, dropped) })
  }
  return turns
}

const isShown = (block: Block): block is Content | Result =>
  block.type === "text" || block.type === "image" || block.type === "document" || block.type === "result"

const isSpoken = (block: Block): block is Spoken =>
  block.type !== "image" && block.type !== "document" && block.type !== "result"

/** Text, or a list of text blocks. */
export const readTexts = (content: unknown, path: string, dropped: Dropped): ReadonlyArray<string> => {
  if (typeof content === "string") return [content]
  return contentParts(content).flatMap((block) => {
    const said = string(block.text)
    if (said !== undefined) dropped.rest(block, path, textKeys)
    return said ?? []
  })
}

/** Cache control by the index of the text. */
export const cachesIn = (content: unknown): ReadonlyMap<number, JsonObject> | undefined => {
  if (typeof content === "string") return undefined
  const caches = new Map<number, JsonObject>()
  const texts = objects(content).filter((block) => string(block.text) !== undefined)
  for (const [at, { cache_control: cache }] of texts.entries()) if (isObject(cache)) caches.set(at, cache)
  return caches.size === 0 ? undefined : caches
}

const readBlocks = (content: unknown, isUsers: boolean, dropped: Dropped): ReadonlyArray<Block> => {
  if (typeof content === "string") return [{ type: "text", text: content }]
  return CallBlocks.joined(contentParts(content)).flatMap((block) =>
    readBlock(block, "messages.content", dropped, isUsers)
  )
}

/**
 * One row for each type of block: the fields that are read, and the result. `index` is the place of a block of the model in the stream that
 * it came from, which some clients keep.
 */
interface Row {
  readonly keys: ReadonlySet<string>
  readonly read: (block: JsonObject, dropped: Dropped) => ReadonlyArray<Block>
}

const textKeys = new Set(["type", "text", "index"])

const callKeys = ["type", "id", "name", "input", "index", "partial_json"]

const readCall = (block: JsonObject): ReadonlyArray<Block> => [
  {
    type: "call",
    id: string(block.id) ?? "",
    name: string(block.name) ?? "",
    arguments: CallBlocks.argumentsOf(block)
  }
]

/** The result of a tool that the provider ran. Only the provider can read what is encrypted in it. */
const readHostedResult = (block: JsonObject, dropped: Dropped): ReadonlyArray<Block> => {
  const { content, is_error, tool_use_id } = block
  const inner = objects(content)
  const isBlocks = inner.length > 0 && inner.every(({ type }) => rows.has(String(type)))
  const parts = isBlocks
    ? inner
        .flatMap((each) => readBlock(each, `messages.content.${String(block.type)}`, dropped))
        .filter(isContent)
    : [{ type: "text" as const, text: typeof content === "string" ? content : write(legible(content)) }]
  return [{ type: "result", id: string(tool_use_id) ?? "", parts, isError: is_error === true }]
}

const legible = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(legible)
    : isObject(value)
      ? Object.fromEntries(
          Object.entries(value).flatMap(([name, inner]) =>
            name.startsWith("encrypted_") ? [] : [[name, legible(inner)]]
          )
        )
      : value

const rows: ReadonlyMap<string, Row> = new Map<string, Row>([
  [
    "text",
    {
      keys: textKeys,
      read: ({ text: said }) => (typeof said === "string" ? [{ type: "text", text: said }] : [])
    }
  ],
  ["image", { keys: new Set(["type", "source"]), read: ({ source }) => readImage(object(source)) }],
  [
    "document",
    {
      keys: new Set(["type", "source", "title", "context"]),
      read: (block, dropped) => readDocument(block, dropped)
    }
  ],
  [
    "search_result",
    {
      keys: new Set(["type", "source", "title", "content"]),
      read: ({ title, source, content }) => {
        const texts = objects(content).map((block) => string(block.text) ?? "")
        const lines = [text(title), text(source), ...texts].filter((line) => line !== undefined)
        return [{ type: "text", text: lines.join("\n") }]
      }
    }
  ],
  [
    "thinking",
    {
      keys: new Set(["type", "thinking", "signature", "index"]),
      read: ({ thinking, signature }) => [
        { type: "thinking", text: string(thinking) ?? "", signature: text(signature) }
      ]
    }
  ],
  [
    "redacted_thinking",
    {
      keys: new Set(["type", "data", "index"]),
      read: ({ data }) => [{ type: "redacted", data: string(data) ?? "" }]
    }
  ],
  ["tool_use", { keys: new Set([...callKeys, "caller"]), read: readCall }],
  ["server_tool_use", { keys: new Set([...callKeys, "caller"]), read: readCall }],
  ["mcp_tool_use", { keys: new Set([...callKeys, "server_name"]), read: readCall }],
  // https://platform.claude.com/docs/en/build-with-claude/compaction
  [
    "compaction",
    {
      keys: new Set(["type", "content", "encrypted_content", "signature", "tool_changes"]),
      read: ({ content }) => (text(content) === undefined ? [] : [{ type: "text", text: String(content) }])
    }
  ],
  // https://platform.claude.com/docs/en/agents-and-tools/tool-use/tool-search-tool
  [
    "tool_reference",
    {
      keys: new Set(["type", "tool_name"]),
      read: ({ tool_name }) => [{ type: "text", text: `The tool ${string(tool_name) ?? ""} is available.` }]
    }
  ],
  [
    "tool_result",
    {
      keys: new Set(["type", "tool_use_id", "content", "is_error"]),
      read: ({ tool_use_id, content, is_error }, dropped) => {
        const path = "messages.content.tool_result"
        const parts =
          typeof content === "string"
            ? [{ type: "text" as const, text: content }]
            : contentParts(content).flatMap((block) => readBlock(block, path, dropped, true))
        return [
          {
            type: "result",
            id: string(tool_use_id) ?? "",
            parts: parts.filter(isContent),
            isError: is_error === true
          }
        ]
      }
    }
  ]
])

const hostedResult: Row = {
  keys: new Set(["type", "tool_use_id", "content", "is_error", "caller", "index"]),
  read: readHostedResult
}

const isContent = (block: Block): block is Content =>
  block.type === "text" || block.type === "image" || block.type === "document"

/** Content from the user, a tool or the model. */
const shown: ReadonlySet<string> = new Set([
  "image",
  "document",
  "container_upload",
  "audio",
  "video",
  "file"
])

/** Blocks of the user that may be empty and then have no content. */
const quiet: ReadonlySet<string> = new Set(["text", "thinking", "redacted_thinking"])

/**
 * Whether a block that is not read has content. From the user or a tool, an unknown block has; among the model's own, it is
 * about what the provider ran by itself. A compaction that only the provider can read stands for all turns before it.
 */
const hasContent = (block: JsonObject, type: string, isUsers: boolean): boolean =>
  shown.has(type) ||
  (type === "compaction"
    ? text(block.encrypted_content) !== undefined || text(block.signature) !== undefined
    : isUsers && !quiet.has(type))

/** Reads one block; untranslatable fields and blocks are recorded. */
const readBlock = (
  block: JsonObject,
  path: string,
  dropped: Dropped,
  isUsers = false
): ReadonlyArray<Block> => {
  const type = string(block.type) ?? "type"
  const row = rows.get(type) ?? (type.endsWith("_tool_result") ? hostedResult : undefined)
  const read = cached(row?.read(block, dropped) ?? [], block.cache_control)
  if (row === undefined || read.length === 0) {
    if (hasContent(block, type, isUsers)) dropped.content(`${path}.${type}`)
    else dropped.field(`${path}.${type}`)
  } else dropped.rest(block, `${path}.${type}`, row.keys)
  return read
}

/** Cache control of a block applies to the last of its parts; of a result, to the last part of its content. */
const cached = (blocks: ReadonlyArray<Block>, cache: unknown): ReadonlyArray<Block> => {
  const last = blocks.at(-1)
  if (!isObject(cache) || last === undefined) return blocks
  if (isContent(last)) return [...blocks.slice(0, -1), { ...last, cache }]
  const shown = last.type === "result" ? last.parts.at(-1) : undefined
  return last.type !== "result" || shown === undefined
    ? blocks
    : [...blocks.slice(0, -1), { ...last, parts: [...last.parts.slice(0, -1), { ...shown, cache }] }]
}

const readMedia = (source: JsonObject, mediaType: string): Media | undefined => {
  const url = text(source.url)
  const data = text(source.data)
  if (source.type === "url" && url !== undefined) return DataUrl.read(url)
  // https://github.com/livekit/agents/issues/3867
  if (source.type === "base64" && data?.startsWith("data:") === true) return DataUrl.read(data)
  return source.type === "base64" && data !== undefined
    ? { type: "base64", mediaType: text(source.media_type) ?? mediaType, data }
    : undefined
}

const readImage = (source: JsonObject): ReadonlyArray<Block> => {
  const media = readMedia(source, "image/png")
  return media === undefined ? [] : [{ type: "image", media }]
}

/** A document: what the user says about it, and its content. */
const readDocument = (block: JsonObject, dropped: Dropped): ReadonlyArray<Block> => {
  const content = readSource(block, dropped)
  const context = text(block.context)
  return context === undefined || content.length === 0
    ? content
    : [{ type: "text", text: context }, ...content]
}

/** A document may contain blocks of its own, which replace it. */
const readSource = (block: JsonObject, dropped: Dropped): ReadonlyArray<Block> => {
  const source = object(block.source)
  const name = text(block.title)
  const said = text(source.data)
  if (source.type === "text" && said !== undefined) {
    return [{ type: "document", media: { type: "text", text: said }, name }]
  }
  if (source.type === "content") {
    const parts =
      typeof source.content === "string"
        ? [{ type: "text" as const, text: source.content }]
        : objects(source.content).flatMap((inner) =>
            inner.type === "document" ? [] : readBlock(inner, "messages.content.document", dropped, true)
          )
    return name === undefined || parts.length === 0 ? parts : [{ type: "text", text: name }, ...parts]
  }
  const media = readMedia(source, "application/pdf")
  return media === undefined ? [] : [{ type: "document", media, name }]
}
