/** The options of the command. */
import { parseArgs } from "node:util"

/** The options of the benchmark. */
export interface Options {
  /** Rounds of each system and payload. */
  readonly rounds: number
  /** Seconds of load in a round. */
  readonly seconds: number
  /** The number of connections of the load. */
  readonly connections: number
  /** Answers over one connection in a round. */
  readonly single: number
  /** With Portkey's gateway. */
  readonly portkey: boolean
  /** Only the translated payloads. */
  readonly translated: boolean
  /** The folder of another version, with which the cost of a request is compared. */
  readonly against: string | undefined
  /** The length of the soak, in milliseconds. With it only the soak runs, without it there is none. */
  readonly soak: number | undefined
  /** Only the gateway with hostile providers and clients. */
  readonly hostile: boolean
  /** The size of an answer in single bytes, and the number of concurrent large bodies; for `hostile`. */
  readonly mib: number
  readonly bodies: number
}

export const usage = `npm run bench:gateway -- [options]

  --rounds N        rounds of each system and payload (5)
  --seconds N       seconds of load in a round (4)
  --connections N   connections of the load (16)
  --single N        answers over one connection in a round (200)
  --no-portkey      without Portkey's gateway, which npm installs otherwise
  --translated      only the translated payloads
  --against FOLDER  instead of all this: the cost of a request, compared with another version in the folder, even on a busy machine
  --soak DURATION   instead of all this: the gateway's memory under full load, for "10m"
  --hostile         instead of all this: memory and pauses with hostile providers and clients (needs no other program)
  --mib N           for --hostile: the size of an answer in chunks of one byte (64)
  --bodies N        for --hostile: concurrent bodies of 33 MB (50)`

/** Reads the command line. Throws a `RangeError` or `TypeError` that says what is wrong. */
export const read = (args: ReadonlyArray<string>): Options => {
  const { values } = parseArgs({
    args: [...args],
    allowNegative: true,
    options: {
      rounds: { type: "string", default: "5" },
      seconds: { type: "string", default: "4" },
      connections: { type: "string", default: "16" },
      single: { type: "string", default: "200" },
      portkey: { type: "boolean", default: true },
      translated: { type: "boolean", default: false },
      against: { type: "string" },
      soak: { type: "string" },
      hostile: { type: "boolean", default: false },
      mib: { type: "string", default: "64" },
      bodies: { type: "string", default: "50" }
    }
  })
  const positive = (name: "rounds" | "seconds" | "connections" | "single" | "mib" | "bodies"): number => {
    const number = Number(values[name])
    if (!Number.isInteger(number) || number < 1)
      throw new RangeError(`--${name} is a whole number above zero`)
    return number
  }
  return {
    rounds: positive("rounds"),
    seconds: positive("seconds"),
    connections: positive("connections"),
    single: positive("single"),
    portkey: values.portkey,
    translated: values.translated,
    against: values.against,
    soak: values.soak === undefined ? undefined : durationOf(values.soak),
    hostile: values.hostile,
    mib: positive("mib"),
    bodies: positive("bodies")
  }
}

const units: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 }

const durationOf = (text: string): number => {
  const [, number, unit = ""] = /^(\d+)([smh])$/.exec(text) ?? []
  const millis = Number(number) * (units[unit] ?? Number.NaN)
  if (!(millis > 0)) throw new RangeError("--soak is a duration, such as 30s or 10m")
  return millis
}
