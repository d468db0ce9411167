/** The classifier, which turns a failed call into one failure, and the redaction of secrets that providers echo. */

export * as Redaction from "../redaction/Redaction.ts"
export * as Classifier from "./Classifier.ts"
export * as RetryAfter from "./RetryAfter.ts"
export * as TransportErrors from "./signals/TransportErrors.ts"
