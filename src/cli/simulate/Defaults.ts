/** Prints the comparison of each default of the policy with half and twice its value, as Markdown. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { experiments } from "../../simulator/defaults/All.ts"
import * as Experiment from "../../simulator/defaults/Experiment.ts"

/** The section of one default: a table, the outages, and the conclusion. */
export const section = ({ experiment, rows }: Experiment.Outcome): string => {
  const { name, plays, reading } = experiment
  const letter = (index: number) => (plays.length === 1 ? "" : `${String.fromCharCode(65 + index)}: `)
  const heads = plays.flatMap(({ columns }, index) =>
    columns.map((column) => `${letter(index)}${column.name}`)
  )
  const line = (cells: ReadonlyArray<string>) => `| ${cells.join(" | ")} |`
  const about = plays.map(({ about }, index) => `${letter(index)}${about}`).join(". ")
  return [
    `### \`${name}\``,
    "",
    line([`\`${name}\``, ...heads]),
    line(["---", ...heads.map(() => "---")]),
    ...rows.map(({ cells, label }) => line([label, ...cells])),
    "",
    `${about[0]?.toUpperCase()}${about.slice(1)}.`,
    "",
    reading
  ].join("\n")
}

/** Runs all experiments, or those with a prefix, and prints each as soon as it is done. Returns their number. */
export const print = (prefix: string): Effect.Effect<number> =>
  Effect.gen(function* () {
    const chosen = experiments.filter(({ name }) => name.startsWith(prefix))
    for (const experiment of chosen) {
      yield* Console.log(`${section(yield* Effect.orDie(Experiment.run(experiment)))}\n`)
    }
    return chosen.length
  })
