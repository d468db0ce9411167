/**
 * The list of mutants that survive (`test/laws/survivors.md`): what a mutant is called there, and what the list lacks.
 *
 * A mutant is known by its file, the function it is in, and its change, so that lines may move. Changes that look alike within a
 * function are numbered: `(2 of 3)`.
 */

const cut = (text, length) => (text.length <= length ? text : `${text.slice(0, length)}…`)
const flat = (text) => text.replace(/\s+/g, " ").trim()
const code = (text) => (text.includes("`") ? `\`\` ${text} \`\`` : `\`${text}\``)

const member =
  /^ {2}(?:(?:static|readonly|get|set|async|override) )*(?!(?:if|for|while|switch|return)\b)([*#]*[\w$]+)(?:\(|<| = |: .*= )/
const nested = /^ {2}(?:const|function\*?) (\w+)/
const top = /^(?:export )?(?:const|function\*?|(?:abstract )?class) (\w+)/

/** The function that a line belongs to: the member of a class, or the outermost function and one within it. */
export const functionAt = (lines, line) => {
  let inner
  for (let at = line; at >= 0; at--) {
    const text = lines[at]
    const indent = text.search(/\S/)
    if (indent === 2 && inner === undefined && text[2] !== ")") inner = text
    if (indent !== 0) continue
    const outer = top.exec(text)?.[1]
    if (outer === undefined) continue
    const name = (text.includes("class ") ? member : nested).exec(inner ?? "")?.[1]
    return name === undefined ? outer : text.includes("class ") ? name : `${outer}, ${name}`
  }
  return "module"
}

/** The change in words of code: the text before and after, with its line if it is short. */
const changeOf = ({ location: { end, start }, replacement }, lines) => {
  const found = lines.slice(start.line, end.line + 1)
  const [first, last] = [found[0], found.at(-1)]
  found[found.length - 1] = last.slice(0, end.column)
  found[0] = found[0].slice(start.column)
  const before = flat(found.join(" "))
  const after = flat(replacement)
  if (before.length > 24 || start.line !== end.line)
    return `${code(cut(before, 100))} → ${code(cut(after, 100))}`
  const [left, right] = [first.slice(0, start.column).trimStart(), last.slice(end.column).trimEnd()]
  const [from, to] = [
    left.length <= 40 ? left : left.slice(-40).replace(/^\S*\s/, ""),
    right.length <= 30 ? right : right.slice(0, 30).replace(/\s\S*$/, "")
  ]
  return `${code(`${from}${before}${to}`)} → ${code(`${from}${after}${to}`)}`
}

/** The names of mutants in the list, by their ids: the file, the function and the change. */
export const namesOf = (mutants, pathOf, textOf) => {
  const places = new Map()
  for (const mutant of mutants) {
    const file = pathOf(mutant)
    const lines = textOf(file).split("\n")
    const where = functionAt(lines, mutant.location.start.line)
    const change = changeOf(mutant, lines)
    const key = `${file}\n${where}\n${change}`
    const alike = places.get(key) ?? []
    places.set(key, alike)
    alike.push({ id: mutant.id, file, where, change, line: mutant.location.start.line + 1 })
  }
  const names = new Map()
  for (const alike of places.values()) {
    for (const [at, name] of alike.entries()) {
      const change = alike.length === 1 ? name.change : `${name.change} (${at + 1} of ${alike.length})`
      names.set(name.id, { ...name, change })
    }
  }
  return names
}

const escaped = (text) => text.replaceAll("|", "\\|")

/** A row of the list. Changes with the same reason share one. */
export const row = (where, changes, reason) =>
  `| ${escaped(where)} | ${changes.map(escaped).join("<br>")} | ${escaped(reason)} |`

/** What the list has: a set of texts `file, function, change`. */
export const listed = (markdown) => {
  const found = new Map()
  let file
  for (const line of markdown.split("\n")) {
    const heading = /^#+ `?([\w/.]+\.ts)`?$/.exec(line)
    if (heading !== null) file = `src/${heading[1]}`
    if (file === undefined || !/^\| (?!where \||---)/.test(line)) continue
    const cells = line.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|"))
    const [, where, changes, reason] = cells
    for (const change of changes.split("<br>")) found.set(`${file}\n${where}\n${change}`, reason)
  }
  return found
}

/** Compares the survivors of a run with the list, for the files that were run. */
export const compare = ({ names, survivors, measured, markdown }) => {
  const known = listed(markdown)
  const keyOf = ({ file, where, change }) => `${file}\n${where}\n${change}`
  const alive = new Map(survivors.map((id) => [keyOf(names.get(id)), names.get(id)]))
  const missing = [...alive].filter(([key]) => !known.has(key)).map(([, name]) => name)
  const gone = [...known.keys()].filter((key) => measured.has(key.split("\n")[0]) && !alive.has(key))
  return { missing, gone: gone.map((key) => key.split("\n")) }
}
