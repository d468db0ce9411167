/** The prompt caches of targets: how much of each conversation a target has read, and until when it keeps that. */

interface Kept {
  readonly tokens: number
  readonly until: number
}

/** The caches of all targets. The part of a conversation that a target has read recently comes from its cache. */
export class PromptCaches {
  readonly #lasts: number
  /** By target and conversation, in the order of their last use. */
  readonly #kept = new Map<string, Kept>()

  /** `lasts`: how long an entry is kept after its last use, in milliseconds. */
  constructor(lasts: number) {
    this.#lasts = lasts
  }

  /** A target reads a prompt of `tokens` tokens; returns how many of them come from its cache. */
  read(target: string, conversation: number, tokens: number, now: number): number {
    const key = `${conversation} ${target}`
    const known = this.#kept.get(key)
    const cached = known === undefined || known.until < now ? 0 : Math.min(known.tokens, tokens)
    this.#kept.delete(key)
    this.#kept.set(key, { tokens: Math.max(tokens, cached), until: now + this.#lasts })
    this.#forget(now)
    return cached
  }

  #forget(now: number): void {
    for (const [key, { until }] of this.#kept) {
      if (until >= now) return
      this.#kept.delete(key)
    }
  }
}
