/** Makes requests the turns of conversations. */
import type * as Random from "effect/Random"
import type { Scenario } from "../scenario/Scenario.ts"
import type { Turn } from "../world/Turn.ts"

/** The turn that the next request is. */
export interface Next extends Turn {
  /** Whether it is the last turn of its conversation. */
  readonly isLast: boolean
  readonly model: string
  readonly stream: boolean
}

/** The conversations of the callers. */
export interface Conversations {
  /** The turn of the next request. */
  next(): Next
  /** A turn has been answered, or has failed. */
  done(turn: Next): void
}

/** The requests of a scenario, or of the log that it replays. */
export const of = (scenario: Scenario, chance: Random.Random): Conversations => {
  const { replay, tokens } = scenario
  if (replay === undefined) return new DrawnConversations(scenario, chance)
  let number = 0
  return {
    next: () => ({ ...replay.requests[number]!, number: number++, prompt: tokens.prompt }),
    done: () => {}
  }
}

/** Chooses the conversation of each request. A conversation continues only after its answer. */
class DrawnConversations implements Conversations {
  readonly #scenario: Scenario
  readonly #chance: Random.Random
  /** Conversations between two turns, and how many turns they have had. */
  readonly #idle: Array<{ readonly conversation: number; readonly turns: number }> = []
  #begun = 0
  /** How many conversations are open at once, so that the mean pause is that of the scenario. */
  readonly #open: number
  #current = 0

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
    if (isLast) this.#current--
    else this.#idle.push({ conversation, turns: number + 1 })
  }

  /** A conversation between two turns; `undefined` if a new one begins instead. */
  #draw() {
    if (this.#current < this.#open || this.#idle.length === 0) {
      this.#current++
      return undefined
    }
    const place = Math.floor(this.#chance.nextDoubleUnsafe() * this.#idle.length)
    const drawn = this.#idle[place]
    const last = this.#idle.pop()
    if (last !== undefined && last !== drawn) this.#idle[place] = last
    return drawn
  }
}
