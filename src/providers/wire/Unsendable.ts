/**
 * Requests that cannot be sent: the failures of what throws on our side before anything is on its way.
 *
 * None of them is the target's fault, and none rests it: a request that cannot be written down is the caller's, a header
 * of the configuration is ours. A key that no header can carry is the credential's.
 */

import type { Target } from "../../domain/Target.ts"
import { AuthDead, BadRequest, type Failure, Transient } from "../../failure/Failure.ts"

/** True for what may be the value of a header. https://www.rfc-editor.org/rfc/rfc9110#section-5.5 */
export const isHeaderValue = (value: string): boolean => !/[^\t\x20-\x7e\x80-\xff]/.test(value)

/**
 * The failure of a request whose body cannot be written as JSON, or not in the words of the target. Too many levels for
 * the stack are too many only where the request has to be written anew: a target that takes the caller's own text may
 * still take it.
 */
export const unwritable = (target: Target, thrown: unknown): Failure =>
  thrown instanceof RangeError
    ? new BadRequest({
        target: target.key,
        reason: "Unsupported",
        message: /string length/i.test(thrown.message)
          ? "the request is too large to be written anew for this target"
          : "the request is nested too deeply to be written anew for this target",
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
  if (/circular/i.test(message)) return "it holds itself"
  if (/bigint/i.test(message)) return "it holds a BigInt; give a number or a string"
  return "reading one of its values threw"
}

/** The failure of a caller's header that no header may be. */
export const badHeader = (target: Target, name: string): Failure =>
  new BadRequest({
    target: target.key,
    reason: "Invalid",
    message: `the header ${name} holds a character that no header may have`,
    evidence: "nothing was sent"
  })

/** The failure of a configured header that no header may be. */
export const badSetting = (target: Target, name: string): Failure =>
  new Transient({
    target: target.key,
    reason: "Local",
    message: `the configured header ${name} of the provider holds a character that no header may have`,
    evidence: "nothing was sent"
  })

/** The failure of a key that no header can carry. */
export const badKey = (target: Target): Failure =>
  new AuthDead({
    target: target.key,
    reason: "InvalidKey",
    message: "the key holds a character that no header may have, such as a line break",
    evidence: "nothing was sent"
  })
