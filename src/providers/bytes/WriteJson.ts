/** Writes large JSON values in pieces, so that no step of the work takes long. */
import * as Turns from "../../util/Turns.ts"
import { ByteChunks } from "./ByteChunks.ts"
import { endOfPiece } from "./LargeText.ts"

/** Texts, lists and objects from this size, in characters, are written in pieces of this size. */
const large = 256 * 1024

/**
 * The bytes of what `JSON.stringify` would write, without one large text in between: a long string takes its size once
 * more instead of four times. `before` and `after` are written around it.
 */
export function* bytesOf(json: unknown, before = "", after = ""): Turns.Steps<Uint8Array> {
  const gathered = new ByteChunks()
  const add = (text: string) => gathered.pushOwn(Buffer.from(text))
  if (before !== "") add(before)
  yield* write(json, add)
  if (after !== "") add(after)
  return gathered.join()
}

/** What `JSON.stringify` would write. */
export function* textOf(json: unknown): Turns.Steps<string> {
  let whole = ""
  yield* write(json, (text) => {
    whole += text
  })
  return whole
}

/** Roughly how many characters a value takes. Adds the lists and objects that take many to `heavy`. */
export const sizeOf = (value: unknown, heavy?: Set<object>): number => {
  if (typeof value === "string") return value.length
  let size = 8
  if (typeof value !== "object" || value === null) return size
  if (Array.isArray(value)) for (const item of value) size += sizeOf(item, heavy)
  else for (const [key, member] of Object.entries(value)) size += key.length + sizeOf(member, heavy)
  if (size >= large) heavy?.add(value)
  return size
}

/** Passes the text to `add` in pieces, with a step after every `Turns.piece` characters. */
function* write(json: unknown, add: (text: string) => void): Turns.Steps<void> {
  const heavy = new Set<object>()
  if (sizeOf(json, heavy) < large) return add(JSON.stringify(json))
  yield
  let text = ""
  let since = 0
  for (const part of parts(json, heavy)) {
    text += part
    if (text.length < large) continue
    since += text.length
    add(text)
    text = ""
    if (since < Turns.piece) continue
    since = 0
    yield
  }
  add(text)
}

const isHeavy = (value: unknown, heavy: ReadonlySet<unknown>): boolean =>
  typeof value === "string" ? value.length >= large : heavy.has(value)

/** The text of a value in few parts, each of at most about `large` characters. */
function* parts(value: unknown, heavy: ReadonlySet<unknown>): Generator<string, void> {
  if (!isHeavy(value, heavy)) yield JSON.stringify(value) ?? "null"
  else if (typeof value === "string") yield* partsOfString(value)
  else if (Array.isArray(value)) yield* partsOfList(value, heavy)
  else if (typeof value === "object" && value !== null) yield* partsOfObject(value, heavy)
}

function* partsOfString(value: string): Generator<string, void> {
  yield '"'
  for (let at = 0; at < value.length; ) {
    const end = endOfPiece(value, at, large)
    yield JSON.stringify(value.slice(at, end)).slice(1, -1)
    at = end
  }
  yield '"'
}

/** Small items are written several at once. */
function* partsOfList(items: ReadonlyArray<unknown>, heavy: ReadonlySet<unknown>): Generator<string, void> {
  let before = "["
  for (let at = 0; at < items.length; ) {
    yield before
    before = ","
    const from = at
    for (let size = 0; at < items.length && size < large && !isHeavy(items[at], heavy); at++) {
      size += sizeOf(items[at])
    }
    if (at > from) yield JSON.stringify(items.slice(from, at)).slice(1, -1)
    else yield* parts(items[at++], heavy)
  }
  yield "]"
}

/** Small members are written several at once. */
function* partsOfObject(value: object, heavy: ReadonlySet<unknown>): Generator<string, void> {
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  let before = "{"
  for (let at = 0; at < members.length; ) {
    yield before
    before = ","
    const from = at
    for (let size = 0; at < members.length && size < large; at++) {
      const [key, member] = members[at]!
      if (isHeavy(key, heavy) || isHeavy(member, heavy)) break
      size += key.length + sizeOf(member)
    }
    if (at > from) yield JSON.stringify(Object.fromEntries(members.slice(from, at))).slice(1, -1)
    else {
      const [key, member] = members[at++]!
      yield* parts(key, heavy)
      yield ":"
      yield* parts(member, heavy)
    }
  }
  yield "}"
}
