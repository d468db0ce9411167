/**
 * Removes half characters from JSON. A program that cuts a text by UTF-16 units leaves half an emoji, `"\ud83d"`, which JavaScript
 * accepts and strict parsers refuse together with the whole body: `The request body is not valid JSON: no low surrogate in
 * string`. As part of a conversation it would be refused with each turn.
 *
 * https://github.com/anthropics/claude-code/issues/2108
 */

/**
 * The JSON text with the replacement character for each half character; the same text if there are none. `json` is as
 * `JSON.stringify` writes it: of all characters from U+D800 to U+DFFF only halves are escaped.
 *
 * @example
 * withoutHalves('{"text":"cut \\ud83d"}') // => '{"text":"cut \ufffd"}'
 * withoutHalves('{"text":"a path \\\\ud83d"}') // => '{"text":"a path \\\\ud83d"}'
 */
export const withoutHalves = (json: string): string =>
  json.includes("\\ud") ? json.replaceAll(half, "$1\ufffd") : json

/** A backslash before an escape may be escaped itself. The look behind keeps many of them in a row from being counted again and again. */
const half = /(?<!\\)((?:\\\\)*)\\ud[89a-f][0-9a-f]{2}/g
