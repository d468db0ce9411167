/**
 * Redacts keys and tokens in text from providers. Providers echo keys, whole or in part, and such text ends up in
 * logs, errors and answers.
 *
 * Every pattern runs once over the text with bounded look-ahead, so the time is linear in its length.
 */
import * as Secrets from "./Secrets.ts"

/** The text that replaces a secret. */
export const replacement = Secrets.replacement

interface Rule {
  readonly pattern: RegExp
  readonly replace: string | ((...groups: ReadonlyArray<string>) => string)
  /** What the pattern matches, or who issues such keys. */
  readonly source: string
}

/** True for mixed letters and digits, masked characters or long tokens: what a key looks like and a word does not. */
const looksSecret = (token: string): boolean =>
  /[*•]{2,}|\.{3}|…/.test(token) ||
  (token.length >= 8 && /\d/.test(token) && /[A-Za-z]/.test(token)) ||
  token.length >= 24

const rules: ReadonlyArray<Rule> = [
  {
    source: "user and password in a URL (RFC 3986 section 3.2.1)",
    pattern: /(\b[a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/@:"']{0,200}:[^\s/@"']{1,400}@/gi,
    replace: `$1${replacement}@`
  },
  {
    source: "Authorization values (RFC 6750, RFC 7617)",
    pattern: /\b(bearer|basic|token)(\s{1,4}|%20)(["'`]?)([A-Za-z0-9._~+/=*•…-]{6,4096})/gi,
    replace: (whole, scheme, gap, quote, token) =>
      /^bearer$/i.test(scheme!)
        ? looksSecret(token!) || token!.length >= 12
          ? `${scheme}${gap}${quote}${replacement}`
          : whole!
        : looksSecret(token!) && token!.length >= 12
          ? `${scheme}${gap}${quote}${replacement}`
          : whole!
  },
  {
    source:
      "prefixes of OpenAI, Anthropic, OpenRouter, DeepSeek, Groq, xAI, Hugging Face, Replicate, NVIDIA, Fireworks, Cerebras, Perplexity, Together, GitHub, GitLab, Slack, Stripe, Moonshot",
    pattern:
      /\b(?:sk|pk|rk|ak|gsk|xai|hf|r8|nvapi|fw|fpk|csk|pplx|tgp|tvly|ghp|gho|ghu|ghs|ghr|github_pat|glpat|xox[abprs]|api|key|msk|fk|vck|cpk|dop)[-_](?:[A-Za-z0-9*•…_-]|\.{2,6}(?=[A-Za-z0-9*])){3,4096}/g,
    replace: (whole) =>
      looksSecret(whole!) || /^(?:sk|gsk|xai|nvapi|pplx|csk|hf|r8|ak)[-_]/.test(whole!) ? replacement : whole!
  },
  {
    source: "Google API keys and access tokens",
    pattern: /\b(?:AIza|ya29\.|AQ\.)[\w*•….-]{6,4096}/g,
    replace: replacement
  },
  {
    source: "AWS access key ids",
    pattern: /\b(?:AKIA|ASIA|ABSK)[A-Za-z0-9+/=]{12,2048}/g,
    replace: replacement
  },
  {
    source: "JSON web tokens (RFC 7519)",
    pattern: /\beyJ[\w-]{8,4096}(?:\.[\w-]{2,4096}){0,3}/g,
    replace: replacement
  },
  {
    source: 'a named secret: api_key=…, "token": "…", key provided: …',
    pattern:
      /\b((?:x-)?(?:api|access|secret|subscription|auth|private|session)?[-_ ]?(?:key|token|secret|password|passwd|signature|authorization)(?:[-_ ](?:id|hash|provided|received))?(?: \([a-z]{1,12}\))?["'`]{0,2}\s{0,3}(?:[:=]|is|was|provided:?)\s{0,3}["'`(]{0,2})([A-Za-z0-9_\-./+=*•…]{4,4096})/gi,
    replace: (whole, name, token) => (looksSecret(token!) ? `${name}${replacement}` : whole!)
  },
  {
    source: "a secret in a query string",
    pattern: /([?&](?:api[-_]?key|key|token|access_token|secret|sig|signature|code)=)[^&\s"'<>]{1,4096}/gi,
    replace: `$1${replacement}`
  },
  {
    source: "fragments around stars: xa***xx",
    pattern: /[A-Za-z0-9_-]{0,64}[*•]{3,64}[A-Za-z0-9_-]{0,64}/g,
    replace: replacement
  },
  {
    source: "long strings of letters and digits, such as keys without a prefix (not UUIDs)",
    pattern: /\b(?=[A-Za-z0-9_]{0,64}\d)(?=[A-Za-z0-9_]{0,64}[A-Za-z])[A-Za-z0-9_]{32,4096}\b/g,
    replace: (whole) => (/^[a-z]+(?:_[a-z0-9]+){2,}$/.test(whole!) ? whole! : replacement)
  }
]

/** Longer text is cut to this many characters before it is redacted. */
const maxText = 64 * 1024

/**
 * The text without keys, bearer tokens, passwords in URLs and long random strings. Text over 64 KiB is cut.
 *
 * **Gotchas**
 *
 * - A secret that looks like a word is not recognized; use {@link redactSecrets} if the secrets are known.
 *
 * @example
 * import { Redaction } from "effect-failover/classifier"
 *
 * Redaction.redact("Incorrect API key provided: sk-abc123.") // => "Incorrect API key provided: [redacted]."
 */
export const redact = (text: string): string => {
  let result = text.length > maxText ? text.slice(0, maxText) : text
  for (const rule of rules) {
    const by = rule.replace
    result = typeof by === "string" ? result.replace(rule.pattern, by) : result.replace(rule.pattern, by)
  }
  return result
}

/**
 * The text with every occurrence of the given secrets redacted, in every spelling that {@link Secrets.Secrets} knows.
 * The text is not cut. For several texts, make a `Secrets` once.
 *
 * @example
 * import { Redaction } from "effect-failover/classifier"
 *
 * Redaction.redactSecrets("key tiger-lily refused", ["tiger-lily"]) // => "key [redacted] refused"
 */
export const redactSecrets = (text: string, secrets: ReadonlyArray<string>): string =>
  Secrets.make(secrets).text(text)

/** A redacted single line of at most `max` characters. */
export const excerpt = (text: string, max: number): string => {
  const line = redact(text.slice(0, max * 8))
    .replace(/\s+/g, " ")
    .trim()
  return line.length > max ? `${wellFormed(line.slice(0, max - 1))}…` : wellFormed(line)
}

/** Cutting may split a surrogate pair, and some providers send broken ones. */
const wellFormed = (text: string): string => text.replace(/\p{Surrogate}/gu, "\uFFFD")
