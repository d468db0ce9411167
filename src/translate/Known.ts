/** What a dialect says of how a server takes thoughts back. */
import type { Dialect } from "../dialect/index.ts"
import type { ThoughtRules } from "./Unpack.ts"

/** The rules for thoughts; `undefined` for a server of which nothing is known: what it gave goes back as it came. */
export const thoughtRules = ({
  thoughtField: field,
  thoughtsBack: back
}: Dialect): ThoughtRules | undefined => (back === "given" ? undefined : { back, field })
