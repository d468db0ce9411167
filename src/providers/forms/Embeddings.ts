/**
 * Embeddings in the form that was requested: numbers, or base64 of their 32 bits. Some servers know only one of the two, and OpenAI's
 * library asks for base64 by itself: numbers become garbage there.
 *
 * https://developers.openai.com/api/reference/resources/embeddings/methods/create (encoding_format)
 */
import type * as Turns from "../../util/Turns.ts"
import { isFull, isObject, type JsonObject } from "../wire/Wire.ts"

/** Whether the embeddings of an answer have the requested form, as the first of them shows. */
export const isAsAsked = ({ data }: JsonObject, asked: JsonObject): boolean => {
  if (!isFull(data)) return false
  const embedding = isObject(data[0]) ? data[0].embedding : undefined
  const form = formOf(asked)
  return form === "text" ? !isNumbers(embedding) : form === "any" || !isText(embedding)
}

/** The same for an answer that is not parsed, by its beginning. */
export const beginsAsAsked = (begin: Uint8Array, asked: JsonObject): boolean => {
  const text = Buffer.from(begin.buffer, begin.byteOffset, Math.min(begin.length, 1024)).toString("latin1")
  if (/"embeddings"\s*:/.test(text)) return false
  const first = /"embedding"\s*:\s*(["[])/.exec(text)?.[1]
  const form = formOf(asked)
  return first === undefined || form === "any" || (first === '"') === (form === "text")
}

/** How many numbers are converted in one turn of the event loop: some milliseconds of work. */
const piece = 100_000

/** The answer in the requested form; also of servers that have no list `data`. `undefined` if it has no embeddings. */
export function* mend(json: JsonObject, asked: JsonObject): Turns.Steps<JsonObject | undefined> {
  const given = isFull(json.data) ? json.data : dataIn(json)
  if (given === undefined || typeof given === "string") return undefined
  const form = formOf(asked)
  const data: Array<unknown> = []
  let converted = 0
  for (const each of given) {
    const inForm = form === "any" || !isObject(each) ? undefined : convertedTo(form, each.embedding)
    data.push(inForm === undefined || !isObject(each) ? each : { ...each, embedding: inForm.embedding })
    converted += inForm?.count ?? 0
    if (converted < piece) continue
    converted = 0
    yield
  }
  return { object: "list", ...json, data }
}

/** An embedding in a form, and how many numbers it has; `undefined` if it has the form already, or neither. */
const convertedTo = (
  form: "numbers" | "text",
  embedding: unknown
): { readonly embedding: unknown; readonly count: number } | undefined => {
  if (form === "text")
    return isNumbers(embedding) ? { embedding: textOf(embedding), count: embedding.length } : undefined
  if (!isText(embedding)) return undefined
  const numbers = numbersOf(embedding)
  return { embedding: numbers, count: numbers.length }
}

/** https://github.com/ollama/ollama/blob/main/docs/api.md#generate-embeddings and https://docs.cohere.com/reference/embed */
const dataIn = ({ embedding, embeddings }: JsonObject): ReadonlyArray<JsonObject> | undefined => {
  const given = isObject(embeddings) ? (embeddings.float ?? embeddings.base64) : embeddings
  const all = Array.isArray(given) ? given : [isObject(embedding) ? embedding.values : embedding]
  return all.length > 0 && all.every((each) => isNumbers(each) || isText(each))
    ? all.map((each, index) => ({ object: "embedding", index, embedding: each }))
    : undefined
}

/**
 * The requested form. `any`: another field or value chooses it, such as Jina's `embedding_type` and the `output_dtype` of Mistral
 * and Voyage: numbers of other sizes, and texts of them.
 *
 * https://jina.ai/embeddings and https://docs.voyageai.com/reference/embeddings-api
 */
const formOf = ({
  embedding_type,
  encoding_format,
  output_dtype
}: JsonObject): "numbers" | "text" | "any" => {
  if (typeof embedding_type === "string" || (output_dtype ?? "float") !== "float") return "any"
  if (encoding_format === "base64") return "text"
  return (encoding_format ?? "float") === "float" ? "numbers" : "any"
}

const isNumbers = (u: unknown): u is ReadonlyArray<number> => Array.isArray(u) && typeof u[0] === "number"

/** Base64 of whole numbers. */
const isText = (u: unknown): u is string => {
  const size = typeof u === "string" ? Buffer.byteLength(u, "base64") : 0
  return size > 0 && size % Float32Array.BYTES_PER_ELEMENT === 0
}

/** https://developers.openai.com/api/docs/guides/embeddings: the lower byte of a number comes first. */
const textOf = (numbers: ReadonlyArray<number>): string => {
  const bytes = Buffer.alloc(numbers.length * Float32Array.BYTES_PER_ELEMENT)
  for (let at = 0; at < numbers.length; at++)
    bytes.writeFloatLE(numbers[at]!, at * Float32Array.BYTES_PER_ELEMENT)
  return bytes.toString("base64")
}

const numbersOf = (text: string): ReadonlyArray<number> => {
  const bytes = Buffer.from(text, "base64")
  return Array.from({ length: bytes.length / Float32Array.BYTES_PER_ELEMENT }, (_, at) =>
    bytes.readFloatLE(at * Float32Array.BYTES_PER_ELEMENT)
  )
}
