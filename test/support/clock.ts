/** Virtual time that does not depend on how fast the machine is. */
import * as TestClock from "effect/testing/TestClock"

/**
 * By default the clock goes on when a fiber that it woke has been running for a second of real time. On a busy machine that
 * happens, and then a test sees other times than on a quiet one.
 */
export const patientClock = TestClock.layer({ warningDelay: "1 hour" })
