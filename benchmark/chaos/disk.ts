/** A small disk that can be filled: a tmpfs where we may mount one, and else a folder that goes away. */
import { execFileSync } from "node:child_process"
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync
} from "node:fs"
import { join } from "node:path"

export interface Disk {
  readonly path: string
  /** What stands for a full disk here. */
  readonly how: string
  readonly fill: () => void
  readonly free: () => void
  /** Files that are neither empty nor JSON: a saved bench that was destroyed. */
  readonly destroyed: () => ReadonlyArray<string>
  readonly close: () => void
}

const isJson = (file: string): boolean => {
  try {
    JSON.parse(readFileSync(file, "utf8"))
    return true
  } catch {
    return false
  }
}

/** Makes one in a folder. */
export const make = (folder: string): Disk => {
  const path = join(folder, "disk")
  mkdirSync(path)
  const filler = join(path, "filler")
  const destroyed = () =>
    readdirSync(path)
      .filter((name) => name === "bench.json")
      .filter((name) => !isJson(join(path, name)))
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", path], { stdio: "ignore" })
  } catch {
    const away = join(folder, "away")
    return {
      path,
      how: "a folder that goes away (a small tmpfs could not be mounted)",
      fill: () => renameSync(path, away),
      free: () => {
        rmSync(path, { recursive: true, force: true })
        renameSync(away, path)
      },
      destroyed,
      close: () => {}
    }
  }
  return {
    path,
    how: "a tmpfs of 256 KiB, filled to its last byte",
    fill: () => {
      const file = openSync(filler, "w")
      try {
        for (const size of [4_096, 1]) {
          try {
            for (let count = 0; count < 10_000; count++) writeSync(file, Buffer.alloc(size))
          } catch {
            // Full for writes of this size.
          }
        }
      } finally {
        closeSync(file)
      }
    },
    free: () => rmSync(filler, { force: true }),
    destroyed,
    close: () => {
      execFileSync("umount", ["-l", path], { stdio: "ignore" })
    }
  }
}
