/** Tokens as what is kept of them: enough to know one when it comes, and nothing that could be used as one. */
import { hash } from "node:crypto"

const form = /^sha256:[0-9a-f]{64}$/

/** True for the hash of a token, from which nobody can read the token. */
export const isHash = (text: string): boolean => form.test(text)

/**
 * The hash of a token as text, `sha256:` and 64 hexadecimal digits. A text that is one already stays as it is, so a
 * config may hold the hash instead of the token.
 *
 * @example
 * of("a token") // => "sha256:e3316e2bafebb6103a3418e8778c0adc960d40213a03a7e7f4fcd3426ed807bf"
 */
export const of = (token: string): string => (isHash(token) ? token : `sha256:${hash("sha256", token)}`)

/** The 32 bytes of it. */
export const bytes = (token: string): Buffer => Buffer.from(of(token).slice("sha256:".length), "hex")
