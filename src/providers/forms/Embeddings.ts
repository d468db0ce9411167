/**
 * Embeddings in the form that was requested: numbers, or base64 of their 32 bits. Some servers know only one of the two, and OpenAI's
 * library asks for base64 by itself: numbers become garbage there.
 *
 * https://developers.openai.com/api/reference/resources/embeddings/methods/create (encoding_format)
 */
import { isFull, isObject, type JsonObject } from "../wire/Wire.ts"

/** Whether the embeddings of an answer have the requested form, as the first of them shows. */
export const isAsAsked = ({ data }: JsonObject, asked: JsonObject): boolean => {
  if (!isFull(data)) return false
  const embedding = isObject(data[0]) ? data[0].embedding : undefined
  return wantsText(asked) ? !isNumbers(embedding) : !isText(embedding)
}

/** The same for an answer that is not parsed, by its beginning. */
export const beginsAsAsked = (begin: Uint8Array, asked: JsonObject): boolean => {
  const text = Buffer.from(begin.buffer, begin.byteOffset, Math.min(begin.length, 1024)).toString("latin1")
  if (/"embeddings"\s*:/.test(text)) return false
  const first = /"embedding"\s*:\s*(["[])/.exec(text)?.[1]
  return first === undefined || (first === '"') === wantsText(asked)
}

/** The answer in the requested form; also of servers that have no list `data`. `undefined` if it has no embeddings. */
export const mend = (json: JsonObject, asked: JsonObject): JsonObject | undefined => {
  const data = isFull(json.data) ? json.data : dataIn(json)
  if (data === undefined || typeof data === "string") return undefined
  const isTextWanted = wantsText(asked)
  return {
    object: "list",
    ...json,
    data: data.map((each) => {
      if (!isObject(each)) return each
      const { embedding } = each
      if (isTextWanted && isNumbers(embedding)) return { ...each, embedding: textOf(embedding) }
      return !isTextWanted && isText(embedding) ? { ...each, embedding: numbersOf(embedding) } : each
    })
  }
}

/** https://github.com/ollama/ollama/blob/main/docs/api.md#generate-embeddings and https://docs.cohere.com/reference/embed */
const dataIn = ({ embedding, embeddings }: JsonObject): ReadonlyArray<JsonObject> | undefined => {
  const given = isObject(embeddings) ? (embeddings.float ?? embeddings.base64) : embeddings
  const all = Array.isArray(given) ? given : [isObject(embedding) ? embedding.values : embedding]
  return all.length > 0 && all.every((each) => isNumbers(each) || isText(each))
    ? all.map((each, index) => ({ object: "embedding", index, embedding: each }))
    : undefined
}

const wantsText = ({ encoding_format }: JsonObject): boolean => encoding_format === "base64"

const isNumbers = (u: unknown): u is ReadonlyArray<number> => Array.isArray(u) && typeof u[0] === "number"

/** Base64 of whole numbers. */
const isText = (u: unknown): u is string => {
  const size = typeof u === "string" ? Buffer.byteLength(u, "base64") : 0
  return size > 0 && size % Float32Array.BYTES_PER_ELEMENT === 0
}

/** https://developers.openai.com/api/docs/guides/embeddings: the lower byte of a number comes first. */
const textOf = (numbers: ReadonlyArray<number>): string => {
  const bytes = Buffer.alloc(numbers.length * Float32Array.BYTES_PER_ELEMENT)
  for (const [at, number] of numbers.entries())
    bytes.writeFloatLE(number, at * Float32Array.BYTES_PER_ELEMENT)
  return bytes.toString("base64")
}

const numbersOf = (text: string): ReadonlyArray<number> => {
  const bytes = Buffer.from(text, "base64")
  return Array.from({ length: bytes.length / Float32Array.BYTES_PER_ELEMENT }, (_, at) =>
    bytes.readFloatLE(at * Float32Array.BYTES_PER_ELEMENT)
  )
}
