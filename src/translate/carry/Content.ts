/** What a token carries. */
import { isObject, type JsonObject, objects, string } from "../common/Json.ts"

/** A thought, as text or as members of its message. */
export interface CarriedThought {
  /** The member of a message in which its server had it. */
  readonly field?: string | undefined
  /** Its text, where the client is not shown it. */
  readonly text?: string | undefined
  /** Other members of the message. */
  readonly members?: JsonObject | undefined
  /** The signature of a server of Anthropic's protocol that is not Anthropic's. */
  readonly signature?: string | undefined
  /** The same for thoughts that only their server can read. */
  readonly redacted?: string | undefined
}

/** What belongs to a call. */
export interface CarriedCall {
  /** Its id, where the client could not be given it. */
  readonly id?: string | undefined
  readonly members?: JsonObject | undefined
  /** What was thought before it, where there was no other place for it. */
  readonly thought?: CarriedThought | undefined
  /** Signed thoughts before it, for clients that may give back nothing else of them. */
  readonly before?: ReadonlyArray<CarriedThought> | undefined
}

/** Names are short, as there are many of them. */
export const writeThought = ({ field, members, redacted, signature, text }: CarriedThought): JsonObject => ({
  f: field,
  t: text,
  m: members,
  s: signature,
  r: redacted
})

/** Reads a thought. */
export const readThought = ({ f, m, r, s, t }: JsonObject): CarriedThought => ({
  field: string(f),
  text: string(t),
  members: isObject(m) ? m : undefined,
  signature: string(s),
  redacted: string(r)
})

/** Writes what belongs to a call. */
export const writeCall = ({ before, id, members, thought }: CarriedCall): JsonObject => ({
  i: id,
  x: members,
  b: before?.map(writeThought),
  h: thought === undefined ? undefined : writeThought(thought)
})

/** Reads what belongs to a call. */
export const readCall = ({ b, h, i, x }: JsonObject): CarriedCall => ({
  id: string(i),
  before: objects(b).map(readThought),
  members: isObject(x) ? x : undefined,
  thought: isObject(h) ? readThought(h) : undefined
})
