/** The classifier: from what is known of a failed call to one failure, and the redaction of what providers echo. */

export * as Redaction from "../redaction/Redaction.ts"
export * as Classifier from "./Classifier.ts"
export * as RetryAfter from "./RetryAfter.ts"
export * as TransportErrors from "./signals/TransportErrors.ts"
