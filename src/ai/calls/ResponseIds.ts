/**
 * The ids of responses, kept separately for each target.
 *
 * A provider that stores its answers takes the id of the last one instead of the conversation. Such an id is useless
 * to any other target, and it is wrong once another target has answered in between. So the caller's tracker stores
 * each id with its target, and a target gets only its own id, and only if it answered last. Ids noted by a failed
 * attempt are dropped.
 */
import type * as Prompt from "effect/ai/Prompt"
import type * as ResponseIdTracker from "effect/ai/ResponseIdTracker"
import * as Option from "effect/Option"

/** The tracker of one attempt. */
export interface ResponseIds {
  readonly service: ResponseIdTracker.Service
  /** Keeps the ids noted by the attempt, once it has answered. */
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
