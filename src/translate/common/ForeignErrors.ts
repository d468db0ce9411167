/**
 * Errors that are not in the form of their protocol: Google's list of one, FastAPI's `detail`, Ollama's text, validation lists,
 * XML, and pages of proxies.
 *
 * - https://ai.google.dev/gemini-api/docs/troubleshooting, https://fastapi.tiangolo.com/tutorial/handling-errors/
 * - https://github.com/ollama/ollama/blob/main/docs/api.md, https://www.rfc-editor.org/rfc/rfc9457 (`title`, `detail`)
 */
import { readBody } from "../../classifier/body/Body.ts"
import { isObject, type JsonObject, text, write } from "./Json.ts"

/** Longer messages are cut: an HTML page is not a useful message. */
const longest = 2000

/** What an error says, wherever it says it. */
export interface ErrorFields {
  readonly message: string
  readonly code: string | undefined
  readonly type: string | undefined
  readonly param: string | undefined
}

/**
 * Whether a body has its message and type where clients of the protocol look for them. OpenRouter's errors have a code and no
 * type: https://openrouter.ai/docs/api/reference/errors-and-debugging
 */
export const isWellFormed = (protocol: "openai" | "anthropic", body: unknown): boolean => {
  if (!hasMessage(body)) return false
  const { code, type } = body.error
  const isNamed = text(type) !== undefined
  return protocol === "anthropic"
    ? isNamed && body.type === "error"
    : isNamed || (code ?? undefined) !== undefined
}

/** Whether the message is where clients look for it. */
export const hasMessage = (body: unknown): body is JsonObject & { readonly error: JsonObject } =>
  isObject(body) && isObject(body.error) && text(body.error.message) !== undefined

/** The fields of an error in any form. */
export const read = (body: unknown): ErrorFields => {
  const whole = isObject(body) ? body : {}
  const error = isObject(whole.error) ? whole.error : whole
  const own = {
    code: codeOf(error.code),
    type: error === whole && whole.type === "error" ? undefined : text(error.type),
    param: text(error.param)
  }
  const message = text(error.message) ?? text(whole.detail) ?? text(whole.error)
  if (message !== undefined) return { ...own, message: message.slice(0, longest) }
  const { form, page, views } = readBody(body, undefined)
  const view = views.find(({ text }) => text.trim() !== "")
  const said =
    form === "html" ? ofPage(page) : (text(view?.text.trim()) ?? (isBlank(body) ? undefined : asText(body)))
  const codeIn = (name: string) => view?.codes.find(({ field }) => field === name)?.value
  return {
    message: (text(said) ?? "The provider gave no reason.").slice(0, longest),
    code: own.code ?? (form === "html" || form === "text" ? undefined : codeIn("code")),
    type: own.type ?? (form === "html" || form === "text" ? undefined : codeIn("type")),
    param: own.param ?? view?.param
  }
}

/** Some vendors have numbers of their own; those that repeat the status say nothing. */
const codeOf = (code: unknown): string | undefined =>
  typeof code === "number" && code >= 1000 ? String(code) : text(code)

const isBlank = (body: unknown): boolean =>
  body === undefined || body === null || (typeof body === "string" && body.trim() === "")

const asText = (body: unknown): string => (typeof body === "string" ? body : write(body))

/** The text of a page: its title, and its visible text. */
const ofPage = (page: string): string => {
  const shown = page.replace(/<(script|style|head)\b[\s\S]{0,8192}?<\/\1>|<!--[\s\S]{0,8192}?-->/gi, " ")
  const title = plain(/<title[^>]{0,200}>([^<]{1,300})/i.exec(page)?.[1] ?? "")
  const body = plain(shown)
  return [title, body.startsWith(title) ? body.slice(title.length).trim() : body].filter(Boolean).join(": ")
}

const plain = (html: string): string =>
  html
    .replace(/<[^<>]{0,2000}>/g, " ")
    .replace(/&(amp|lt|gt|quot|#0?39|nbsp);/g, (_, name: string) => entities[name] ?? "'")
    .replace(/\s+/g, " ")
    .trim()

const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', nbsp: " " }
