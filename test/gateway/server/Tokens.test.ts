/** How tokens are kept and compared. */
import { execFile } from "node:child_process"
import crypto from "node:crypto"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { syncBuiltinESMExports } from "node:module"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as TokenHash from "../../../src/config/TokenHash.ts"
import * as Tokens from "../../../src/gateway/server/Tokens.ts"
import { processes } from "../../support/cli.ts"

/** Runs something, and what was compared in constant time meanwhile: the lengths on both sides. */
const watched = <A>(run: () => A): readonly [A, ReadonlyArray<readonly [number, number]>] => {
  const compared: Array<readonly [number, number]> = []
  const original = crypto.timingSafeEqual
  crypto.timingSafeEqual = (a, b) => {
    compared.push([a.byteLength, b.byteLength])
    return original(a, b)
  }
  syncBuiltinESMExports()
  try {
    return [run(), compared]
  } finally {
    crypto.timingSafeEqual = original
    syncBuiltinESMExports()
  }
}

const known = ["the-first-token", "the-second-token", "x"].map((token) => Redacted.make(token))

describe("a received token", () => {
  it("is compared with all tokens in constant time, whatever its content and length", () => {
    const isKnown = Tokens.verifier(known)
    const rows = [
      ["the-first-token", true],
      ["the-second-token", true],
      ["x", true],
      ["the-first-tokem", false],
      ["the-first-token ", false],
      ["y".repeat(10_000), false],
      [TokenHash.of("x"), false]
    ] as const
    for (const [token, isRight] of rows) {
      const [said, compared] = watched(() => isKnown(token))
      assert.strictEqual(said, isRight, token.slice(0, 80))
      assert.deepStrictEqual(compared, [
        [32, 32],
        [32, 32],
        [32, 32]
      ])
    }
  })

  it("is read from each of the headers for it, and an empty one is not a token", () => {
    const whyNot = Tokens.make(known)
    assert.isUndefined(whyNot({ authorization: "Bearer x" }))
    assert.isUndefined(whyNot({ authorization: "bearer  the-first-token" }))
    assert.isUndefined(whyNot({ "x-api-key": "x" }))
    assert.isUndefined(whyNot({ "api-key": "x" }))
    assert.isUndefined(whyNot({ authorization: "Bearer of something else", "x-api-key": "x" }))
    assert.isUndefined(whyNot({ "x-api-key": "of something else", "api-key": "x" }))
    for (const headers of [
      {},
      { authorization: "x" },
      { authorization: "Basic x" },
      { authorization: "Bearer" },
      { authorization: "Bearer " },
      { "x-api-key": "" },
      { "api-key": "y" },
      { cookie: "x" }
    ]) {
      assert.strictEqual(whyNot(headers as Record<string, string>)?.status, 401, JSON.stringify(headers))
    }
  })

  it("may be configured as a hash", () => {
    const isKnown = Tokens.verifier([Redacted.make(TokenHash.of("a token"))])
    assert.isTrue(isKnown("a token"))
    assert.isFalse(isKnown(TokenHash.of("a token")), "the hash opens nothing")
    assert.strictEqual(TokenHash.of(TokenHash.of("a token")), TokenHash.of("a token"))
  })
})

describe("a gateway that runs", () => {
  it.live(
    "has no token in its memory, only their hashes",
    () =>
      Effect.gen(function* () {
        const folder = mkdtempSync(join(tmpdir(), "failover-heap-"))
        yield* Effect.addFinalizer(() => Effect.sync(() => rmSync(folder, { recursive: true })))
        const [token, admin, key] = ["client", "admin", "provider"].map(
          (name) => `${name}-${crypto.randomBytes(16).toString("hex")}`
        ) as [string, string, string]
        const file = join(folder, "gateway.jsonc")
        for (const [name, text] of Object.entries({ token, admin, key }))
          writeFileSync(join(folder, name), `${text}\n`)
        writeFileSync(
          file,
          JSON.stringify({
            providers: {
              a: {
                protocol: "openai",
                baseUrl: "http://127.0.0.1:9/v1",
                credentials: [{ name: "main", apiKey: "file:key" }]
              }
            },
            models: { smart: "a/m" },
            server: { port: 0, tokens: ["file:token"], adminToken: "file:admin" }
          })
        )
        const turned = [token, admin, key].map((text) => [...text].reverse().join(""))
        writeFileSync(`${file}.turned`, turned.join("\n"))
        const script = fileURLToPath(new URL("../../support/heap.ts", import.meta.url))
        const said = yield* Effect.callback<string>((resume) => {
          const child = execFile(
            process.execPath,
            ["--expose-gc", "--no-warnings", script, file],
            { maxBuffer: 1e6 },
            (error, stdout, stderr) => resume(error === null ? Effect.succeed(stdout) : Effect.die(stderr))
          )
          return Effect.sync(() => child.kill())
        })
        const found = JSON.parse(said)
        assert.deepStrictEqual(found.statuses, [200, 401])
        assert.isTrue(found.key, "a key is needed as it is, and is found")
        assert.deepStrictEqual([found.token, found.admin], [false, false])
      }),
    processes
  )
})
