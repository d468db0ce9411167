/** Text in columns and lines of a width. */

/** So many columns are there. */
export const width = 100

/** What a section is set in by. */
const margin = 2

/** A title, and lines under it; nothing where there is no line. */
export const section = (title: string, lines: ReadonlyArray<string>): string =>
  lines.length === 0
    ? ""
    : [title, ...lines.flatMap(fold).map((text) => (" ".repeat(margin) + text).trimEnd())].join("\n")

/** Lines with columns as wide as their widest cell; those in `left` (from 0) begin at the left, the others end at the right. */
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

/** A line that is too long goes on in the next one, set in. */
const fold = (text: string): ReadonlyArray<string> => wrap(text, " ".repeat(10))

/** Breaks a text at its blanks; what follows the first line begins with `indent`. */
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
