/** The window and the size of the prompt, where an overflow names them. */
import { type ContextNumbers, contextNumbers, numbers } from "../../words/ContextNumbers.ts"
import { read } from "../signals/Signal.ts"
import type { ErrorView } from "./ErrorView.ts"

/** `limit` and `actual` of an overflow, in tokens; absent where they are not named. */
export const tokensOf = (views: ReadonlyArray<ErrorView>): ContextNumbers => {
  for (const { source, text } of views) {
    const window = numbers(read(source, "n_ctx"), read(source, "n_prompt_tokens"))
    if (window.limit !== undefined) return window
    const found = contextNumbers(text)
    if (found !== undefined) return found
  }
  return {}
}
