/** Keeps tokens as hashes: a hash recognizes its token, and cannot be used as one. */
import { hash } from "node:crypto"

const form = /^sha256:[0-9a-f]{64}$/

/** True for the hash of a token. */
export const isHash = (text: string): boolean => form.test(text)

/**
 * The hash of a token as text: `sha256:` and 64 hexadecimal digits. A hash stays as it is, so a config may
 * have the hash instead of the token.
 *
 * @example
 * of("a token") // => "sha256:e3316e2bafebb6103a3418e8778c0adc960d40213a03a7e7f4fcd3426ed807bf"
 */
export const of = (token: string): string => (isHash(token) ? token : `sha256:${hash("sha256", token)}`)

/** The 32 bytes of the hash. */
export const bytes = (token: string): Buffer => Buffer.from(of(token).slice("sha256:".length), "hex")
