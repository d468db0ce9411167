/** Rejects invalid settings of a call: no provider accepts them, and NaN would be sent as null. */

import { efforts } from "../../translate/common/Common.ts"
import type { Protocol } from "../../translate/protocol/Protocol.ts"
import * as Checks from "../../util/Checks.ts"
import type { Settings } from "./Draft.ts"

const protocols: ReadonlyArray<Protocol> = ["openai", "anthropic"]

const strings: Checks.Check = (value) =>
  Array.isArray(value) && value.every((one) => typeof one === "string")
    ? undefined
    : "has to be a list of strings"

const bodies: Checks.Check = (value) =>
  typeof value === "object" &&
  value !== null &&
  Object.entries(value).every(
    ([protocol, body]) =>
      protocols.some((known) => known === protocol) && (body === undefined || isMembers(body))
  )
    ? undefined
    : `has to be an object with the members of the body for each protocol (${protocols.join(", ")})`

const isMembers = (value: unknown): boolean =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const checks = {
  maxTokens: Checks.number("a whole number, at least 1", { least: 1, whole: true }),
  temperature: Checks.number("a number, at least 0", { least: 0 }),
  topP: Checks.number("a share from 0 to 1", { least: 0, most: 1 }),
  topK: Checks.number("a whole number, at least 0", { least: 0, whole: true }),
  stop: strings,
  effort: Checks.oneOf(efforts),
  user: Checks.text,
  body: bodies
} satisfies { readonly [K in keyof Settings]-?: Checks.Check }

/** Throws an `InvalidOptions` for an invalid setting. `where` names the recipient of the settings. */
export const check = (where: string, settings: Settings): void => Checks.fields(where, settings, checks)
