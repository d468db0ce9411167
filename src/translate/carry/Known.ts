/** What the table of dialects knows of how a server takes thoughts back. */
import { type Dialect, row } from "../../dialect/index.ts"
import type { ThoughtRules } from "./Unpack.ts"

/**
 * The rules for thoughts, where a row says something of them; `undefined` for a server of which nothing is known: what it
 * gave goes back to it as it was.
 */
export const thoughtRules = (dialect: Dialect): ThoughtRules | undefined => {
  const { rows, thoughtField: field, thoughtsBack: back } = dialect
  const isSaid = back !== "never" || rows.some((name) => row(name)?.facts.thoughtsBack !== undefined)
  return isSaid ? { back, field } : undefined
}
