/** The rules of a dialect for sending reasoning back. */
import type { Dialect } from "../dialect/index.ts"
import type { ThoughtRules } from "./Unpack.ts"

/** The rules for reasoning; `undefined` for an unknown server: reasoning is then sent back as it was received. */
export const thoughtRules = ({
  thoughtField: field,
  thoughtsBack: back
}: Dialect): ThoughtRules | undefined => (back === "given" ? undefined : { back, field })
