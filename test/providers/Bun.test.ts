/** Runtimes with an undici that cannot dispatch, such as Bun: the runtime's own fetch is used instead. */
import { execFile } from "node:child_process"
import { existsSync, readdirSync } from "node:fs"
import { resolve } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Chain, Failover, Model } from "../../src/index.ts"
import { Transport } from "../../src/providers/index.ts"
import * as UndiciTransport from "../../src/providers/transport/UndiciTransport.ts"
import * as FaultServer from "../support/FaultServer.ts"
import { dialects } from "../support/providers.ts"

/** The binary of the package for this platform: the one of `bun` itself is a stub until an install script has run. */
const installed = (): string | undefined => {
  const packages = resolve(import.meta.dirname, "../../node_modules/@oven")
  if (!existsSync(packages)) return undefined
  return readdirSync(packages)
    .flatMap((name) => ["bun", "bun.exe"].map((file) => resolve(packages, name, "bin", file)))
    .find((file) => existsSync(file))
}

describe("a runtime with an undici that cannot dispatch", () => {
  it("is recognized by its agents", () => {
    assert.isTrue(
      UndiciTransport.canDispatch(
        class {
          dispatch() {}
        }
      )
    )
    assert.isFalse(UndiciTransport.canDispatch(class {}))
  })

  for (const dialect of dialects) {
    it.live(`uses its own fetch: ${dialect.name}`, () =>
      Effect.gen(function* () {
        const server = yield* FaultServer.make
        server.play(FaultServer.json(dialect.answer))
        const provider = yield* Effect.provide(
          dialect.make(server.origin),
          Layer.effect(Transport, UndiciTransport.overFetch)
        )
        const answer = yield* Failover.complete(Chain.make(Model.make(provider, "m")), dialect.request)
        assert.deepStrictEqual(answer.json, dialect.answer)
      }).pipe(Effect.provide(Failover.layer()))
    )
  }

  const bun = process.env.BUN ?? installed()
  it.skipIf(bun === undefined)(
    "is Bun itself, which answers, streams and follows no redirect (skipped where npm has no bun for the platform)",
    async () => {
      const said = await new Promise<string>((done, fail) =>
        execFile(
          bun!,
          [resolve(import.meta.dirname, "../support/bun.ts")],
          { timeout: 15_000 },
          (error, stdout, stderr) => (error === null ? done(stdout) : fail(new Error(stderr)))
        )
      )
      assert.deepStrictEqual(JSON.parse(said), [
        "openai",
        { choices: [{ message: { content: "whole" }, finish_reason: "stop" }] },
        3
      ])
    }
  )
})
