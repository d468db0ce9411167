/** Writes the turn of a request into its prompt, where it survives every translation, and reads it there. */

import { type FaultName, faultNames } from "../faults/Faults.ts"

/** One turn of a conversation. `number` counts from 0. */
export interface Turn {
  readonly conversation: number
  readonly number: number
  /** Tokens in its prompt. */
  readonly prompt: number
  /** The fault that every target returns for it; `undefined` if the targets decide. */
  readonly own?: FaultName | undefined
}

/** The text of its prompt. */
export const say = ({ conversation, number, own, prompt }: Turn): string =>
  `Conversation ${conversation}, turn ${number}, ${prompt} tokens${own === undefined ? "" : ` (${own})`}: what holds when one of you fails?`

const words = /Conversation (\d+), turn (\d+), (\d+) tokens(?: \((\w+)\))?/

/** The turn in a request's body. */
export const read = (body: string): Turn => {
  const [, conversation = 0, number = 0, prompt = 0, named] = words.exec(body) ?? []
  const own = faultNames.find((name) => name === named)
  return { conversation: Number(conversation), number: Number(number), prompt: Number(prompt), own }
}
