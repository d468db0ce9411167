/** The process of the providers, seen from the run. */
import { fork } from "node:child_process"
import { fileURLToPath } from "node:url"
import type { Ledger } from "./ledger.ts"
import type { Order, Report } from "./messages.ts"
import { type Member, members } from "./world.ts"

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
