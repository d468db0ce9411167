/** Sentences about requests, prompts and answers that are too large. */
import { contextSentences } from "../../words/ContextErrors.ts"
import { type Row, rows } from "./Row.ts"

/** Too large, measured in something other than tokens. */
export const tooLarge: ReadonlyArray<Row> = [
  ...rows(
    "TooLarge",
    "https://docs.anthropic.com/en/api/errors; https://ai.google.dev/gemini-api/docs/troubleshooting",
    /\bpayload[^.]{0,30}(too large|exceeds)/,
    /\b(request|body|content|message|entity|file|image|document|pdf|audio|upload|attachment)s?( \w+){0,3} (size )?(too large|too big|exceeds?|exceeded|larger than|limit)[^.]{0,80}\b(bytes?|[kmg]i?b|megabytes?|pixels?)\b/,
    /\b(exceeds?|exceeded|exceeding|over|limit of|maximum( allowed)?( size)?( of)?|larger than|up to)[^.]{0,60}\d ?(bytes?|[kmg]i?b|megabytes?)\b/,
    /\b(number of|maximum|max|limit)[^.]{0,30}\bbytes\b/,
    /\bimage(s)?('s)? (dimensions?|size|width|height)[^.]{0,40}(exceed|too large|larger|too big|max)/,
    /\b(dimensions?|size|width|height|resolution) of (the|an|your)( \w+)? (image|file|document|audio|video)s?[^.]{0,20}\b(exceeds?|is too large|is larger|too big)\b/,
    /\b(exceed|exceeds|larger than|max allowed size)[^.]{0,60}\bpixels\b/,
    /\bimages?( \w+){0,3} (must|should|may|can|cannot)[^.]{0,40}\bpixels\b/,
    /\b(request|body|content) entity (is )?too large/,
    /\brequest exceeds the maximum (allowed )?size\b/,
    /\bmaximum of [\d,]+ (pdf )?pages\b/,
    /\bmaximum request body size\b/,
    // https://www.kimi.com/code/docs/en/kimi-code/error-reference.html
    /\btotal message size [\d,]+ exceeds limit\b/,
    /\bsize exceeds (the )?upload limit\b/,
    // gRPC
    /\breceived message larger than max\b/
  ),
  ...rows(
    "TooLarge",
    "https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModel.html (Body: 25,000,000 bytes)",
    /value at `?body`? failed to satisfy constraint: member must have length less than/
  )
]

/** The prompt does not fit the window. */
export const context: ReadonlyArray<Row> = contextSentences.map((row) => ({ as: "ContextExceeded", ...row }))

/** More output requested than the model may write. */
export const outputCeiling: ReadonlyArray<Row> = [
  ...rows(
    "MaxTokens",
    "https://docs.anthropic.com/en/api/errors; https://platform.openai.com/docs/guides/error-codes; https://www.scaleway.com/en/docs/generative-apis/troubleshooting/fixing-common-issues (416)",
    /\bmaximum (allowed )?(number of )?(output|completion|generated|new) tokens\b/,
    /\bat most [\d,]+ (completion|output|new) tokens\b/,
    /\bmax[_ ]((output|completion|new)[_ ])?tokens`? (is |are |value )?(too (large|high|big)|exceeds?|must be (less|<=|<|between|in|at most)|should be|cannot (be|exceed)|can't|may not|must not exceed|>|greater|larger|above)/,
    /\bmax_(output_|completion_|new_)?tokens`? > [\d,]+/,
    /\b(invalid|range of|value of|valid range of|limit of|supported)( \w+)? `?max_(output_|completion_|new_)?tokens\b/,
    /\bmax_?output_?tokens( value)?( of [\d,]+)?[^.]{0,60}\b(range|exceeds?|maximum|up to|limit|supported|too)/,
    /\bmax_(output_|completion_|new_)?tokens`?[^.]{0,60}\b(exceeds?|exceeded|exceed|maximum|too large|upper limit)\b/,
    /\b(exceeds?|exceed|over|above)[^.]{0,40}\b(output|completion|generation) (token )?(limit|tokens?)/,
    /\bmax_?(output_?|completion_?|new_?)?tokens`?( \[?[\d,]+\]?)? (must|should|has to) be (strictly )?(greater|larger|more|higher) than\b([^.]{0,20}\b(thinking|reasoning|budget)| …)/,
    /\b(thinking|reasoning)[·_ ]?budget\w*`?[^.]{0,30}\b(must|should) be (less|smaller|lower) than[^.]{0,20}max_?\w*tokens\b/,
    /\bmaximum tokens you requested exceeds\b/,
    /\bmax_(output_|completion_|new_)?tokens`? is limited for\b/,
    /\bmaximum (value )?(for|of) `?max_(\w+_)?tokens\b/,
    /\bmax_?(output_?|completion_?|new_?)?tokens`?( value)?[^.]{0,30}(\b(between|out of range|no (greater|more) than|at most|less than|not exceed|in the range|within)\b|超)/,
    /\b(maximum|max) (output|completion) (length|tokens?) (is|of|limit)/
  )
]

/** Too large, without a unit. */
export const tooLargeUnitless: ReadonlyArray<Row> = rows(
  "TooLarge",
  "RFC 9110 section 15.5.14",
  /\b(body|payload|entity|file|image|upload|document)s? (is |are )?too (large|big)\b/
)
