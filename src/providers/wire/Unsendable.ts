/**
 * Failures of requests that cannot be sent because something on our side throws first.
 *
 * None of them is the target's fault, and none benches it: an unwritable body is the caller's fault, an invalid
 * configured header is the configuration's. An invalid key is the credential's fault.
 */

import type { Target } from "../../domain/Target.ts"
import { AuthDead, BadRequest, type Failure, Transient } from "../../failure/Failure.ts"

/** True for what may be the value of a header. https://www.rfc-editor.org/rfc/rfc9110#section-5.5 */
export const isHeaderValue = (value: string): boolean => !/[^\t\x20-\x7e\x80-\xff]/.test(value)

/**
 * The failure of a request body that cannot be written as JSON, or not for this target. Nesting too deep for the
 * stack fails only if the request has to be rewritten: a target that takes the caller's own text may still accept it.
 */
export const unwritable = (target: Target, thrown: unknown): Failure =>
  thrown instanceof RangeError
    ? new BadRequest({
        target: target.key,
        reason: "Unsupported",
        message: /string length/i.test(thrown.message)
          ? "the request is too large to be rewritten for this target"
          : "the request is nested too deeply to be rewritten for this target",
        evidence: "nothing was sent"
      })
    : new BadRequest({
        target: target.key,
        reason: "Invalid",
        message: `the request cannot be written as JSON: ${whyNot(thrown)}`,
        evidence: "nothing was sent"
      })

/** The kind of value, never the value: V8's message quotes names out of the request. */
const whyNot = (thrown: unknown): string => {
  const message = thrown instanceof TypeError ? thrown.message : ""
  if (/circular/i.test(message)) return "it contains itself"
  if (/bigint/i.test(message)) return "it contains a BigInt; use a number or a string"
  return "reading one of its values failed"
}

/** The failure of a caller's header with an invalid value. */
export const badHeader = (target: Target, name: string): Failure =>
  new BadRequest({
    target: target.key,
    reason: "Invalid",
    message: `the header ${name} contains a character that is not allowed in headers`,
    evidence: "nothing was sent"
  })

/** The failure of a configured header with an invalid value. */
export const badSetting = (target: Target, name: string): Failure =>
  new Transient({
    target: target.key,
    reason: "Local",
    message: `the configured header ${name} of the provider contains a character that is not allowed in headers`,
    evidence: "nothing was sent"
  })

/** The failure of a key that cannot be sent in a header. */
export const badKey = (target: Target): Failure =>
  new AuthDead({
    target: target.key,
    reason: "InvalidKey",
    message: "the key contains a character that is not allowed in headers, such as a line break",
    evidence: "nothing was sent"
  })
