/**
 * Tells secrets apart without storing them: a dead key is benched by its secret, not by its name, so that a new secret under
 * the same name is called at once.
 *
 * A fingerprint is 32 bits of SHA-256 over a fixed label, the name of the credential and the secret. It may be saved
 * and shared: the secret cannot be derived from it, because an API key has more than a hundred random bits of which 32
 * bits of a hash leave all but one in four billion possible, and the label keeps it from being looked up in a table of
 * other hashes. A new secret that happens to have the fingerprint of the old one (1 in 4 billion) stays benched as if it
 * were the old one.
 */
import * as Redacted from "effect/Redacted"
import type { Credential } from "../../domain/Credential.ts"
import { sha256 } from "../../util/Sha256.ts"

/** The fingerprint of a credential without a secret. */
export const keyless = "none"

const known = new WeakMap<Credential, string>()

/** The fingerprint of a credential's secret, computed on first use. */
export const of = (credential: Credential): string => {
  let fingerprint = known.get(credential)
  if (fingerprint === undefined) {
    const { apiKey, name } = credential
    fingerprint =
      apiKey === undefined
        ? keyless
        : sha256(`effect-failover bench 1\0${name}\0${Redacted.value(apiKey)}`).slice(0, 8)
    known.set(credential, fingerprint)
  }
  return fingerprint
}
