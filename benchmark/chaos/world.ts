/** The providers, their keys and the chains of models. */
import type { Protocol } from "./replies.ts"

/** One provider. */
export interface Member {
  readonly name: string
  readonly protocol: Protocol
  /** It never fails. */
  readonly isSteady: boolean
  /** It has chats but no `/v1/responses`. */
  readonly hasResponses: boolean
}

export const members: ReadonlyArray<Member> = [
  { name: "oa", protocol: "openai", isSteady: false, hasResponses: true },
  { name: "ch", protocol: "openai", isSteady: false, hasResponses: false },
  { name: "an", protocol: "anthropic", isSteady: false, hasResponses: false },
  { name: "so", protocol: "openai", isSteady: true, hasResponses: true },
  { name: "sa", protocol: "anthropic", isSteady: true, hasResponses: false }
]

export const credentials = ["one", "two"]

/** A part of every key. It must not appear in any output. */
export const secret = "very-secret-key"

export const keyOf = (member: string, credential: string): string => `sk-${member}-${credential}-${secret}`

/** The chains. All but one end at a provider that never fails, so that their requests are answered. */
export const chains: Readonly<Record<string, ReadonlyArray<string>>> = {
  first: ["oa/m", "an/m", "so/m"],
  second: ["an/m", "ch/m", "sa/m"],
  third: ["ch/m", "oa/m", "sa/m"],
  fourth: ["an/m", "oa/m", "so/m"],
  short: ["oa/m", "so/m"],
  hopeless: ["oa/m", "an/m"]
}

/** Whether the chain has a provider that never fails. */
export const isSafe = (model: string): boolean => model !== "hopeless"
