/**
 * What can be benched: a target, a credential with all its models, a model with all its credentials, a provider.
 *
 * Written as one string, the way people type it:
 *
 * | key | what is benched |
 * | --- | --- |
 * | `openai/gpt-5.2#backup` | one target |
 * | `openai#backup` | a credential, with all its models |
 * | `openai/gpt-5.2` | a model, with all its credentials |
 * | `openai` | a provider |
 */
import type { Scope } from "../policy/Rule.ts"

/** A key in the form people read and type. */
export type BenchKey = string

/** The parts of a key. */
export interface Parts {
  readonly provider: string
  readonly model?: string | undefined
  readonly credential?: string | undefined
}

/** Writes a key. */
export const format = ({ credential, model, provider }: Parts): BenchKey =>
  (model === undefined ? provider : `${provider}/${model}`) +
  (credential === undefined ? "" : `#${credential}`)

/**
 * Reads a key; `undefined` when it is none. A `#` inside a model's name is taken as part of the model unless what
 * follows the last one looks like a credential's name.
 */
export const parse = (text: string): Parts | undefined => {
  const match = /^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\/(.+?))?(?:#([A-Za-z0-9][A-Za-z0-9._-]*))?$/s.exec(
    text.trim()
  )
  return match === null ? undefined : { provider: match[1]!, model: match[2], credential: match[3] }
}

/** What kind of thing a key names. */
export const scopeOf = ({ credential, model }: Parts): Scope =>
  model === undefined
    ? credential === undefined
      ? "provider"
      : "credential"
    : credential === undefined
      ? "model"
      : "target"
