/** Fits a request in the common form to the dialect of its target before it is written. */
import type { Dialect } from "../../dialect/index.ts"
import type { Content, Request, Result, Turn } from "../common/Common.ts"
import type { Dropped } from "../common/Dropped.ts"
import * as MediaTypes from "./MediaTypes.ts"
import * as Tools from "./Tools.ts"
import * as Turns from "./Turns.ts"

/** Fits a request. Content that its target cannot accept is recorded in `dropped` as lost. */
export const fit = (
  request: Request,
  dialect: Dialect,
  dropped: Dropped,
  isAnthropic: boolean
): Tools.Fitted => {
  const shown = (part: Content): Content => {
    if (part.type === "text") return part
    if (part.type === "audio") {
      if (!dialect.audio || isAnthropic) dropped.lost("audio")
      return part
    }
    const settled = MediaTypes.settle(part)
    if (settled.type === "image") {
      if (!dialect.images || (isAnthropic && !MediaTypes.isVisible(settled))) dropped.lost("image")
    } else if (settled.type === "document" && settled.media.type !== "text") {
      if (dialect.documents === "no" || (isAnthropic && !MediaTypes.isReadable(settled)))
        dropped.lost("document")
      else if (dialect.documents === "inline" && settled.media.type === "url") dropped.lost("document", "url")
    }
    return settled
  }
  // Text needs no fitting, and most requests are nothing else.
  const turns = request.turns.every(isText)
    ? request.turns
    : request.turns.map((turn) => eachShown(turn, shown))
  return Tools.fit(Turns.fit({ ...request, turns }, dialect, dropped, isAnthropic), dialect, dropped)
}

const isText = (turn: Turn): boolean =>
  turn.role !== "user" || turn.parts.every(({ type }) => type === "text")

/** The turn with all shown content mapped; the same object if nothing changed. */
const eachShown = (turn: Turn, shown: (part: Content) => Content): Turn => {
  if (turn.role !== "user") return turn
  let isChanged = false
  const each = (part: Content): Content => {
    const made = shown(part)
    isChanged ||= made !== part
    return made
  }
  const parts = turn.parts.map((part): Content | Result =>
    part.type === "result" ? { ...part, parts: part.parts.map(each) } : each(part)
  )
  return isChanged ? { role: "user", parts } : turn
}
