/** The files of the status page, from the folder `gateway/page`. They need no build step. */
import { hash } from "node:crypto"
import { readdirSync, readFileSync } from "node:fs"
import { basename, extname } from "node:path"

/** One file, ready to be sent. */
export interface PageFile {
  readonly contentType: string
  /** Its ETag, quotes included. */
  readonly tag: string
  readonly text: string
}

const contentTypes: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8"
}

const folder = new URL("../page/", import.meta.url)

/** Reads the files, by name. The map is empty if a bundler did not include them. */
export const read = (): ReadonlyMap<string, PageFile> => {
  let names: ReadonlyArray<string>
  try {
    names = readdirSync(folder, { recursive: true, encoding: "utf8" })
  } catch {
    return new Map()
  }
  return new Map(
    names.flatMap((name) => {
      const contentType = contentTypes[extname(name)]
      if (contentType === undefined) return []
      const text = readFileSync(new URL(name, folder), "utf8")
      return [
        [basename(name), { contentType, tag: `"${hash("sha256", text, "base64url").slice(0, 22)}"`, text }]
      ]
    })
  )
}
