/** The programs that users of the package see: blocks of its pages with imports, and its examples. */
import { globSync, readFileSync } from "node:fs"
import { join } from "node:path"

/** One program. */
export interface Program {
  /** Its page and number, or its file, as a part of a file name. */
  readonly name: string
  readonly text: string
}

/** All programs of an installed package. Example tests are left out, since they also need a test runner. */
export const programsOf = (installed: string): ReadonlyArray<Program> => {
  const read = (file: string) => readFileSync(join(installed, file), "utf8")
  const find = (pattern: string) =>
    globSync(pattern, { cwd: installed }).map((file) => file.replaceAll("\\", "/"))
  const blocks = ["README.md", ...find("docs/**/*.md")].flatMap((file) =>
    [...read(file).matchAll(/^```(?:ts|typescript)\n([\s\S]*?)^```$/gm)].flatMap(([, text = ""], index) =>
      isProgram(text) ? [{ name: nameOf(`${file} ${index}`), text: `${text}\nexport {}\n` }] : []
    )
  )
  const examples = find("examples/*.ts").map((file) => ({ name: nameOf(file), text: read(file) }))
  return [...blocks, ...examples.filter(({ text }) => !text.includes('from "@effect/vitest"'))]
}

/** The first block of an API page is only an import. */
const isProgram = (text: string): boolean => /^import /m.test(text) && text.trim().includes("\n")

const nameOf = (place: string): string => place.replace(/\W+/g, "-")
