/** Formats tables. */

/** A table with a header. A column is as wide as its widest cell; control characters are removed. */
export const format = (header: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): string => {
  const lines = [header, ...rows].map((row) => row.map(visible))
  const widths = header.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd()
    )
    .join("\n")
}

const visible = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\s]+/gu, " ").trim()
