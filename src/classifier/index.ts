/** The classifier: from what is known of a failed call to one failure, and the redaction of what providers echo. */
export * as Classifier from "./Classifier.ts"
export * as Redaction from "./Redaction.ts"
export * as RetryAfter from "./RetryAfter.ts"
export * as Transport from "./Transport.ts"
