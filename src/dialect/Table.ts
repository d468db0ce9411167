/** All rows of the table of dialects. */

import { rows as anthropic } from "./rows/Anthropic.ts"
import { rows as asia } from "./rows/Asia.ts"
import { rows as deepseek } from "./rows/DeepSeek.ts"
import { rows as google } from "./rows/Google.ts"
import { rows as hosts } from "./rows/Hosts.ts"
import { rows as local } from "./rows/Local.ts"
import { rows as mistral } from "./rows/Mistral.ts"
import { rows as openai } from "./rows/OpenAi.ts"
import type { Row } from "./rules/Row.ts"

/** The rows, in no particular order. */
export const table: ReadonlyArray<Row> = [
  ...openai,
  ...anthropic,
  ...google,
  ...deepseek,
  ...asia,
  ...mistral,
  ...hosts,
  ...local
]

const byName = new Map(table.map((row) => [row.name, row]))

/** The names of all rows. */
export const names: ReadonlyArray<string> = [...byName.keys()]

/** A row by its name. */
export const row = (name: string): Row | undefined => byName.get(name)
