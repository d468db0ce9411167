/** Which turn of which conversation a request is: said in its prompt, where it outlives every translation. */

/** One turn of a conversation. `number` counts from 0. */
export interface Turn {
  readonly conversation: number
  readonly number: number
  /** Tokens in its prompt. */
  readonly prompt: number
}

/** The words of its prompt. */
export const say = ({ conversation, number, prompt }: Turn): string =>
  `Conversation ${conversation}, turn ${number}, ${prompt} tokens: what holds when one of you fails?`

const words = /Conversation (\d+), turn (\d+), (\d+) tokens/

/** The turn that a request's body tells of. */
export const read = (body: string): Turn => {
  const [, conversation = 0, number = 0, prompt = 0] = words.exec(body) ?? []
  return { conversation: Number(conversation), number: Number(number), prompt: Number(prompt) }
}
