/** Tables in Markdown, and whether the aims are reached. */
import type { Payload } from "./payload.ts"
import type { Measured } from "./rounds.ts"

/** The most that the gateway may add at the median over one connection, in milliseconds. */
const addedAim = 0.35

/** The most by which the first content of a stream may be later than without the gateway, in milliseconds. */
const contentAim = 1

const own = "effect-failover"

/** The table of one payload; the first row is the upstream itself. */
export const table = (payload: Payload, rows: ReadonlyArray<Measured>): string => {
  const [direct, ...others] = rows
  if (direct === undefined) return ""
  const what = payload.stream ? "first content" : "answer"
  const spread = (row: Measured) => (payload.stream ? row.content : row.whole)
  const line = (cells: ReadonlyArray<string>) => `| ${cells.join(" | ")} |`
  const added = (row: Measured, of: "p50" | "p99") => signed(spread(row)[of] - spread(direct)[of])
  return [
    `### ${payload.title}`,
    "",
    line(["", "requests/s", "CPU-ms per request", `${what}, p50 ms`, "p99 ms", "memory MB", "errors"]),
    line(["---", "--:", "--:", "--:", "--:", "--:", "--:"]),
    line([
      direct.system.name,
      whole(direct.perSecond),
      "–",
      spread(direct).p50.toFixed(2),
      spread(direct).p99.toFixed(2),
      "–",
      String(direct.errors)
    ]),
    ...others.map((row) =>
      line([
        row.system.name,
        whole(row.perSecond),
        row.cpu.toFixed(3),
        added(row, "p50"),
        added(row, "p99"),
        whole(row.memory),
        String(row.errors)
      ])
    ),
    "",
    ...aims(payload, rows)
  ].join("\n")
}

const whole = (n: number): string => n.toFixed(0)

const signed = (n: number): string => `${n < 0 ? "" : "+"}${n.toFixed(2)}`

/** One line for each aim, with its result. */
export const aims = (payload: Payload, rows: ReadonlyArray<Measured>): ReadonlyArray<string> => {
  const direct = rows[0]
  const ours = rows.find(({ system }) => system.name === own)
  if (direct === undefined || ours === undefined) return []
  const lines: Array<string> = []
  const judge = (text: string, is: number, most: number) =>
    lines.push(`- ${text}: at most ${most}, is ${is.toFixed(3)}: ${is <= most ? "reached" : "**missed**"}`)
  if (payload.cpuAim !== undefined) judge("CPU-ms per request", ours.cpu, payload.cpuAim)
  if (payload.stream) {
    judge("first content later than directly, ms", ours.content.p50 - direct.content.p50, contentAim)
  } else {
    judge("added at p50 over one connection, ms", ours.whole.p50 - direct.whole.p50, addedAim)
  }
  return lines
}
