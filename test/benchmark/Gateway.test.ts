/** The parts of `npm run bench:gateway` that need neither wrk nor nginx nor Portkey. */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { freePort } from "../../benchmark/gateway/child.ts"
import { Client } from "../../benchmark/gateway/client.ts"
import { read } from "../../benchmark/gateway/options.ts"
import { ours } from "../../benchmark/gateway/ours.ts"
import { bodyOf, isWhole, pathOf, payloads } from "../../benchmark/gateway/payload.ts"
import { bareNode, type System, upstream } from "../../benchmark/gateway/system.ts"
import { usageOf } from "../../benchmark/gateway/usage.ts"
import { processes } from "../support/cli.ts"

describe.runIf(process.platform === "linux")("the gateway's benchmark", { timeout: processes }, () => {
  it("gets the same whole answers through every proxy, and measures what a process uses", async () => {
    const folder = await mkdtemp(join(tmpdir(), "bench-gateway-test-"))
    const systems: Array<System> = []
    try {
      const direct = await upstream(await freePort())
      systems.push(direct)
      const { origin } = new URL(direct.url)
      systems.push(await bareNode({ port: await freePort(), upstream: origin, folder }))
      systems.push(await ours({ port: await freePort(), upstream: origin, folder }))
      for (const payload of payloads) {
        const texts: Array<string> = []
        for (const { headers, url } of payload.translated === undefined ? systems : [systems[2]!]) {
          const client = new Client()
          const { href } = new URL(pathOf(payload), url)
          const seen = await client.send({ url: href, headers, body: bodyOf(payload) })
          client.close()
          assert.strictEqual(seen.status, 200)
          assert.isTrue(isWhole(payload, seen.text))
          assert.isAtMost(seen.content, seen.whole)
          texts.push(seen.text)
        }
        assert.deepStrictEqual([...new Set(texts)].length, 1)
      }
      const used = usageOf(systems[2]!.child.pid)
      assert.isAbove(used.cpu, 0)
      assert.isAbove(used.memory, 10)
    } finally {
      await Promise.all(systems.map(({ child }) => child.stop()))
      await rm(folder, { recursive: true, force: true })
    }
  })

  it("takes whole numbers and durations as its options", () => {
    assert.strictEqual(read(["--soak", "10m"]).soak, 600_000)
    assert.isFalse(read(["--no-portkey"]).portkey)
    assert.throws(() => read(["--rounds", "0"]), /whole number/)
    assert.throws(() => read(["--soak", "long"]), /duration/)
  })
})
