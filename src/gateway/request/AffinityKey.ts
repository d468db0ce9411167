/**
 * The key that keeps a conversation at one of several equal targets: the client's own key, or one computed from the start
 * of the conversation. Keys of different callers are distinct.
 */
import * as Hash from "../../choice/Hash.ts"
import type { ServerConfig } from "../../config/GatewayConfig.ts"
import { isObject, type JsonObject, type Request } from "../../providers/wire/Wire.ts"
import * as Tokens from "../server/Tokens.ts"

/** A key, or a function that computes it when it is needed. */
export type Key = string | (() => string | undefined)

/**
 * The headers in which clients name a conversation, by priority: the gateway's own, then those of Claude Code, Codex and
 * OpenCode.
 */
export const keyHeaders = [
  "x-failover-affinity",
  "x-claude-code-session-id",
  "session-id",
  "thread-id",
  "x-session-affinity",
  "x-session-id"
] as const

/**
 * The characters of a text that are hashed, at its beginning and at its end; its length is hashed too. The record of
 * decisions hashes them for every request: 1.8 µs for two long texts, and 6 with pieces of 512 characters (2026-11-30).
 */
const piece = 128

/** The key of a request; `undefined` if it has none. */
export const of = (
  { body, headers = {} }: Request,
  mode: NonNullable<ServerConfig["affinity"]> = "conversation"
): Key | undefined => {
  if (mode === "off") return undefined
  const named = namedKey(body, headers)
  if (named !== undefined) return `${Tokens.allOf(headers)}\n${named}`
  if (mode === "named") return undefined
  return () => beginningOf({ body, headers })?.join("")
}

/**
 * The name of a conversation in the record of decisions: 32 bits of a hash of its key, which distinguish conversations and
 * do not reveal the key; `undefined` without a key. The parts of a key are hashed
 * one by one: joining them takes longer than the hash (2026-11-30).
 */
export const label = (
  key: Key | undefined,
  request: Pick<Request, "body" | "headers">
): string | undefined => {
  const texts = typeof key === "string" ? [key] : key && beginningOf(request)
  return texts && Hash.ofTexts(texts).toString(16).padStart(8, "0")
}

type Headers = Readonly<Record<string, string>>

const namedKey = (body: JsonObject, headers: Headers): string | undefined => {
  for (const name of keyHeaders) {
    const value = headers[name]
    if (value !== undefined && value !== "") return value
  }
  const { prompt_cache_key: key } = body
  return typeof key === "string" && key !== "" ? key : undefined
}

/**
 * The key of a conversation without a name, in parts: the caller, the system prompt and the first message of the user;
 * `undefined` if it is not a conversation.
 */
const beginningOf = ({
  body,
  headers = {}
}: Pick<Request, "body" | "headers">): ReadonlyArray<string> | undefined => {
  const turns = Array.isArray(body.messages) ? body.messages : Array.isArray(body.input) ? body.input : []
  const first = turns.find(isAsked)
  const asked =
    first === undefined ? (typeof body.input === "string" ? body.input : undefined) : textOf(first)
  if (asked === undefined) return undefined
  const system = textOf(body.system) || textOf(body.instructions) || textOf(turns.find(isTold))
  return [Tokens.allOf(headers), "\n\n", shortened(system), "\n", shortened(asked)]
}

const isAsked = (turn: unknown): boolean => isObject(turn) && turn.role === "user"

const isTold = (turn: unknown): boolean =>
  isObject(turn) && (turn.role === "system" || turn.role === "developer")

/** The text of a message, a list of parts, or a part. */
const textOf = (value: unknown): string => {
  if (typeof value === "string") return value
  if (Array.isArray(value)) return value.map(textOf).join("")
  if (!isObject(value)) return ""
  return typeof value.text === "string" ? value.text : textOf(value.content)
}

const shortened = (text: string): string =>
  text.length <= 2 * piece ? text : `${text.length}\n${text.slice(0, piece)}${text.slice(-piece)}`
