/** Known secrets, in every spelling. */
import { assert, describe, it } from "@effect/vitest"
import * as Secrets from "../../src/redaction/Secrets.ts"
import * as Turns from "../../src/util/Turns.ts"

const secret = "sk-Ab/9+x_y=Zk7&q%mN0pQrS"
const secrets = Secrets.make([secret, "tiger-lily", "another-key-0123456789"])

/** Spells each character by one of these functions, in turn. */
const spell = (...ways: ReadonlyArray<(char: string) => string>) =>
  [...secret].map((char, index) => ways[index % ways.length]!(char)).join("")
const raw = (char: string) => char
const code = (char: string) => char.charCodeAt(0)
const hex = (char: string) => code(char).toString(16).padStart(2, "0")
const names: Readonly<Record<string, string>> = {
  "/": "sol",
  "+": "plus",
  _: "lowbar",
  "=": "equals",
  "&": "amp",
  "%": "percnt"
}
const ways = {
  raw,
  json: (char: string) => JSON.stringify(char).slice(1, -1),
  slash: (char: string) => (char === "/" ? "\\/" : char),
  u: (char: string) => `\\u00${hex(char)}`,
  U: (char: string) => `\\u00${hex(char).toUpperCase()}`,
  braces: (char: string) => `\\u{${hex(char)}}`,
  x: (char: string) => `\\x${hex(char)}`,
  percent: (char: string) => `%${hex(char)}`,
  PERCENT: (char: string) => `%${hex(char).toUpperCase()}`,
  uri: encodeURIComponent,
  decimal: (char: string) => `&#${code(char)};`,
  padded: (char: string) => `&#000${code(char)};`,
  hexadecimal: (char: string) => `&#x${hex(char)};`,
  HEXADECIMAL: (char: string) => `&#X${hex(char).toUpperCase()};`,
  zeros: (char: string) => `&#000000000${code(char)};`,
  long: (char: string) => `\\U000000${hex(char)}`,
  capital: (char: string) => `\\U00${hex(char)}`,
  "escape()": (char: string) => `%u00${hex(char)}`,
  octal: (char: string) => `\\${code(char).toString(8)}`,
  OCTAL: (char: string) => `\\${code(char).toString(8).padStart(3, "0")}`,
  named: (char: string) => (names[char] === undefined ? char : `&${names[char]};`)
}

/** Every spelling of the secret, by name. */
const spellings = new Map<string, string>()
for (const [name, way] of Object.entries(ways)) {
  spellings.set(name, spell(way))
  spellings.set(`${name}, in part`, spell(way, raw, raw))
  spellings.set(`${name}, in JSON`, JSON.stringify(spell(way)).slice(1, -1))
  spellings.set(
    `${name}, in JSON in JSON`,
    JSON.stringify(JSON.stringify(spell(way)).slice(1, -1)).slice(1, -1)
  )
  spellings.set(`${name}, in a URL`, encodeURIComponent(spell(way)))
  spellings.set(`${name}, in HTML`, spell(way).replaceAll("&", "&amp;"))
}
spellings.set(
  "many ways at once",
  spell(ways.u, ways.percent, raw, ways.decimal, ways.HEXADECIMAL, ways.slash)
)
for (const before of ["", "u", "us", "user:", "user:s"]) {
  for (const after of ["", ":x", "ab"]) {
    const base64 = Buffer.from(`${before}${secret}${after}`).toString("base64")
    spellings.set(`base64 of ${before}…${after}`, base64)
    spellings.set(
      `base64url of ${before}…${after}`,
      Buffer.from(`${before}${secret}${after}`).toString("base64url")
    )
    spellings.set(`base64 of ${before}…${after} in JSON`, base64.replaceAll("/", "\\/"))
    spellings.set(`base64 of ${before}…${after} in a URL`, encodeURIComponent(base64))
  }
}
spellings.set("hexadecimal", Buffer.from(secret).toString("hex"))
for (const between of [":", " "]) {
  const digits = [...Buffer.from(secret)].map((byte) => byte.toString(16).padStart(2, "0")).join(between)
  spellings.set(`hexadecimal with "${between}" between bytes`, digits)
  spellings.set(`HEXADECIMAL with "${between}" between bytes`, digits.toUpperCase())
}
spellings.set("lower case, as names of headers are", secret.toLowerCase())
spellings.set("upper case", secret.toUpperCase())
spellings.set("a list of bytes", [...Buffer.from(secret)].join(","))
spellings.set("a list of bytes with spaces", [...Buffer.from(secret)].join(", "))

const bytes = Buffer.from(secret)
const hexadecimal = bytes.toString("hex")
/** Longer than a line. */
const lengthy = `sk-${"Ab3_dEf9-".repeat(12)}`
const inLines = (text: string, length: number, lineBreak: string) =>
  (text.match(new RegExp(`.{1,${length}}`, "g")) ?? []).join(lineBreak)
const base64 = Buffer.from(lengthy).toString("base64")
const quotedPrintable = [...lengthy]
  .map((char) => (/[\w]/.test(char) ? char : `=${hex(char).toUpperCase()}`))
  .join("")

/** Spellings over several lines, in quoted-printable, and encoded twice. */
const furtherSpellings: ReadonlyArray<readonly [name: string, text: string]> = [
  ["base64 in lines of MIME", inLines(base64, 76, "\r\n")],
  ["base64 in lines of PEM", inLines(base64, 64, "\n")],
  ["base64 in folded lines of a header", inLines(base64, 40, "\r\n ")],
  ["base64 in lines, in JSON", JSON.stringify(inLines(base64, 60, "\r\n"))],
  ["base64 in lines, in JSON in JSON", JSON.stringify(JSON.stringify(inLines(base64, 64, "\n")))],
  ["hexadecimal in lines", inLines(Buffer.from(lengthy).toString("hex"), 64, "\n")],
  ["plain in lines", inLines(lengthy, 30, "\n\t")],
  ["plain in lines of a shell", inLines(lengthy, 30, "\\\n")],
  ["plain with soft line breaks", inLines(lengthy, 40, "=\r\n")],
  ["a pretty list of bytes", JSON.stringify([...bytes], undefined, 2)],
  ["a pretty list of bytes in JSON", JSON.stringify(JSON.stringify([...bytes], undefined, 2))],
  ["quoted-printable", [...bytes].map((byte) => `=${byte.toString(16).toUpperCase()}`).join("")],
  ["quoted-printable, in part", quotedPrintable],
  [
    "quoted-printable in lines",
    inLines(quotedPrintable, 21, "=\r\n").replace(/=(=\r\n)|=(.)(=\r\n)/g, "=$2")
  ],
  ["quoted-printable in JSON", JSON.stringify(quotedPrintable)],
  ["base64 twice", Buffer.from(bytes.toString("base64")).toString("base64")],
  [
    "base64 of Basic",
    Buffer.from(`Basic ${Buffer.from(`user:${secret}`).toString("base64")}`).toString("base64")
  ],
  ["base64 of hexadecimal", Buffer.from(`0x${hexadecimal}`).toString("base64")],
  ["hexadecimal of base64", Buffer.from(bytes.toString("base64")).toString("hex")],
  ["bytes with 0x", Array.from(bytes, (byte) => `0x${byte.toString(16)}`).join(", ")],
  ["bytes with dashes", (hexadecimal.match(/../g) ?? []).join("-")],
  ["bytes with spaces", bytes.join(" ")],
  ["two bytes a character, in JSON", JSON.stringify(Buffer.from(secret, "utf16le").toString("latin1"))]
]

describe("a known secret", () => {
  it("is redacted in every spelling, and the text around it is kept", () => {
    assert.isAbove(spellings.size, 100)
    for (const [name, spelled] of spellings) {
      for (const [before, after] of [
        ["", ""],
        ["the key ", " is wrong"],
        ['{"error":"', '"}'],
        ["é%", "&"],
        ["&amp;", "%20\\n"]
      ] as const) {
        const said = `${before}${spelled}${after}`
        const clean = secrets.text(said)
        assert.isTrue(clean.startsWith(before) && clean.endsWith(after), `${name}: ${clean}`)
        // The edges of base64 may stay, since they also hold bits of the neighbouring characters.
        assert.include(clean, Secrets.replacement, name)
        assert.isAtMost(
          clean.length - before.length - after.length,
          Secrets.replacement.length + 16,
          `${name}: ${clean}`
        )
        assert.strictEqual(Buffer.from(secrets.bytes(Buffer.from(said))).toString(), clean, name)
        assert.strictEqual(secrets.headers({ a: "b", link: said }).link, clean)
        assert.deepStrictEqual(secrets.headers({ a: "b", link: ["x", said] }).link, ["x", clean])
      }
    }
  })

  it("is redacted in several lines, in quoted-printable, twice encoded", () => {
    const known = Secrets.make([secret, lengthy])
    for (const [name, text] of furtherSpellings) {
      assert.notStrictEqual(known.text(`a ${text} z`), `a ${text} z`, name)
      const found = Buffer.from(known.bytes(Buffer.from(`a ${text} z`))).toString()
      assert.include(found, "[redacted]", name)
      assert.match(found, /^a .*z$/s, name)
      assert.include(Buffer.from(Turns.all(known.cleaning(Buffer.from(text)))).toString(), "[redacted]", name)
      assert.include(known.headers({ link: text }).link, "[redacted]", name)
    }
  })

  it("is redacted with the header that has it in its name", () => {
    const some = Secrets.make(["sk-Ab0123456789"])
    const local = { "x-ollama-version": "1" }
    assert.strictEqual(Secrets.make(["ollama"]).headers(local), local)
    const headers = { a: "b", "x-sk-ab0123456789": "1", "x-%73k-ab0123456789": ["1", "2"] }
    assert.deepStrictEqual<object>(some.headers(headers), { a: "b" })
  })

  it("leaves valid JSON when it is redacted", () => {
    for (const [name, spelled] of spellings) {
      if (/^(x|braces|octal)/i.test(name) || name === "many ways at once") continue
      let text = `{"a":"${spelled}","b":"\\n"}`
      try {
        JSON.parse(text)
      } catch {
        text = JSON.stringify({ a: spelled, b: "\n" })
      }
      assert.doesNotThrow(() => JSON.parse(secrets.text(text)), name)
    }
  })

  it("is redacted at every occurrence, next to others and in a long text", () => {
    const said = `tiger-lily${secret}another-key-0123456789 ${"x".repeat(100_000)} tiger%2dlily, Tiger-lily`
    const clean = secrets.text(said)
    assert.strictEqual(clean, `${"[redacted]".repeat(3)} ${"x".repeat(100_000)} [redacted], Tiger-lily`)
  })
})

describe("text without a secret", () => {
  it("is returned as the same bytes", () => {
    for (const said of [
      "",
      "a",
      "sk-",
      '{"content":"100% \\u00e9 &amp; \\/ \\\\ %zz &#; &#x; &nope; \\u12 \\x \\u{ \\u{}"}',
      secret.slice(0, -1),
      secret.slice(1),
      "TIGER-LILY"
    ]) {
      const bytes = Buffer.from(said)
      assert.strictEqual(secrets.bytes(bytes), bytes)
      assert.strictEqual(secrets.text(said), said)
      const headers = { a: said }
      assert.strictEqual(secrets.headers(headers), headers)
    }
    assert.strictEqual(Secrets.none.text("tiger-lily"), "tiger-lily")
  })

  it("finds a plain secret at every place of a header, also beside letters that are not ASCII", () => {
    for (let before = 0; before < 40; before++) {
      for (const letter of ["a", "-", "é", "漢"]) {
        const [left, right] = [letter.repeat(before), letter.repeat(before % 7)]
        assert.deepStrictEqual(secrets.headers({ a: "b", c: `${left}tiger-lily${right}` }), {
          a: "b",
          c: `${left}[redacted]${right}`
        })
      }
    }
  })

  it("keeps possible ordinary words in answers, but not in errors and headers", () => {
    const local = Secrets.make(["ollama", "abc"])
    const bytes = Buffer.from("ollama runs models")
    assert.strictEqual(local.bytes(bytes), bytes)
    assert.strictEqual(local.text("ollama abc"), "[redacted] abc")
  })

  it("is searched in linear time", () => {
    const many = Secrets.make(Array.from({ length: 200 }, (_, index) => `sk-proj-${index}-abcdefghijklmnop`))
    for (const piece of [
      "sk-proj-1-abcdefghijklmno",
      "%73%6b",
      "\\\\\\u0073",
      "&#115;&",
      "&amp;amp;",
      "\\u{",
      "%%%%",
      "abcdefghijklmnopqrstuvwxyz\n",
      "abcdefghijklmnopqrstuvwxyz=\r\n",
      "=41=42",
      "12,\n",
      "\\\\\\\n",
      "\n\\n",
      "========"
    ]) {
      const took = (size: number) => {
        const text = piece.repeat(size / piece.length)
        const startedAt = performance.now()
        many.text(text)
        return performance.now() - startedAt
      }
      took(50_000)
      assert.isBelow(took(1_000_000), 2_000, piece)
    }
  })

  it("is searched for in pieces of a large answer, also where two pieces meet", () => {
    const size = 2 * 1024 * 1024
    for (const written of [
      "sk-abcdef-0123456789",
      "sk-abcdef-\\u0030123456789",
      "c2stYWJjZGVmLTAxMjM0NTY3ODk"
    ]) {
      for (const before of [
        size - 40,
        size - written.length,
        size - 12,
        size - 11,
        size - 10,
        size - 1,
        size
      ]) {
        const text = Buffer.from(`${"x".repeat(before)}${written}${"y".repeat(size)}`)
        const some = Secrets.make(["sk-abcdef-0123456789", "another-secret-1234567"])
        const cleaned = Buffer.from(Turns.all(some.cleaning(text)))
        assert.isTrue(cleaned.equals(some.bytes(text)), `${written} ${before}`)
      }
    }
    let steps = 0
    for (const _ of Secrets.make(["sk-abcdef-0123456789"]).cleaning(Buffer.alloc(5 * size))) steps++
    assert.strictEqual(steps, 5)
  })
})
