/** Which turn of which conversation a request is: said in its prompt, where it outlives every translation. */

import { type FaultName, faultNames } from "../faults/Faults.ts"

/** One turn of a conversation. `number` counts from 0. */
export interface Turn {
  readonly conversation: number
  readonly number: number
  /** Tokens in its prompt. */
  readonly prompt: number
  /** What every target answers it; `undefined` where that is up to them. */
  readonly own?: FaultName | undefined
}

/** The words of its prompt. */
export const say = ({ conversation, number, own, prompt }: Turn): string =>
  `Conversation ${conversation}, turn ${number}, ${prompt} tokens${own === undefined ? "" : ` (${own})`}: what holds when one of you fails?`

const words = /Conversation (\d+), turn (\d+), (\d+) tokens(?: \((\w+)\))?/

/** The turn that a request's body tells of. */
export const read = (body: string): Turn => {
  const [, conversation = 0, number = 0, prompt = 0, named] = words.exec(body) ?? []
  const own = faultNames.find((name) => name === named)
  return { conversation: Number(conversation), number: Number(number), prompt: Number(prompt), own }
}
