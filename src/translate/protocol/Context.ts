/** What the translation of an answer must know of the request it answers. */
import type { Dialect } from "../../dialect/index.ts"
import type { Carry } from "../carry/Carry.ts"
import { isObject, type JsonObject, object, objects, string, text } from "../common/Json.ts"
import * as ToolNames from "../common/ToolNames.ts"
import type { Restore } from "../fit/Restore.ts"
import { type ClientTool, inRequest } from "./ClientTools.ts"
import * as CustomTools from "./CustomTools.ts"

const noTools: ReadonlyMap<string, ClientTool> = new Map()

/** Made once for a request, used for its answer, whole or streamed. */
export interface Context {
  /** The answer's id, should the provider give it none. */
  readonly id: string
  /** When the answer was made, in seconds since 1970; Anthropic does not tell, OpenAI's clients expect it. */
  readonly created: number
  /** The model's name, should the provider give none. */
  readonly model: string
  /** Did the caller ask for a last chunk with the usage? */
  readonly includeUsage: boolean
  /** Does the caller of an Anthropic model expect thoughts before the text? */
  readonly thinking: boolean
  /** Whether such a caller is shown thoughts, only what has to be given back of them, or nothing of them. */
  readonly thoughts: "shown" | "omitted" | "none"
  /** What the target gives in its own way. */
  readonly dialect?: Dialect | undefined
  /** Carries what the model leaves in the conversation; without it that is lost. */
  readonly carry?: Carry | undefined
  /** From the names of tools that were cut for the target to their whole names. */
  readonly toolNames: ReadonlyMap<string, string>
  /** What of the request was renamed or replaced for its target; `undefined` where nothing was. */
  readonly restore?: Restore | undefined
  /** The tools of OpenAI's responses that the client runs itself, by the functions that stand for them. */
  readonly clientTools: ReadonlyMap<string, ClientTool>
  /** The tools of a chat that take one text, by their names. */
  readonly customTools: ReadonlySet<string>
  /** The request for a chat defines `functions`, as was done before there were tools. */
  readonly isLegacy: boolean
  /** The body of the request: a response repeats much of what was asked. */
  readonly request: JsonObject
}

/** What the caller of this module knows that the request does not say. */
export interface Options {
  /** An id for the answer, should its provider give it none; also the stem of ids of tool calls without one. */
  readonly id: string
  /** The time, in seconds since 1970. */
  readonly created: number
  /** What the target gives in its own way. */
  readonly dialect?: Dialect | undefined
  /** Carries what the model leaves in the conversation. */
  readonly carry?: Carry | undefined
  /** What of the request was renamed or replaced for its target. */
  readonly restore?: Restore | undefined
}

/** Reads the context from the body of a request as the caller sent it. */
export const make = (body: JsonObject, options: Options): Context => {
  const thoughts = thoughtsOf(body.thinking)
  // Definitions in the other protocols have none of these types.
  const clientTools = body.input === undefined ? noTools : inRequest(body)
  return {
    id: options.id,
    created: options.created,
    model: string(body.model) ?? "",
    includeUsage: object(body.stream_options).include_usage === true,
    thinking: thoughts === "shown" || (thoughts === "omitted" && options.carry !== undefined),
    thoughts,
    dialect: options.dialect,
    carry: options.carry,
    restore: options.restore,
    toolNames: ToolNames.shortened([
      ...objects(body.tools).flatMap((tool) => text(tool.name) ?? []),
      ...clientTools.keys()
    ]),
    clientTools,
    customTools: CustomTools.namesIn(body.tools),
    isLegacy: Array.isArray(body.functions) && body.tools === undefined,
    request: body
  }
}

/** https://platform.claude.com/docs/en/build-with-claude/extended-thinking#controlling-thinking-display */
const thoughtsOf = (thinking: unknown): Context["thoughts"] =>
  !isObject(thinking) || thinking.type === "disabled"
    ? "none"
    : thinking.display === "omitted"
      ? "omitted"
      : "shown"
