/** Commands whose files are pipes. */
import { execFileSync, spawn } from "node:child_process"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { processes, root, run } from "../support/cli.ts"
import { folder } from "../support/files.ts"

const config = JSON.stringify({
  providers: { a: { protocol: "openai", credentials: [{ name: "k", apiKey: "sk-key" }] } },
  server: { port: 0 }
})

/** Runs the command line from a shell, and returns its exit code and output. It gets SIGTERM when it prints `until`, or after `delay`. */
const shell = (script: string, until?: RegExp, delay?: number) =>
  Effect.scoped(
    Effect.map(
      Effect.acquireRelease(
        Effect.sync(() => {
          const main = `exec ${join(root, "node_modules/.bin/node")} ${join(root, "src/cli/main.ts")}`
          return spawn("bash", ["-c", script.replace("MAIN", main)], {
            env: { ...process.env, CONFIG: config },
            stdio: ["ignore", "pipe", "pipe"],
            detached: true
          })
        }),
        (child) =>
          Effect.sync(() => {
            try {
              if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL")
            } catch {
              // The process has ended.
            }
          })
      ),
      (child) => {
        let said = ""
        const look = (part: Buffer): void => {
          const before = said
          said += part
          if (until?.test(said) === true && !until.test(before)) child.kill("SIGTERM")
        }
        child.stdout.on("data", look)
        child.stderr.on("data", look)
        if (delay !== undefined) setTimeout(() => child.kill("SIGTERM"), delay)
        return Effect.promise<{ readonly code: number | null; readonly said: string }>(
          () => new Promise((done) => child.on("exit", (code) => done({ code, said })))
        )
      }
    ).pipe(Effect.flatten)
  )

describe("a config", { timeout: processes, concurrent: true }, () => {
  it.live("that is a named pipe is refused, and nothing waits for its writer", () =>
    Effect.gen(function* () {
      const pipe = join(yield* folder, "pipe")
      execFileSync("mkfifo", [pipe])
      for (const command of ["check", "serve"]) {
        const { code, stderr } = yield* run([command, "--config", pipe])
        assert.strictEqual(code, 2)
        assert.include(stderr, "it is a named pipe; name a file, /dev/stdin or <(…)")
      }
    })
  )

  for (const [what, script] of [
    ["from another command's output", 'MAIN serve --config <(printf %s "$CONFIG")'],
    ["from a slow command's output", 'MAIN serve --config <(sleep 1; printf %s "$CONFIG")'],
    ["from standard input", 'MAIN serve --config /dev/stdin < <(printf %s "$CONFIG")'],
    ["from standard input that is a text", 'MAIN serve --config /dev/stdin <<< "$CONFIG"'],
    ["from another command's output, watched", 'MAIN serve --watch --config <(printf %s "$CONFIG")']
  ] as const) {
    it.live(`${what} works`, () =>
      Effect.gen(function* () {
        const { code, said } = yield* shell(script, /listening on/)
        assert.include(said, "listening on", said)
        assert.strictEqual(code, 0, said)
      })
    )
  }

  for (const path of ["<(sleep 600)", "/dev/stdin < <(sleep 600)"]) {
    it.live(`that does not arrive from ${path} does not delay SIGTERM`, () =>
      Effect.gen(function* () {
        const { code, said } = yield* shell(`MAIN serve --config ${path}`, undefined, 8_000)
        // On a very busy machine the signal arrives before the command handles it, which ends the command too.
        assert.include([0, null], code, said)
      })
    )
  }
})

describe("classify", { timeout: processes, concurrent: true }, () => {
  const line = '{"status":429}'
  for (const [what, script] of [
    ["another command's output", `MAIN classify <(echo '${line}')`],
    ["a slow command's output", `MAIN classify <(sleep 1; echo '${line}')`],
    ["standard input by its name", `MAIN classify /dev/stdin < <(echo '${line}')`],
    ["a text by that name", `MAIN classify /dev/stdin <<< '${line}'`]
  ] as const) {
    it.live(`reads ${what}`, () =>
      Effect.gen(function* () {
        const { code, said } = yield* shell(script)
        assert.include(said, '"kind":"RateLimit"')
        assert.strictEqual(code, 0, said)
      })
    )
  }

  it.live("refuses a named pipe and a folder, and waits for no writer", () =>
    Effect.gen(function* () {
      const place = yield* folder
      const pipe = join(place, "pipe")
      execFileSync("mkfifo", [pipe])
      for (const [file, why] of [
        [pipe, "it is a named pipe; name a file, /dev/stdin or <(…)"],
        [place, "it is a folder"]
      ] as const) {
        const { code, stderr } = yield* run(["classify", file])
        assert.strictEqual(stderr.trim(), `${file} cannot be read: ${why}`)
        assert.strictEqual(code, 1)
      }
    })
  )

  it.live("ends without an error when its output is not read any more", () =>
    Effect.gen(function* () {
      const script = `(yes '${line}' | head -200000 | (MAIN classify); echo "code $?" >&2) | head -1`
      const { said } = yield* shell(script)
      assert.notInclude(said, "cannot be read")
      assert.include(said, "code 0")
    })
  )
})
