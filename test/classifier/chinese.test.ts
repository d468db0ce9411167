/** Texts without Chinese characters are not matched against the Chinese patterns. No match may be lost by that. */
import { readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { needsChinese } from "../../src/classifier/sentences/Row.ts"
import { sentences, sentencesWithoutChinese } from "../../src/classifier/sentences/Sentences.ts"
import { prepare } from "../../src/classifier/signals/Texts.ts"

const texts = ["provider-errors", "more-provider-errors", "provider-errors-2", "held-out-errors"].flatMap(
  (name) =>
    readFileSync(new URL(`../fixtures/${name}.jsonl`, import.meta.url), "utf8")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => prepare(String(JSON.parse(line).body)))
)

describe("a pattern of Chinese sentences", () => {
  it.each([
    [/余额不足|欠费/, true],
    [/(token|密钥) ?已?(停用|注销)/, true],
    [/((欠费|超限)|限流)/, true],
    [/欠\|费/, true],
    [/欠费|no money/, false],
    [/(欠费|no money)/, false],
    [/(欠费)? ?money/, false],
    [/欠?money/, false],
    [/欠{0,2}money/, false],
    [/[欠a]money/, false],
    [/((欠费|owed)|限流)/, false],
    [/(?!欠)money/, false],
    [/\bmoney(欠|owed)/, false],
    [/no money/, false]
  ])("%s has one in each alternative: %s", (when, expected) => {
    assert.strictEqual(needsChinese(when), expected)
  })

  it("matches no other text", () => {
    const left = sentences.filter((row) => !sentencesWithoutChinese.includes(row))
    assert.isAtLeast(left.length, 20)
    for (const { when } of left) {
      // A text without its Chinese characters contains nothing that such a pattern needs.
      for (const text of texts) assert.notMatch(text.replace(/[\u3400-\u9fff]/g, ""), when)
    }
  })
})
