/**
 * Our gateway as released: `serve` with a config file, in a process of its own.
 *
 * Everything that is on by default, and what an operator adds: a token for callers, one for the
 * admin API, so that decisions are recorded, and a second provider behind the first.
 */
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { start } from "./child.ts"
import { payloads } from "./payload.ts"
import { callerHeaders, here, type Place, type System, urlOf } from "./system.ts"

const configOf = ({ port, upstream }: Place): unknown => {
  const provider = {
    protocol: "openai",
    baseUrl: `${upstream}/v1`,
    credentials: [{ name: "key", apiKey: "bench-provider-key" }]
  }
  return {
    providers: {
      first: provider,
      second: provider,
      claude: { ...provider, protocol: "anthropic", baseUrl: upstream }
    },
    models: Object.fromEntries([
      ...payloads.map(({ name, translated }) => [
        name,
        [`${translated?.target === "messages" ? "claude" : "first"}/${name}`, `second/${name}`]
      ]),
      // For the soak: a first target that breaks, and a stream that is cut.
      ["rescued", ["first/down", "second/json"]],
      ["hopeless", ["first/down", "second/down"]],
      ["cut", ["first/cut"]]
    ]),
    server: { host: "127.0.0.1", port, tokens: ["bench-caller"], adminToken: "bench-admin" }
  }
}

/** The gateway of this project; `flags` and `env` are for its Node. */
export const ours = async (
  place: Place,
  flags: ReadonlyArray<string> = [],
  env: Readonly<Record<string, string>> = {}
): Promise<System> => {
  const file = join(place.folder, "effect-failover.jsonc")
  await writeFile(file, JSON.stringify(configOf(place)))
  const program = here("../../src/cli/main.ts")
  return {
    name: "effect-failover",
    url: urlOf(place.port),
    headers: callerHeaders,
    child: await start(process.execPath, [...flags, program, "serve", "--config", file], place.port, env)
  }
}
