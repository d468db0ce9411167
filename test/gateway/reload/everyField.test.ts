/** Every field of the config file is applied by a reload or named as needing a restart, and shown to operators. */
import { readFileSync } from "node:fs"
import { resolve } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Redacted from "effect/Redacted"
import { fromFile, type GatewayConfig } from "../../../src/config/GatewayConfig.ts"
import * as ConfigView from "../../../src/gateway/admin/ConfigView.ts"
import * as Restart from "../../../src/gateway/reload/Restart.ts"
import * as EveryField from "../../config/everyField.ts"

/** A file with rules that override other fields, and one without such rules. */
const files = [EveryField.make({ rules: true }), EveryField.make({ rules: false })]

/** Fields without an effect on a gateway. */
const nothing = new Set(["$schema"])

/** Fields that differ only in a schedule, which a config holds as a function and not as numbers. */
const isSchedule = (place: ReadonlyArray<string>) => /rules\.\w+\.retry/.test(place.join("."))

/** A config as a text, secrets included, so that two can be compared. */
const text = (config: GatewayConfig): string =>
  JSON.stringify(config, (_, value) => {
    if (Redacted.isRedacted(value)) return { redacted: Redacted.value(value) }
    return value === Number.POSITIVE_INFINITY ? "Infinity" : value
  })

const places = EveryField.places.filter((place) => !nothing.has(place.join(".")))

/** For each place the configs before and after it was changed. */
const changes = (place: ReadonlyArray<string>) =>
  files.flatMap((file) => {
    const after = EveryField.without(file, place)
    return after === undefined ? [] : [{ before: fromFile(file, []), after }]
  })

/** Every field is changed alone, and the whole config is compared each time: some seconds, more on a busy machine. */
const aWhile = 300_000

describe("every field of the config file", () => {
  it("is in the file that these tests change", () => {
    assert.isAbove(places.length, 400)
    assert.deepStrictEqual(
      places.filter((place) => changes(place).length === 0).map((place) => place.join(".")),
      []
    )
  })

  it(
    "is taken by a reload, or named as one that needs a restart",
    () => {
      const waiting = new Set<string>()
      for (const place of places) {
        const path = place.join(".")
        for (const { after, before } of changes(place)) {
          const { config, restart } = Restart.settle(after, before)
          if (restart.length === 0) {
            assert.strictEqual(text(config), text(after), path)
            continue
          }
          assert.strictEqual(text(config), text(before), path)
          assert.lengthOf(restart, 1)
          assert.isTrue(`${path}.`.startsWith(`${restart[0]}.`), `${path} is told as ${restart[0]}`)
          waiting.add(restart[0]!)
        }
      }
      assert.sameMembers([...waiting], [...Restart.fields])
    },
    aWhile
  )

  it("that needs a restart is listed in the docs, and no other", () => {
    const docs = readFileSync(resolve(import.meta.dirname, "../../../docs/config.md"), "utf8")
    const [, sentence = ""] = /^- These need a restart: ([\s\S]*?)\. /m.exec(docs) ?? []
    assert.sameMembers(
      [...sentence.matchAll(/`([^`]+)`/g)].map(([, name]) => name),
      [...Restart.fields]
    )
  })

  it(
    "has its place in what operators see of a config, and no secret of it has",
    () => {
      const view = (config: GatewayConfig) => JSON.stringify(ConfigView.make({ config, number: 1, since: 0 }))
      const unseen = places.filter(
        (place) =>
          !isSchedule(place) && changes(place).every(({ after, before }) => view(after) === view(before))
      )
      assert.deepStrictEqual(
        unseen.map((place) => place.join(".")),
        []
      )
      for (const file of files) assert.notInclude(view(fromFile(file, [])), "secret-")
    },
    aWhile
  )
})
