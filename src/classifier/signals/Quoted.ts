/**
 * Removes what an error quotes of the request. A provider that refuses a message, a name or a value often repeats it, and a
 * conversation may contain the error messages of other programs.
 */

/** A quotation after a word that names a part of a request; it ends with its line at the latest. */
const quoted =
  /(?<=\b(?:contents?|messages?[.[ ]{0,2}\d{1,4}\]?[\w.]{0,40}|function|tools?|description|name|named|called|values?|field|property|schema|string|role|arguments?|parameter|text|input(?:_value)?|prompt|query|user|got)["'`]?[ :=({]{1,3})(["'`])((?:(?!\1)[^\n])*)\1?/gi

/** A quotation at the beginning of the text, followed by a statement about it. */
const subject = /^(["'`])((?:(?!\1)[^\n]){1,200})\1(?= (?:does|is|are|must|should|has|cannot|can)\b)/i

/**
 * The text with `…` in place of such quotations of several words. Names of one word may be the provider's own.
 *
 * @example
 * import { withoutQuoted } from "./Quoted.ts"
 *
 * withoutQuoted("Invalid content: 'HTTP 401: no'") // => "Invalid content: …"
 */
export const withoutQuoted = (text: string): string => text.replace(quoted, masked).replace(subject, masked)

const masked = (whole: string, _: string, inner: string): string => (/\s/.test(inner.trim()) ? "…" : whole)
