/**
 * What a process and its children have used, from /proc; so this works on Linux only.
 *
 * https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
 */
import { execFileSync } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"

/** CPU time spent and memory held. */
export interface Usage {
  /** User and system time of all processes of the tree, in milliseconds. */
  readonly cpu: number
  /** Resident memory of all of them, in megabytes. */
  readonly memory: number
}

const ticksPerSecond = Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }))
const bytesPerPage = Number(execFileSync("getconf", ["PAGESIZE"], { encoding: "utf8" }))

interface Stat {
  readonly parent: number
  readonly cpu: number
  readonly memory: number
}

/** The fields behind the name, which is in parentheses and may hold anything. */
const statOf = (pid: number): Stat | undefined => {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8")
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ")
    const number = (index: number) => Number(fields[index - 3])
    return {
      parent: number(4),
      cpu: ((number(14) + number(15)) * 1000) / ticksPerSecond,
      memory: (number(24) * bytesPerPage) / 1e6
    }
  } catch {
    return undefined // gone meanwhile
  }
}

/** What the process and all that it has started have used until now. */
export const usageOf = (pid: number): Usage => {
  const stats = new Map<number, Stat>()
  for (const name of readdirSync("/proc")) {
    const stat = /^\d+$/.test(name) ? statOf(Number(name)) : undefined
    if (stat !== undefined) stats.set(Number(name), stat)
  }
  const isOurs = (each: number): boolean => {
    if (each === pid) return true
    const parent = stats.get(each)?.parent
    return parent !== undefined && parent > 1 && isOurs(parent)
  }
  let cpu = 0
  let memory = 0
  for (const [each, stat] of stats) {
    if (!isOurs(each)) continue
    cpu += stat.cpu
    memory += stat.memory
  }
  return { cpu, memory }
}
