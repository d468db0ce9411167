/** The command line as a process of its own. */
import { type ChildProcess, spawn } from "node:child_process"
import { join, resolve } from "node:path"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/** The project's folder. */
export const root = resolve(import.meta.dirname, "../..")

/** The timeout of a test that starts processes, in milliseconds. On a busy machine each takes seconds to start. */
export const processes = 300_000

/** A running command. */
export interface Running {
  readonly process: ChildProcess
  /** Its output so far. */
  readonly stdout: () => string
  readonly stderr: () => string
  /** Its exit code, once it has ended. */
  readonly exit: Effect.Effect<number | null>
  /** Waits for a pattern on standard output, or in its log on standard error. Returns the match of the pattern's first group. */
  readonly says: (pattern: RegExp) => Effect.Effect<string>
}

/** Starts the command line from its sources. It is killed with the scope if it still runs. */
export const start = (
  args: ReadonlyArray<string>,
  options: {
    readonly input?: string
    readonly env?: Readonly<Record<string, string>>
    /** An open file that receives its standard error instead of `stderr`. */
    readonly stderrTo?: number
  } = {}
): Effect.Effect<Running, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => {
        const child = spawn(join(root, "node_modules/.bin/node"), [join(root, "src/cli/main.ts"), ...args], {
          env: { ...process.env, ...options.env },
          stdio: ["pipe", "pipe", options.stderrTo ?? "pipe"]
        })
        child.stdin?.on("error", () => {})
        child.stdin?.end(options.input ?? "")
        return child
      }),
      (child) => Effect.sync(() => child.kill("SIGKILL"))
    ),
    (child) => {
      let stdout = ""
      let stderr = ""
      child.stdout?.on("data", (part) => (stdout += part))
      child.stderr?.on("data", (part) => (stderr += part))
      const exit = new Promise<number | null>((resolve) => child.on("close", resolve))
      return {
        process: child,
        stdout: () => stdout,
        stderr: () => stderr,
        exit: Effect.promise(() => exit),
        says: (pattern) =>
          Effect.callback<string>((resume) => {
            const look = () => {
              const match = pattern.exec(stdout) ?? pattern.exec(stderr)
              if (match !== null) resume(Effect.succeed(match[1] ?? match[0]))
            }
            look()
            child.stdout?.on("data", look)
            child.stderr?.on("data", look)
            child.on("close", () =>
              resume(Effect.die(new Error(`it ended without printing ${pattern}:\n${stdout}\n${stderr}`)))
            )
          })
      }
    }
  )

/** Runs a command to its end. */
export const run = (args: ReadonlyArray<string>, options?: Parameters<typeof start>[1]) =>
  Effect.scoped(
    Effect.gen(function* () {
      const running = yield* start(args, options)
      const code = yield* running.exit
      return { code, stdout: running.stdout(), stderr: running.stderr() }
    })
  )
