/** The list of dependencies agrees with package.json, and the lockfile covers every platform. */
import { readFileSync } from "node:fs"
import { resolve } from "node:path"
import { assert, describe, it } from "@effect/vitest"

const root = resolve(import.meta.dirname, "../..")
const read = (file: string) => readFileSync(resolve(root, file), "utf8")

type Names = Readonly<Record<string, string>>

const { dependencies, devDependencies, peerDependencies } = JSON.parse(read("package.json")) as {
  readonly dependencies: Names
  readonly devDependencies: Names
  readonly peerDependencies: Names
}

/** The packages that a part of docs/dependencies.md names, in order. */
const listed = (heading: string): ReadonlyArray<string> => {
  const part =
    read("docs/dependencies.md")
      .split("\n## ")
      .find((text) => text.startsWith(heading)) ?? ""
  return part
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .flatMap((line) => Array.from(line.split(" | ")[0]!.matchAll(/`([^`]+)`/g), (match) => match[1]!))
    .sort()
}

describe("docs/dependencies.md", () => {
  it("lists every package that is needed at run time, and no other", () => {
    assert.deepStrictEqual(
      listed("At run time"),
      [...new Set([...Object.keys(dependencies), ...Object.keys(peerDependencies)])].sort()
    )
  })

  it("lists every package that is needed for development only, and no other", () => {
    const peers = Object.keys(peerDependencies)
    assert.deepStrictEqual(
      listed("For development"),
      Object.keys(devDependencies)
        .filter((name) => !peers.includes(name))
        .sort()
    )
  })
})

describe("the lockfile", () => {
  const { packages } = JSON.parse(read("package-lock.json")) as {
    readonly packages: Readonly<
      Record<
        string,
        { readonly optionalDependencies?: Names; readonly integrity?: string; readonly resolved?: string }
      >
    >
  }

  it("has the optional packages of every platform, so that `npm ci` works on each", () => {
    const missing = Object.entries(packages).flatMap(([path, { optionalDependencies }]) =>
      Object.keys(optionalDependencies ?? {}).filter(
        (name) => !(`node_modules/${name}` in packages) && !(`${path}/node_modules/${name}` in packages)
      )
    )
    assert.deepStrictEqual(missing, [])
  })

  it("has a checksum for every package, and no address of a registry", () => {
    const entries = Object.entries(packages).filter(([path]) => path !== "")
    assert.deepStrictEqual(
      entries
        .filter(([, { integrity, resolved }]) => integrity === undefined || resolved !== undefined)
        .map(([path]) => path),
      []
    )
  })
})
