/** The prompt caches of targets: how much of each conversation a target has read, and until when it keeps that. */

interface Kept {
  tokens: number
  until: number
}

/** The caches of all targets. The part of a conversation that a target has read recently comes from its cache. */
export class PromptCaches {
  readonly #lasts: number
  /** By target and conversation. */
  readonly #kept = new Map<string, Map<number, Kept>>()
  #clearedAt = Number.NEGATIVE_INFINITY

  /** `lasts`: how long an entry is kept after its last use, in milliseconds. */
  constructor(lasts: number) {
    this.#lasts = lasts
  }

  /** A target reads a prompt of `tokens` tokens; returns how many of them come from its cache. */
  read(target: string, conversation: number, tokens: number, now: number): number {
    if (now - this.#clearedAt > this.#lasts) this.#clear(now)
    let own = this.#kept.get(target)
    if (own === undefined) {
      own = new Map()
      this.#kept.set(target, own)
    }
    const known = own.get(conversation)
    if (known === undefined) {
      own.set(conversation, { tokens, until: now + this.#lasts })
      return 0
    }
    const cached = known.until < now ? 0 : Math.min(known.tokens, tokens)
    known.tokens = Math.max(tokens, cached)
    known.until = now + this.#lasts
    return cached
  }

  /** Drops what has expired. */
  #clear(now: number): void {
    this.#clearedAt = now
    for (const own of this.#kept.values()) {
      for (const [conversation, { until }] of own) if (until < now) own.delete(conversation)
    }
  }
}
