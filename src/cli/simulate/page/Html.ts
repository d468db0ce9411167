/** Pieces of a page. */

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" }

/** A text as it stands in a page, whatever is in it. */
export const escape = (text: string): string => text.replace(/[&<>"]/g, (char) => entities[char] ?? char)

/** A table: a row of heads, and rows of cells that are texts. Columns in `numbers` (from 0) end at the right. */
export const table = (
  heads: ReadonlyArray<string>,
  rows: ReadonlyArray<ReadonlyArray<string>>,
  numbers: ReadonlyArray<number>
): string => {
  const cells = (tag: string, row: ReadonlyArray<string>) =>
    row
      .map(
        (cell, column) => `<${tag}${numbers.includes(column) ? ' class="n"' : ""}>${escape(cell)}</${tag}>`
      )
      .join("")
  return `<div class="wide"><table><thead><tr>${cells("th", heads)}</tr></thead><tbody>${rows
    .map((row) => `<tr>${cells("td", row)}</tr>`)
    .join("")}</tbody></table></div>`
}

/** A heading and what stands under it; nothing where there is nothing. */
export const section = (title: string, content: string): string =>
  content === "" ? "" : `<section><h2>${escape(title)}</h2>${content}</section>`
