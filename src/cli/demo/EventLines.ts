/** Formats the events of a request as lines. */
import type { FailoverEvent } from "../../events/FailoverEvent.ts"
import { classOf } from "../../failure/Failure.ts"

/** The width in columns. */
export const width = 100

/** One line for an event that is worth showing; `undefined` for others. */
export const line = (event: FailoverEvent): string | undefined => {
  switch (event._tag) {
    case "Skipped":
      return row(event.target.key, `skipped: ${event.reason}`, "")
    case "AttemptFailed": {
      const { action, failure } = event
      const status = failure.status === undefined ? "" : `${failure.status} `
      return row(event.target.key, `${status}${classOf(failure)}`, next[action._tag](action))
    }
    case "AttemptStarted":
      return event.hedge === true ? row(event.target.key, "called as well", "") : undefined
    case "AttemptSucceeded":
      return row(event.target.key, event.commit === undefined ? "answers" : "first content", "")
    default:
      return undefined
  }
}

const next = {
  Retry: (action: object) =>
    "delay" in action ? `retry in ${Math.round(Number(action.delay))} ms` : "retry",
  Next: () => "fallback to the next target",
  Continue: () => "continue with the attempt before it",
  Stop: () => "stop: every target would refuse it"
}

const row = (target: string, what: string, then: string): string =>
  [target.padEnd(24), what.padEnd(26), then === "" ? "" : `→ ${then}`].join(" ").trimEnd()

/** Wraps text at a width, with a hanging indent. */
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
