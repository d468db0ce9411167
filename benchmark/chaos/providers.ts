/** The process of the providers, seen from the run. */
import { fork } from "node:child_process"
import { fileURLToPath } from "node:url"
import type { Ledger } from "./ledger.ts"
import { type Member, members } from "./world.ts"

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

/** The address of a provider. */
export interface Standing {
  readonly member: Member
  readonly origin: string
}

export interface Providers {
  readonly standing: ReadonlyArray<Standing>
  /** From now on no provider fails. */
  readonly clear: () => void
  /** The number of unanswered requests of each provider. */
  readonly running: () => ReadonlyArray<readonly [name: string, count: number]>
  readonly stop: () => Promise<void>
}

/** Starts them. The ledger receives their reports, and `tally` the name of every fault. */
export const start = async (
  seed: number,
  ledger: Ledger,
  tally: (fault: string) => void
): Promise<Providers> => {
  const child = fork(fileURLToPath(new URL("providersProcess.ts", import.meta.url)), [String(seed)])
  let running: ReadonlyArray<number> = []
  const ports = await new Promise<ReadonlyArray<number>>((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`the process of the providers ended with ${code}`)))
    child.on("message", (report: Report) => {
      running = report.running
      for (const { fault } of report.came) if (fault !== undefined) tally(fault)
      ledger.read(report)
      if (report.ports !== undefined) resolve(report.ports)
    })
  })
  return {
    standing: members.map((member, index) => ({ member, origin: `http://127.0.0.1:${ports[index]}` })),
    clear: () => void child.send("clear" satisfies Order),
    running: () => members.map(({ name }, index) => [name, running[index] ?? 0]),
    stop: () =>
      new Promise((resolve) => {
        if (child.exitCode !== null || child.signalCode !== null) return resolve()
        child.once("exit", () => resolve())
        child.disconnect()
      })
  }
}
