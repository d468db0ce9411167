/** The part of docs/dialects.md that is written from the table: one section a row, each rule with its source. */
import { type Facts, type Match, table } from "../../src/dialect/index.ts"

/** The first line of that part. */
export const mark = "<!-- from here on written from src/dialect by `npx vitest run test/dialect -u` -->"

const cell = (value: unknown): string => {
  if (value === "") return "any"
  return `\`${typeof value === "string" ? value : JSON.stringify(value)}\``.replaceAll("|", "\\|")
}

const knownBy = (match: Match): string =>
  [
    ...(match.hosts ?? []).map((host) => `host \`${host}\``),
    ...(match.providers ?? []).map((part) => `provider \`${part}\``),
    ...(match.models === undefined ? [] : [`models \`/${match.models.source.replaceAll("|", "\\|")}/\``])
  ].join(", ")

const list = (facts: Facts): ReadonlyArray<string> => [
  "| rule | is | source |",
  "| --- | --- | --- |",
  ...Object.entries(facts).map(([rule, fact]) => `| \`${rule}\` | ${cell(fact?.is)} | <${fact?.source}> |`)
]

/** All rows. */
export const rows = (): string =>
  table
    .map(({ facts, match, name, parts = [], protocol, title }) =>
      [
        `### ${title}`,
        "",
        `Row \`${name}\`, protocol \`${protocol}\`. Known by ${knownBy(match)}.`,
        "",
        ...list(facts),
        ...parts.flatMap((part) => [
          "",
          `${part.title} (known by ${knownBy(part.match)}${part.only === undefined ? "" : `, with models \`/${part.only.source.replaceAll("|", "\\|")}/\``}):`,
          "",
          ...list(part.facts)
        ])
      ].join("\n")
    )
    .join("\n\n")
