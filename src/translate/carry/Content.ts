/** The content of a token. */
import { isObject, type JsonObject, objects, string } from "../common/Json.ts"

/** Reasoning, as text or as message fields. */
export interface CarriedThought {
  /** The message field in which its server sent it. */
  readonly field?: string | undefined
  /** Its text, if the client does not get it. */
  readonly text?: string | undefined
  /** Other fields of the message. */
  readonly members?: JsonObject | undefined
  /** The signature of a server with Anthropic's protocol other than Anthropic. */
  readonly signature?: string | undefined
  /** The same for reasoning that only its server can read. */
  readonly redacted?: string | undefined
}

/** The data of a call. */
export interface CarriedCall {
  /** Its id, if the client could not get it. */
  readonly id?: string | undefined
  readonly members?: JsonObject | undefined
  /** The reasoning before it, if there was no other place for it. */
  readonly thought?: CarriedThought | undefined
  /** Signed reasoning before it, for clients that may return nothing else of it. */
  readonly before?: ReadonlyArray<CarriedThought> | undefined
}

/** Field names are short to save space. */
export const writeThought = ({ field, members, redacted, signature, text }: CarriedThought): JsonObject => ({
  f: field,
  t: text,
  m: members,
  s: signature,
  r: redacted
})

/** Reads reasoning. */
export const readThought = ({ f, m, r, s, t }: JsonObject): CarriedThought => ({
  field: string(f),
  text: string(t),
  members: isObject(m) ? m : undefined,
  signature: string(s),
  redacted: string(r)
})

/** Writes the data of a call. */
export const writeCall = ({ before, id, members, thought }: CarriedCall): JsonObject => ({
  i: id,
  x: members,
  b: before?.map(writeThought),
  h: thought === undefined ? undefined : writeThought(thought)
})

/** Reads the data of a call. */
export const readCall = ({ b, h, i, x }: JsonObject): CarriedCall => ({
  id: string(i),
  before: objects(b).map(readThought),
  members: isObject(x) ? x : undefined,
  thought: isObject(h) ? readThought(h) : undefined
})
