/** Packs the data of a whole answer, through the packer of streams. */
import type { Carry } from "./carry/Carry.ts"
import type { Answer, Delta, Spoken } from "./common/Common.ts"
import { Packer } from "./Pack.ts"
import type { Context } from "./protocol/Context.ts"
import type { Dialect, Protocol } from "./protocol/Protocol.ts"

/** Packs a whole answer. */
export const packAnswer = (
  answer: Answer,
  carry: Carry,
  from: Protocol,
  to: Dialect,
  context: Context
): Answer => {
  // Answers without reasoning and calls contain nothing to pack.
  if (answer.parts.every(({ type }) => type === "text" || type === "refusal")) return answer
  const packer = new Packer(carry, from, to, context)
  const parts: Array<Spoken> = []
  const add = (delta: Delta): void => {
    for (const packed of packer.pack(delta)) put(parts, packed)
  }
  // Fields of the whole message go with its first reasoning.
  for (const part of answer.parts) if (part.type === "left") add(part)
  let calls = 0
  for (const part of answer.parts) {
    if (part.type === "left") continue
    if (part.type === "call") {
      add({ ...part, call: calls })
      add({ type: "arguments", call: calls++, json: part.arguments })
    } else if (part.type === "thinking") {
      add({ type: "thinking", text: part.text, field: part.field })
      if (part.signature !== undefined) add({ type: "signature", signature: part.signature })
    } else add(part)
  }
  add({ type: "end" })
  return { ...answer, parts }
}

const put = (parts: Array<Spoken>, delta: Delta): void => {
  const last = parts.at(-1)
  switch (delta.type) {
    case "text":
    case "refusal":
    case "redacted":
      parts.push(delta)
      break
    case "thinking":
      if (last?.type === "thinking" && last.signature === undefined)
        parts.splice(-1, 1, { ...last, text: last.text + delta.text })
      else parts.push(delta)
      break
    case "signature":
      if (last?.type === "thinking" && last.signature === undefined)
        parts.splice(-1, 1, { ...last, signature: delta.signature })
      else parts.push({ type: "thinking", text: "", signature: delta.signature })
      break
    case "call":
      parts.push({ type: "call", id: delta.id, name: delta.name, arguments: "" })
      break
    case "arguments":
      if (last?.type === "call") parts.splice(-1, 1, { ...last, arguments: last.arguments + delta.json })
  }
}
