/** Reading untrusted values: properties, headers, statuses and times. */
import { assert, describe, it } from "@effect/vitest"
import { hasNoErrorStatus, readCase, statusOf } from "../../src/classifier/Case.ts"
import {
  epochMillis,
  isArray,
  isFields,
  keysOf,
  lowerHeaders,
  read,
  readString
} from "../../src/classifier/signals/Signal.ts"
import { fromStatus, isErrorStatus } from "../../src/classifier/signals/Status.ts"

const throwing = {
  get bad(): never {
    throw new Error("no")
  },
  good: 1
}
const revoked = () => {
  const { proxy, revoke } = Proxy.revocable([] as Array<unknown>, {})
  revoke()
  return proxy
}
const plain = (headers: unknown) => ({ ...lowerHeaders(headers) })

describe("a property", () => {
  it("is read from objects, arrays and functions, and never throws", () => {
    const named = Object.assign(() => 0, { key: 2 })
    assert.deepStrictEqual(
      [
        read({ a: 1 }, "a"),
        read(["x"], "0"),
        read(named, "key"),
        read(throwing, "bad"),
        read("ab", "length")
      ],
      [1, "x", 2, undefined, undefined]
    )
    assert.deepStrictEqual([{}, [], named, null, undefined, "a", 1].map(isFields), [
      true,
      true,
      true,
      false,
      false,
      false,
      false
    ])
  })

  it("is a string only if something is in it", () => {
    const fields = { a: " x ", b: "  ", c: 1 }
    assert.deepStrictEqual(
      ["a", "b", "c", "d"].map((key) => readString(fields, key)),
      [" x ", undefined, undefined, undefined]
    )
  })

  it("of a revoked proxy is none", () => {
    assert.isFalse(isArray(revoked()))
    assert.isTrue(isArray([]))
    assert.deepStrictEqual(keysOf(revoked(), 9), [])
  })

  it("is listed up to a limit", () => {
    assert.deepStrictEqual(keysOf({ a: 1, b: 2, c: 3 }, 2), ["a", "b"])
    assert.deepStrictEqual(keysOf("ab", 2), [])
    assert.deepStrictEqual(
      [keysOf(["a", "b"], 9), keysOf(["a", "b"], 1), keysOf([], 9)],
      [["0", "1"], ["0"], []]
    )
  })
})

describe("headers", () => {
  it.each([
    [
      { "Retry-After": 7, " X ": " y " },
      { "retry-after": "7", x: "y" }
    ],
    [new Headers({ "X-A": "1" }), { "x-a": "1" }],
    [new Map([["X-A", "1"]]), { "x-a": "1" }],
    [[["X-A", "1"], ["x-a", "2"], ["b"], "c", [1, "d"]], { "x-a": "1" }],
    [{ a: ["1", "2"], b: [], c: null, d: true, e: {} }, { a: "1" }],
    [undefined, {}],
    ["a: b", {}]
  ])("%j are read as %j", (headers, expected) => {
    assert.deepStrictEqual(plain(headers), expected)
  })

  it("are cut: 200 of them, names at 128 and values at 2,048 characters", () => {
    const many = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`h${i}`, "v"]))
    assert.lengthOf(Object.keys(plain(many)), 200)
    assert.lengthOf(Object.keys(plain(Object.entries(many))), 200)
    const [[name, value] = []] = Object.entries(plain({ ["n".repeat(200)]: "v".repeat(3_000) }))
    assert.deepStrictEqual([name?.length, value?.length], [128, 2_048])
  })

  it("that cannot be walked are empty", () => {
    const broken = { forEach: () => {}, [Symbol.iterator]: () => throwing.bad }
    assert.deepStrictEqual(plain(broken), {})
    assert.deepStrictEqual(plain({ ...{ a: "1" }, forEach: "no function" }), {
      a: "1",
      foreach: "no function"
    })
  })
})

describe("a moment", () => {
  it("is a number or a text that is a date", () => {
    assert.deepStrictEqual(
      [5, "1970-01-01T00:00:01Z", "soon", Number.NaN, Number.POSITIVE_INFINITY, null].map(epochMillis),
      [5, 1_000, undefined, undefined, undefined, undefined]
    )
  })
})

describe("a status", () => {
  it("is a whole number of at most three digits, also as text", () => {
    assert.deepStrictEqual(
      [429, "429", "0429", "42", 0, 999, 1_000, -1, 4.5, "4.5", null, "x429", "429x"].map(statusOf),
      [
        429,
        429,
        undefined,
        undefined,
        0,
        999,
        undefined,
        undefined,
        undefined,
        undefined,
        undefined,
        undefined,
        undefined
      ]
    )
  })

  it("is no error when it is absent, or from 100 to below 300", () => {
    assert.deepStrictEqual([undefined, 99, 100, 200, 299, 300, 400].map(hasNoErrorStatus), [
      true,
      false,
      true,
      true,
      true,
      false,
      false
    ])
  })

  it("can be an error from 400 to below 600", () => {
    assert.deepStrictEqual([399, 400, 599, 600, 450.5, "450"].map(isErrorStatus), [
      false,
      true,
      true,
      false,
      false,
      false
    ])
  })

  it.each([
    [undefined, undefined],
    [429.5, undefined],
    [-1, undefined],
    [100, undefined],
    [299, undefined],
    [0, "Connection"],
    [300, "Connection"],
    [399, "Connection"],
    [400, "Invalid"],
    [428, "Invalid"],
    [499, "ServerError"],
    [500, "ServerError"],
    [599, "ServerError"],
    [999, "ServerError"],
    [1_000, undefined]
  ] as const)("%s alone is %s", (status, expected) => {
    assert.strictEqual(fromStatus(status), expected)
  })
})

describe("the facts of a failed call", () => {
  it("are those that were given, and wrong types count as absent", () => {
    const cause = new Error("x")
    const facts = readCase({
      provider: "p",
      target: "p/m#k",
      status: 429,
      now: 5,
      cause,
      headers: { A: "b" }
    })
    assert.deepInclude(facts, { provider: "p", target: "p/m#k", status: 429, now: 5, repliedAt: 5, cause })
    assert.deepStrictEqual({ ...facts.headers }, { a: "b" })
    const wrong = readCase({ provider: 1, target: " ", status: "x", now: true } as never)
    assert.deepInclude(wrong, {
      provider: undefined,
      target: undefined,
      status: undefined,
      now: undefined,
      repliedAt: undefined
    })
  })

  it("take the moment of the answer from its date, and the present from there if it is not given", () => {
    const headers = { date: "Thu, 01 Jan 1970 00:00:09 GMT" }
    assert.deepInclude(readCase({ headers, now: 5 }), { now: 5, repliedAt: 9_000 })
    assert.deepInclude(readCase({ headers }), { now: 9_000, repliedAt: 9_000 })
    assert.deepInclude(readCase({ headers, now: "1970-01-01T00:00:07Z" }), { now: 7_000, repliedAt: 9_000 })
  })

  it.each([
    [{ status: 503, body: "b" }, 503, "b"],
    [{ statusCode: "503", responseBody: "b", body: "c" }, 503, "b"],
    [{ response: { status: 503, data: "d" }, body: "b" }, 503, "d"],
    [{ response: { statusCode: 503, body: "d" } }, 503, "d"],
    [{ response: { status: 503, _data: "d" } }, 503, "d"],
    [{ status: 503, error: "e", data: "d" }, 503, "e"],
    [{ status: 503, data: "d" }, 503, "d"],
    [{ status: 503, body: null, data: "d", response: { data: null } }, 503, "d"],
    [{ status: 503, message: "m" }, 503, "m"],
    [{ message: "outer", cause: { status: 503, body: "b" } }, 503, "b"],
    [{ status: 200, cause: { status: 300, body: "b" } }, 300, "b"],
    [{ status: 299, message: "m" }, undefined, undefined]
  ])("are found in an SDK's error: %j", (transport, status, text) => {
    const facts = readCase({ transport })
    assert.strictEqual(facts.status, status)
    assert.strictEqual(facts.reading.views.at(-1)?.text, text)
  })

  it("take the headers of an SDK's error from wherever it has them", () => {
    const headers = { A: "b" }
    for (const where of [{ responseHeaders: headers }, { headers }, { response: { headers } }]) {
      assert.deepStrictEqual({ ...readCase({ transport: { status: 500, ...where } }).headers }, { a: "b" })
    }
    assert.deepStrictEqual({ ...readCase({ transport: { headers } }).headers }, {})
  })

  it("leave an SDK's error alone when there is a status of its own", () => {
    const facts = readCase({ status: 400, body: "ours", transport: { status: 503, body: "theirs" } })
    assert.deepStrictEqual([facts.status, facts.reading.views.at(-1)?.text], [400, "ours"])
  })

  it.each(["x-amzn-errortype", ":exception-type", ":error-code", "x-ms-error-code", "x-error-code"])(
    "have the machine value of the header %s before those of the outermost error",
    (field) => {
      const { views } = readCase({
        headers: { [field]: "v" },
        body: { error: { code: "inner" }, code: "outer" }
      })
      assert.deepStrictEqual(
        views.map(({ codes }) => codes),
        [
          [{ field: "code", value: "inner" }],
          [
            { field, value: "v" },
            { field: "code", value: "outer" }
          ]
        ]
      )
    }
  )

  it("have the machine value of a header also without a body, with the frame's own message", () => {
    const headers = { ":error-code": "x", ":error-message": "It is full now" }
    const { texts, views } = readCase({ headers })
    assert.deepStrictEqual([views.map(({ text }) => text), texts], [["It is full now"], ["it is full now"]])
    assert.deepStrictEqual(views[0]?.codes, [{ field: ":error-code", value: "x" }])
    assert.deepStrictEqual(readCase({ headers: { ":error-code": "x" } }).views[0]?.text, "")
    assert.deepStrictEqual(readCase({ headers: { ":error-code": "" } }).views, [])
  })
})
