/** Load from wrk (https://github.com/wg/wrk): as many requests as a number of connections can carry. */
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { run } from "./child.ts"

/** The request, and its URL. */
export interface Request {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** The results of a run. */
export interface Load {
  readonly requests: number
  /** In seconds. */
  readonly duration: number
  /** Answers with another status than 2xx, and connections that broke. */
  readonly errors: number
}

let scripts = 0

/** Sends the request repeatedly over all connections for some seconds. */
export const load = async (
  request: Request,
  options: { readonly connections: number; readonly seconds: number; readonly folder: string }
): Promise<Load> => {
  const script = join(options.folder, `request-${scripts++}.lua`)
  await writeFile(script, lua(request))
  const { code, err, out } = await run("wrk", [
    ...["-t", "1", "-c", String(options.connections), "-d", `${options.seconds}s`],
    ...["--timeout", "10s", "-s", script, request.url]
  ])
  const told = /^result (\d+) (\d+) (\d+)$/m.exec(out)
  if (code !== 0 || told === null) throw new Error(`wrk failed: ${err}${out}`)
  return { requests: Number(told[1]), duration: Number(told[2]) / 1e6, errors: Number(told[3]) }
}

const lua = ({ body, headers }: Request): string =>
  [
    'wrk.method = "POST"',
    `wrk.body = ${quoted(body)}`,
    ...Object.entries(headers).map(([name, value]) => `wrk.headers[ ${quoted(name)} ] = ${quoted(value)}`),
    "function done(summary)",
    "  local e = summary.errors",
    "  local errors = e.connect + e.read + e.write + e.status + e.timeout",
    '  print(string.format("result %d %d %d", summary.requests, summary.duration, errors))',
    "end"
  ].join("\n")

const quoted = (text: string): string => `[==[${text}]==]`
