/** What the run and the process of the providers send each other. */

/** A request that a provider received. Times are those of `clock.ts`. */
export interface Came {
  readonly id: number
  readonly nonce: string
  readonly target: string
  readonly fault: string | undefined
  /** When its provider had read it. */
  readonly began: number
  /** When its gateway made the call. */
  readonly sent: number
}

/** How such a request ended. */
export interface Over {
  readonly id: number
  readonly at: string
  readonly since: number
}

/** What the process reports every few milliseconds. */
export interface Report {
  /** Everything that arrived before this time is in this report or an earlier one. */
  readonly upTo: number
  readonly came: ReadonlyArray<Came>
  readonly over: ReadonlyArray<Over>
  /** Requests that each member has not answered yet. */
  readonly running: ReadonlyArray<number>
  /** The addresses of the members. Only in the first report. */
  readonly ports?: ReadonlyArray<number>
}

/** From now on no provider fails. */
export type Order = "clear"
