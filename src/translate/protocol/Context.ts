/** The facts about a request that the translation of its answer needs. */
import type { Dialect } from "../../dialect/index.ts"
import type { Carry } from "../carry/Carry.ts"
import { isObject, type JsonObject, object, string, text } from "../common/Json.ts"
import * as ToolNames from "../common/ToolNames.ts"
import type { Restore } from "../fit/Restore.ts"
import { type ClientTool, inRequest } from "./ClientTools.ts"
import * as CustomTools from "./CustomTools.ts"
import * as DefinedTools from "./DefinedTools.ts"

const noTools: ReadonlyMap<string, ClientTool> = new Map()

/** Made once for a request and used for its answer, whole or streamed. */
export interface Context {
  /** The answer's id, if the provider gives none. */
  readonly id: string
  /** When the answer was made, in seconds since 1970; Anthropic sends no time, OpenAI's clients expect one. */
  readonly created: number
  /** The model's name, if the provider gives none. */
  readonly model: string
  /** Whether the caller requested a last chunk with the usage. */
  readonly includeUsage: boolean
  /** Whether a caller of Anthropic's protocol expects reasoning before the text. */
  readonly thinking: boolean
  /** Whether such a caller gets the reasoning, only what must be sent back of it, or nothing of it. */
  readonly thoughts: "shown" | "omitted" | "none"
  /** The dialect of the target. */
  readonly dialect?: Dialect | undefined
  /** Carries the model's data through the conversation; without it that is lost. */
  readonly carry?: Carry | undefined
  /** The full names of tools that were shortened for the target. */
  readonly toolNames: ReadonlyMap<string, string>
  /** What was renamed or replaced in the request for its target; `undefined` if nothing was. */
  readonly restore?: Restore | undefined
  /** The tools of OpenAI's responses that the client runs itself, by the replacing functions. */
  readonly clientTools: ReadonlyMap<string, ClientTool>
  /** The chat tools that take one text, by name. */
  readonly customTools: ReadonlySet<string>
  /** True if a chat request uses the legacy `functions`. */
  readonly isLegacy: boolean
  /** The body of the request: a response repeats much of it. */
  readonly request: JsonObject
}

/** Facts that the request does not contain. */
export interface Options {
  /** An id for the answer, if its provider gives none; also the stem of the ids of tool calls without one. */
  readonly id: string
  /** The time, in seconds since 1970. */
  readonly created: number
  /** The dialect of the target. */
  readonly dialect?: Dialect | undefined
  /** Carries the model's data through the conversation. */
  readonly carry?: Carry | undefined
  /** What was renamed or replaced in the request for its target. */
  readonly restore?: Restore | undefined
}

/** Reads the context from the body of a request as the caller sent it. */
export const make = (body: JsonObject, options: Options): Context => {
  const thoughts = thoughtsOf(body.thinking)
  // Only OpenAI's responses define such tools.
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
      ...DefinedTools.inRequest(body).flatMap((tool) => text(tool.name) ?? []),
      ...clientTools.keys()
    ]),
    clientTools,
    customTools: CustomTools.namesIn(body.tools),
    isLegacy: Array.isArray(body.functions) && body.tools === undefined,
    request: body
  }
}

/** https://platform.claude.com/docs/en/build-with-claude/thinking#controlling-thinking-display */
const thoughtsOf = (thinking: unknown): Context["thoughts"] =>
  !isObject(thinking) || thinking.type === "disabled"
    ? "none"
    : thinking.display === "omitted"
      ? "omitted"
      : "shown"
