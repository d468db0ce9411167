/** What the runtime decided on the way of a request, as lines to read. */
import type { FailoverEvent } from "../../events/FailoverEvent.ts"
import { classOf } from "../../failure/Failure.ts"

/** So many columns are there. */
export const width = 100

/** One line for an event that somebody who watches wants to know; none for the others. */
export const line = (event: FailoverEvent): string | undefined => {
  switch (event._tag) {
    case "Skipped":
      return row(event.target.key, `rests (${event.reason}), not called`, "")
    case "AttemptFailed": {
      const { action, failure } = event
      const status = failure.status === undefined ? "" : `${failure.status} `
      return row(event.target.key, `${status}${classOf(failure)}`, next[action._tag](action))
    }
    case "AttemptSucceeded":
      return row(event.target.key, event.commit === undefined ? "answers" : "its first words are here", "")
    default:
      return undefined
  }
}

const next = {
  Retry: (action: object) =>
    "delay" in action ? `the same again in ${Math.round(Number(action.delay))} ms` : "the same again",
  Next: () => "it rests, the next one's turn",
  Stop: () => "stop: nobody would take it"
}

const row = (target: string, what: string, then: string): string =>
  [target.padEnd(24), what.padEnd(26), then === "" ? "" : `→ ${then}`].join(" ").trimEnd()

/** Text in lines of a width, with a hanging indent. */
export const wrap = (text: string, indent: string): string => {
  const room = width - indent.length
  const lines: Array<string> = []
  let current = ""
  for (const word of text.split(/\s+/)) {
    const longer = current === "" ? word : `${current} ${word}`
    if (longer.length <= room) {
      current = longer
      continue
    }
    if (current !== "") lines.push(current)
    current = word.slice(0, room)
  }
  return [...lines, current].join(`\n${indent}`)
}
