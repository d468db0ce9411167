/**
 * The ids of responses, kept apart by who gave them.
 *
 * A provider that remembers its answers takes the id of the last one instead of the conversation. Such an id means
 * nothing to anybody else, and it is wrong as soon as somebody else has answered in between. So the caller's tracker
 * keeps each id together with its target, and a target is given only its own, and only if it answered last. What an
 * attempt that failed has noted is forgotten.
 */
import type * as Prompt from "effect/ai/Prompt"
import type * as ResponseIdTracker from "effect/ai/ResponseIdTracker"
import * as Option from "effect/Option"

/** The tracker of one attempt. */
export interface ResponseIds {
  readonly service: ResponseIdTracker.Service
  /** The attempt has answered: what it noted counts. */
  readonly keep: () => void
}

const separator = "\u0000"

/** A tracker for one attempt at a target, over the caller's. */
export const forAttempt = (caller: ResponseIdTracker.Service, target: string): ResponseIds => {
  const prefix = target + separator
  const noted: Array<readonly [parts: ReadonlyArray<object>, id: string]> = []
  return {
    service: {
      clearUnsafe: () => caller.clearUnsafe(),
      markParts: (parts, responseId) => void noted.push([parts, prefix + responseId]),
      prepareUnsafe: (prompt: Prompt.Prompt) =>
        Option.flatMap(caller.prepareUnsafe(prompt), (prepared) =>
          prepared.previousResponseId.startsWith(prefix)
            ? Option.some({
                ...prepared,
                previousResponseId: prepared.previousResponseId.slice(prefix.length)
              })
            : Option.none()
        )
    },
    keep: () => {
      for (const [parts, id] of noted) caller.markParts(parts, id)
    }
  }
}
