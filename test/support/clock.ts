/** Virtual time that does not depend on the speed of the machine. */
import * as TestClock from "effect/testing/TestClock"

/**
 * By default the clock advances when a fiber that it woke has run for a second of real time. That happens on a busy machine,
 * and then a test sees other times than on an idle one.
 */
export const patientClock = TestClock.layer({ warningDelay: "1 hour" })
