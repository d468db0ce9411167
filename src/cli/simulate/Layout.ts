/** Lays out text in columns and lines of a fixed width. */

/** The width in columns. */
export const width = 100

/** The indent of a section. */
const margin = 2

/** A title with lines under it; empty without lines. */
export const section = (title: string, lines: ReadonlyArray<string>): string =>
  lines.length === 0
    ? ""
    : [title, ...lines.flatMap(fold).map((text) => (" ".repeat(margin) + text).trimEnd())].join("\n")

/** Lines with columns as wide as their widest cell; columns in `left` (from 0) are aligned left, the others right. */
export const table = (
  rows: ReadonlyArray<ReadonlyArray<string>>,
  left: ReadonlyArray<number>
): ReadonlyArray<string> => {
  const columns = Math.max(...rows.map((row) => row.length))
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0))
  )
  return rows.map((row) =>
    row
      .map((cell, column) =>
        left.includes(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)
      )
      .join("  ")
      .trimEnd()
  )
}

/** Wraps a long line with an indent. */
const fold = (text: string): ReadonlyArray<string> => wrap(text, " ".repeat(10))

/** Wraps a text at its blanks; all lines but the first begin with `indent`. */
export const wrap = (text: string, indent = ""): ReadonlyArray<string> => {
  const room = width - margin
  const lines: Array<string> = []
  let rest = text
  while (rest.length > room) {
    const blank = rest.lastIndexOf(" ", room)
    const at = blank > indent.length ? blank : room
    lines.push(rest.slice(0, at).trimEnd())
    rest = indent + rest.slice(at).trimStart()
  }
  return [...lines, rest]
}
