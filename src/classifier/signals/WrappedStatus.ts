/**
 * Reads the status of another response that a library or relay repeats in a sentence.
 *
 * A number counts where the grammar makes it a status: after the word, after what failed or answered, before its reason phrase, or
 * at the beginning. Nothing else in a text is read as a status.
 */

import { fetched } from "../sentences/Servers.ts"
import { withoutQuoted } from "./Quoted.ts"

/** Sentences in which a library or relay repeats a status. Nothing else in a text is read as a status. */
const wrappers: ReadonlyArray<RegExp> = [
  // https://github.com/axios/axios (AxiosError)
  /\brequest failed with status code (\d{3})\b/,
  // https://github.com/aaif-goose/goose/issues/1359
  /\brequest failed with status: (\d{3}) [a-z]/,
  // https://github.com/openai/openai-python and https://github.com/anthropics/anthropic-sdk-python (APIStatusError)
  /\berror code: (\d{3}) -/,
  // https://github.com/songquanpeng/one-api (relay)
  /\bbad (?:response )?status code:? (\d{3})\b/,
  // https://github.com/openai/codex
  /\bunexpected status (\d{3}) [a-z]/,
  // https://docs.python-requests.org (raise_for_status), https://www.python-httpx.org (raise_for_status)
  /(?:^|: )(\d{3}) (?:client|server) error: /,
  /\b(?:client|server) error '(\d{3}) [a-z]/,
  // https://github.com/xai-org and other command-line clients
  /\bapi error \(status (\d{3})\b/,
  // https://github.com/lbjlaq/Antigravity-Manager
  /\blast status: (\d{3})\b/,
  /\bupstream (?:returned|responded with|error:?)(?: an?)?(?: http)?(?: error)?(?: status(?: code)?)?:? (\d{3})\b/,
  // https://github.com/lidge-jun/opencodex/issues/78, https://github.com/yubing744/trading-gpt/issues/75
  /\b(?:api|provider) (?:error|returned)(?: unexpected)?(?: status(?: code)?)?:? (?:http )?(\d{3})(?:$|[\s:,(])/,
  // https://github.com/continuedev/continue/issues/3881
  /\bhttp (\d{3}) [a-z ]{2,40} from https?:/,
  // https://github.com/coze-dev/coze-studio/issues/326
  /\bhttp (\d{3}) \(code \d+\)/,
  // https://github.com/chenyme/grok2api
  /\bfailed[,:]? \(?(\d{3})\)?$/,
  // https://github.com/sourcegraph/cody/issues/7293, and other servers in Go
  /\bunexpected (?:response |http )?status(?: code)?:? (\d{3})\b/,
  // https://github.com/sashabaranov/go-openai (RequestError, APIError)
  /\berror, status code: (\d{3}), /,
  // https://github.com/carlrobertoh/ProxyAI/issues/1234
  /\bexpected status code 200 but was (\d{3})\b/,
  // https://github.com/moeru-ai/airi/issues/1768
  /\bremote sent (\d{3}) response\b/,
  // https://github.com/ErlichLiu/DeepClaude/issues/111
  /状态码[:： ]{1,2}(\d{3})(?!\d)/,
  // https://help.aliyun.com/en/model-studio/error-code: "<400> InternalError.Algo.InvalidParameter: …"
  /^<(\d{3})> /,
  // https://github.com/openai/openai-node (APIError without a body)
  /^(\d{3}) status code \(no body\)$/
]

/** The reason phrases of RFC 9110. */
const phrase =
  "(?:bad request|unauthori[sz]ed|payment required|forbidden|not found|method not allowed|request time-?out|conflict|gone|(?:payload|content|request entity) too large|unprocessable|too many requests|internal server error|not implemented|bad gateway|service unavailable|gateway time-?out)\\b"

/** What ends a status: not a unit, and no further words. */
const end = `\\)?(?=$|[:;,)\\]}'"{]|\\.(?:\\s|$)|\\s?[-–{]|\\s\\(?${phrase})`

const status = "([45]\\d{2})\\b"

const grammar: ReadonlyArray<RegExp> = [
  // "request failed with status 401: x", "server responded with status code 401", "response status: 401"
  new RegExp(
    `\\b(?:failed|failure|error|request|responded|response|returned|received|got|server|upstream|api|provider|backend|service|invalid|unexpected|last)\\b[^\\n]{0,60}?\\bstatus(?: ?code)?(?: does not indicate success)?["']?\\s?[:=(]{0,2}\\s?${status}`
  ),
  new RegExp(`^(?:got |\\()?status(?: ?code)?["']?\\s?[:=]\\s?${status}`),
  new RegExp(`^\\(status ${status}\\)`),
  // "API error (401): x", "HTTP 401: x", "returned 401", "code=401, x", "request failed: 401 Unauthorized"
  new RegExp(
    `\\b(?:error|code|http(?:/[\\d.]{1,3})?|returned|responded with|response|exception|failed)\\b["']?(?: (?:an?|the|http|error|code|with|response)){0,3}(?:\\s?[:=(]{1,2}\\s?\\(?|\\s)${status}${end}`
  ),
  // "401 Unauthorized"
  new RegExp(`(?:^|[\\s[(:'])${status}\\)? \\(?${phrase}`),
  // "401: x", "[model] [401]: x", "401 x"
  new RegExp(
    `(?:^(?:\\[[^\\]\\n]{1,80}\\] )?|\\bfailed: )[[(]?${status}[\\])]?(?::|,| -)?\\s(?!(?:status code|tokens?|char\\w*|bytes?|messages?|requests?|items?|images?|words?|calls?|credits?|seconds?|ms|pixels?|of)\\b)(?=[a-z])`
  )
]

/** The status repeated by a wrapping sentence. */
export const wrappedStatus = (text: string): number | undefined => {
  const start = text.slice(0, 2048)
  if (!/[1-9]\d\d/.test(start)) return undefined
  const lower = start.toLowerCase().trim()
  for (const wrapper of wrappers) {
    const digits = wrapper.exec(lower)?.[1]
    if (digits !== undefined) return Number(digits)
  }
  const own = withoutQuoted(lower)
  for (const form of grammar) {
    const found = form.exec(own)
    if (found !== null && !fetched.test(own.slice(0, found.index + found[0].length))) return Number(found[1])
  }
  return undefined
}
