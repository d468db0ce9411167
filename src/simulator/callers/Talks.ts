/** The conversations that requests are turns of. */
import type * as Random from "effect/Random"
import type { Scenario } from "../scenario/Scenario.ts"
import type { Turn } from "../world/Turn.ts"

/** A turn that is asked now. */
export interface Next extends Turn {
  /** No other turn of its conversation follows. */
  readonly isLast: boolean
  readonly model: string
  readonly stream: boolean
}

/** Who asks. */
export interface Talking {
  /** Whose turn it is now. */
  next(): Next
  /** A turn has been answered, or has failed. */
  done(turn: Next): void
}

/** The requests of a scenario, or of the log that it replays. */
export const of = (scenario: Scenario, chance: Random.Random): Talking => {
  const { replay, tokens } = scenario
  if (replay === undefined) return new Talks(scenario, chance)
  let number = 0
  return {
    next: () => ({ ...replay.requests[number]!, number: number++, prompt: tokens.prompt }),
    done: () => {}
  }
}

/** Chooses whose turn it is. A conversation waits for its answer before it goes on. */
class Talks implements Talking {
  readonly #scenario: Scenario
  readonly #chance: Random.Random
  /** Between two turns: the conversation, and how many it has had. */
  readonly #idle: Array<{ readonly conversation: number; readonly turns: number }> = []
  #begun = 0
  /** So many take part at once, for the mean pause to be what the scenario says. */
  readonly #open: number
  #taking = 0

  constructor(scenario: Scenario, chance: Random.Random) {
    this.#scenario = scenario
    this.#chance = chance
    const { conversations, perSecond } = scenario
    this.#open =
      conversations === undefined ? 0 : Math.max(1, Math.round((perSecond * conversations.pause) / 1000))
  }

  next(): Next {
    const { conversations, model, stream, tokens } = this.#scenario
    const { grows, turns } = conversations ?? { grows: 0, turns: 1 }
    const { conversation, turns: number } = this.#draw() ?? { conversation: this.#begun++, turns: 0 }
    return {
      conversation,
      number,
      prompt: tokens.prompt + number * grows,
      isLast: number + 1 >= turns,
      model,
      stream
    }
  }

  done({ conversation, isLast, number }: Next): void {
    if (this.#open === 0) return
    if (isLast) this.#taking--
    else this.#idle.push({ conversation, turns: number + 1 })
  }

  /** One that is between two turns; `undefined` where a new one begins instead. */
  #draw() {
    if (this.#taking < this.#open || this.#idle.length === 0) {
      this.#taking++
      return undefined
    }
    const place = Math.floor(this.#chance.nextDoubleUnsafe() * this.#idle.length)
    const drawn = this.#idle[place]
    const last = this.#idle.pop()
    if (last !== undefined && last !== drawn) this.#idle[place] = last
    return drawn
  }
}
