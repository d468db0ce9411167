/** A small disk that can be filled: a tmpfs if we may mount one, otherwise a folder that is removed. */
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
  /** How a full disk is simulated here. */
  readonly how: string
  readonly fill: () => void
  readonly free: () => void
  /** The saved bench, if it existed and is gone, or is not JSON. */
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
  let filling: NodeJS.Timeout | undefined
  // The space that a truncated file frees is filled at once, so that nothing can be written.
  const fill = () => {
    const file = openSync(filler, "a")
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
  }
  const saved = "bench.json"
  let wasThere = false
  const destroyed = () => {
    const isThere = readdirSync(path).includes(saved)
    const isGone = wasThere && !isThere
    wasThere ||= isThere
    return isGone || (isThere && !isJson(join(path, saved))) ? [saved] : []
  }
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", path], { stdio: "ignore" })
  } catch {
    const away = join(folder, "away")
    return {
      path,
      how: "a folder that is removed (a small tmpfs could not be mounted)",
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
      fill()
      filling = setInterval(fill, 5)
    },
    free: () => {
      clearInterval(filling)
      rmSync(filler, { force: true })
    },
    destroyed,
    close: () => {
      clearInterval(filling)
      execFileSync("umount", ["-l", path], { stdio: "ignore" })
    }
  }
}
