/** A request in the common form, fitted to the dialect of its target before it is written. */
import type { Dialect } from "../../dialect/index.ts"
import type { Request } from "../Common.ts"
import type { Dropped } from "../Dropped.ts"
import * as Tools from "./Tools.ts"
import * as Turns from "./Turns.ts"

/** Fits a request. What its target cannot be shown is told to `dropped` as content that would be lost. */
export const fit = (
  request: Request,
  dialect: Dialect,
  dropped: Dropped,
  isAnthropic: boolean
): Tools.Fitted => {
  for (const turn of request.turns) {
    if (turn.role !== "user") continue
    for (const part of turn.parts) {
      for (const shown of part.type === "result" ? part.parts : [part]) {
        if (shown.type === "image" && !dialect.images) dropped.lost("image")
        if (shown.type === "document" && shown.media.type !== "text") {
          if (dialect.documents === "no") dropped.lost("document")
          else if (dialect.documents === "inline" && shown.media.type === "url")
            dropped.lost("document", "url")
        }
      }
    }
  }
  return Tools.fit(Turns.fit(request, dialect, isAnthropic), dialect, dropped)
}
