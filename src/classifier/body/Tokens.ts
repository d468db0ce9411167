/** The window and the prompt size in an overflow error, if named. */
import { type ContextNumbers, contextNumbers, numbers } from "../../words/ContextNumbers.ts"
import { read } from "../signals/Signal.ts"
import type { ErrorView } from "./ErrorView.ts"

/** `limit` and `actual` of an overflow, in tokens; absent if not named. */
export const tokensOf = (views: ReadonlyArray<ErrorView>): ContextNumbers => {
  for (const { source, text } of views) {
    const window = numbers(read(source, "n_ctx"), read(source, "n_prompt_tokens"))
    if (window.limit !== undefined) return window
    const found = contextNumbers(text)
    if (found !== undefined) return found
  }
  return {}
}
