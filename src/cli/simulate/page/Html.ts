/** Parts of an HTML page. */

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" }

/** A text, escaped for HTML. */
export const escape = (text: string): string => text.replace(/[&<>"]/g, (char) => entities[char] ?? char)

/** A table with a row of heads and rows of texts. Columns in `numbers` (from 0) are aligned right. */
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

/** A heading with content; empty if there is no content. */
export const section = (title: string, content: string): string =>
  content === "" ? "" : `<section><h2>${escape(title)}</h2>${content}</section>`
