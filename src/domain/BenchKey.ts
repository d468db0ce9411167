/**
 * What can be benched: a target, a credential with all its models, a model with all its credentials, or a provider.
 *
 * A key is one string:
 *
 * | key | what is benched |
 * | --- | --- |
 * | `openai/gpt-5.2#backup` | one target |
 * | `openai#backup` | a credential, with all its models |
 * | `openai/gpt-5.2` | a model, with all its credentials |
 * | `openai` | a provider |
 */
import type { Scope } from "../policy/Rule.ts"

/** A bench key as a string. */
export type BenchKey = string

/** The parts of a key. */
export interface Parts {
  readonly provider: string
  readonly model?: string | undefined
  readonly credential?: string | undefined
}

/** Formats a key. */
export const format = ({ credential, model, provider }: Parts): BenchKey =>
  (model === undefined ? provider : `${provider}/${model}`) +
  (credential === undefined ? "" : `#${credential}`)

/**
 * Parses a key; `undefined` when the text is not one. The text after the last `#` is the credential if it has the form of a
 * credential's name; otherwise the `#` is part of the model's name.
 */
export const parse = (text: string): Parts | undefined => {
  const match = /^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\/(.+?))?(?:#([A-Za-z0-9][A-Za-z0-9._-]*))?$/s.exec(
    text.trim()
  )
  return match === null ? undefined : { provider: match[1]!, model: match[2], credential: match[3] }
}

/** The kind of thing that a key names. */
export const scopeOf = ({ credential, model }: Parts): Scope =>
  model === undefined
    ? credential === undefined
      ? "provider"
      : "credential"
    : credential === undefined
      ? "model"
      : "target"
