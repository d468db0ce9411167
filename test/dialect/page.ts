/** The part of docs/dialects.md that is written from the table: one section a row, each rule with its source. */
import { table } from "../../src/dialect/index.ts"

/** The first line of that part. */
export const mark = "<!-- from here on written from src/dialect by `npx vitest run test/dialect -u` -->"

const cell = (value: unknown): string => {
  if (value === "") return "any"
  return `\`${typeof value === "string" ? value : JSON.stringify(value)}\``.replaceAll("|", "\\|")
}

/** All rows. */
export const rows = (): string =>
  table
    .map(({ facts, match, name, protocol, title }) => {
      const known = [
        ...(match.hosts ?? []).map((host) => `host \`${host}\``),
        ...(match.providers ?? []).map((part) => `provider \`${part}\``),
        ...(match.models === undefined ? [] : [`models \`/${match.models.source.replaceAll("|", "\\|")}/\``])
      ]
      const lines = Object.entries(facts).map(
        ([rule, fact]) => `| \`${rule}\` | ${cell(fact?.is)} | <${fact?.source}> |`
      )
      return [
        `### ${title}`,
        "",
        `Row \`${name}\`, protocol \`${protocol}\`. Known by ${known.join(", ")}.`,
        "",
        "| rule | is | source |",
        "| --- | --- | --- |",
        ...lines
      ].join("\n")
    })
    .join("\n\n")
