/** What the defaults of the policy do at half, one and double, as Markdown. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { experiments } from "../../simulator/defaults/All.ts"
import * as Experiment from "../../simulator/defaults/Experiment.ts"

/** The section of one default: a table, what is played, and what it says. */
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

/** Plays all of them, or those whose name begins so, and prints each as soon as it is done. */
export const print = (prefix: string): Effect.Effect<number> =>
  Effect.gen(function* () {
    const chosen = experiments.filter(({ name }) => name.startsWith(prefix))
    for (const experiment of chosen) {
      yield* Console.log(`${section(yield* Effect.orDie(Experiment.run(experiment)))}\n`)
    }
    return chosen.length
  })
