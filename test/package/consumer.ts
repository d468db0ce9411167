/** The packed package in an empty project, as users install it. */
import { execFile } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join, resolve } from "node:path"

/** The root of this repository. */
export const root = resolve(import.meta.dirname, "../..")

interface Manifest {
  readonly name: string
  readonly exports: Record<string, unknown>
  readonly bin: Record<string, string>
  readonly dependencies: Record<string, string>
  readonly peerDependencies: Record<string, string>
}

/** The package.json of this repository. */
export const manifest: Manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))

/** The entry points that an application imports: `effect-failover`, `effect-failover/testing`, … */
export const entryPoints = Object.keys(manifest.exports)
  .filter((key) => !key.endsWith(".json"))
  .map((key) => manifest.name + key.slice(1))

/** The result of a command. */
export interface Ran {
  readonly code: number
  readonly output: string
}

/** Runs a program to its end. Its output is what it prints to both channels. */
export const run = (file: string, args: ReadonlyArray<string>, cwd: string): Promise<Ran> =>
  new Promise((done) => {
    execFile(
      file,
      args,
      { cwd, timeout: 240_000, shell: process.platform === "win32" },
      (error, stdout, stderr) =>
        done({ code: error === null ? 0 : Number(error.code ?? 1), output: stdout + stderr })
    )
  })

/** An empty project with the packed package and its declared dependencies only. */
export class Consumer {
  readonly directory = mkdtempSync(join(tmpdir(), "effect-failover-consumer-"))
  readonly tarball = join(this.directory, "package.tgz")
  readonly installed = join(this.directory, "node_modules", manifest.name)

  /** Builds and packs the package and unpacks it here. */
  async install(): Promise<void> {
    const packed = await run("npm", ["pack", "--json", "--pack-destination", this.directory], root)
    const name = /"filename": "([^"]+\.tgz)"/.exec(packed.output)?.[1]
    if (packed.code !== 0 || name === undefined) throw new Error(`npm pack failed:\n${packed.output}`)
    renameSync(join(this.directory, name), this.tarball)
    mkdirSync(this.installed, { recursive: true })
    const unpacked = await run(
      "tar",
      ["-xzf", this.tarball, "--strip-components=1", "-C", this.installed],
      this.directory
    )
    if (unpacked.code !== 0) throw new Error(unpacked.output)
    // The installed versions are used, which may differ from those that npm would choose.
    const needed = { ...manifest.dependencies, ...manifest.peerDependencies, "@types/node": "*" }
    for (const dependency of Object.keys(needed)) {
      const link = join(this.directory, "node_modules", dependency)
      mkdirSync(dirname(link), { recursive: true })
      symlinkSync(join(root, "node_modules", dependency), link, "junction")
    }
    this.write("package.json", JSON.stringify({ name: "consumer", private: true, type: "module" }))
  }

  /** Writes a file of the project. */
  write(name: string, text: string): void {
    writeFileSync(join(this.directory, name), text)
  }

  /** Runs a program of this repository's `node_modules/.bin` in the project. */
  run(program: string, ...args: ReadonlyArray<string>): Promise<Ran> {
    return run(join(root, "node_modules/.bin", program), args, this.directory)
  }

  /** Removes the project. */
  remove(): void {
    rmSync(this.directory, { recursive: true, force: true })
  }
}
