/**
 * The commands and their flags. Modules of a command are loaded when it runs, so that small commands start
 * fast.
 */

import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"

const config = Flag.String("config").pipe(
  Flag.withMetavar("FILE"),
  Flag.withDescription("The config file (JSON with comments)")
)

const serving = {
  config: Flag.optional(config),
  port: Flag.Int("port").pipe(
    Flag.withDescription("The port to listen on instead of the config's; 0 picks a free one"),
    Flag.filter(
      (port) => port >= 0 && port <= 65_535,
      (port) => `a port is a number from 0 to 65535, got ${port}`
    ),
    Flag.optional
  ),
  host: Flag.String("host").pipe(
    Flag.withMetavar("HOST"),
    Flag.withDescription("The address to listen on instead of the config's"),
    Flag.optional
  ),
  watch: Flag.Boolean("watch").pipe(
    Flag.withDescription(
      "Reload when the config file, or a file it refers to, changes; on by default, --no-watch turns it off"
    ),
    Flag.withDefault(true)
  )
}

type Serving = Parameters<typeof import("./Serve.ts").serve>[0]

const runServe = (options: Serving) =>
  Effect.flatMap(
    Effect.promise(() => import("./Serve.ts")),
    ({ serve }) => serve(options)
  )

const serve = Command.make("serve", serving, runServe).pipe(
  Command.withDescription("Start the gateway; without a config file with built-in simulated providers")
)

const checking = {
  config: Flag.optional(config),
  live: Flag.Boolean("live").pipe(
    Flag.withDescription("Call every credential and every model of the config, for a few tokens each"),
    Flag.withDefault(false)
  ),
  timeout: Flag.String("timeout").pipe(
    Flag.withMetavar("DURATION"),
    Flag.withDescription("The timeout of each call; default 30s"),
    Flag.withDefault("30s")
  )
}

const check = Command.make("check", checking, (options) =>
  Effect.flatMap(
    Effect.promise(() => import("./Check.ts")),
    (module) => module.check(options)
  )
).pipe(
  Command.withDescription(
    "Print the problems of a config file, or a summary; without a file, of the built-in simulated providers"
  )
)

const classify = Command.make(
  "classify",
  {
    file: Argument.String("FILE").pipe(
      Argument.withDescription("JSON lines, one failed call each; default: standard input"),
      Argument.optional
    )
  },
  ({ file }) =>
    Effect.flatMap(
      Effect.promise(() => import("./Classify.ts")),
      ({ run }) => run(file)
    )
).pipe(Command.withDescription("Classify failed calls"))

const simulate = Command.make(
  "simulate",
  {
    scenario: Argument.String("SCENARIO").pipe(
      Argument.withDescription(
        "The name of a built-in scenario, or a file; without it the built-in ones are listed"
      ),
      Argument.optional
    ),
    config: Flag.optional(config),
    model: Flag.String("model").pipe(
      Flag.withMetavar("NAME"),
      Flag.withDescription("The requested model, instead of the scenario's"),
      Flag.optional
    ),
    compare: Flag.String("compare").pipe(
      Flag.withMetavar("OTHER_CONFIG"),
      Flag.withDescription("Also simulate another config, and report the differences"),
      Flag.optional
    ),
    replay: Flag.String("replay").pipe(
      Flag.withMetavar("FILE"),
      Flag.withDescription(
        "Replay the decisions of a gateway (JSON lines of /admin/decisions?format=jsonl) instead of a scenario"
      ),
      Flag.optional
    ),
    prices: Flag.String("prices").pipe(
      Flag.withMetavar("FILE"),
      Flag.withDescription(
        "A file with the price of a million tokens by provider/model, instead of the scenario's prices"
      ),
      Flag.optional
    ),
    defaults: Flag.Boolean("defaults").pipe(
      Flag.withDescription(
        "Compare each default of the policy with half and twice its value; SCENARIO is the beginning of its name"
      ),
      Flag.withDefault(false)
    ),
    html: Flag.String("html").pipe(
      Flag.withMetavar("FILE"),
      Flag.withDescription("Also write the report as a page with charts"),
      Flag.optional
    ),
    json: Flag.Boolean("json").pipe(Flag.withDescription("Write the report as JSON"), Flag.withDefault(false))
  },
  (options) =>
    Effect.flatMap(
      Effect.promise(() => import("./Simulate.ts")),
      (module) => module.simulate(options)
    )
).pipe(
  Command.withDescription(
    "Simulate an outage in virtual time and report how the config copes; no provider is called, no key is read"
  )
)

const demo = Command.make("demo", {}, () =>
  Effect.flatMap(
    Effect.promise(() => import("./demo/Demo.ts")),
    ({ run }) => run
  )
).pipe(Command.withDescription("A guided tour: five faults, on this machine only, and what the caller gets"))

const gateway = {
  url: Flag.String("url").pipe(
    Flag.withDescription("The URL of the gateway; default http://127.0.0.1:8080"),
    Flag.withDefault("http://127.0.0.1:8080")
  ),
  tokenEnv: Flag.String("token-env").pipe(
    Flag.withMetavar("NAME"),
    Flag.withDescription("The environment variable with its admin token; default ADMIN_TOKEN"),
    Flag.withDefault("ADMIN_TOKEN")
  )
}

const key = Argument.String("KEY").pipe(
  Argument.withDescription("provider, provider#credential, provider/model or provider/model#credential")
)

const loadBench = Effect.promise(() => import("./admin/Bench.ts"))

const benchList = Command.make("list", gateway, (place) =>
  Effect.flatMap(loadBench, ({ list }) => list(place))
).pipe(Command.withDescription("List what is benched, why and until when"))

const benchAdd = Command.make(
  "add",
  {
    ...gateway,
    key,
    for: Flag.String("for").pipe(
      Flag.withMetavar("DURATION"),
      Flag.withDescription("For how long, such as 10m; default: until it is removed"),
      Flag.optional
    ),
    until: Flag.String("until").pipe(
      Flag.withMetavar("DATE"),
      Flag.withDescription("Until when, such as 2026-05-01T12:00:00Z"),
      Flag.optional
    ),
    reason: Flag.String("reason").pipe(Flag.withDescription("The reason, shown in the list"), Flag.optional)
  },
  ({ key, tokenEnv, url, ...rest }) =>
    Effect.flatMap(loadBench, ({ add }) => add({ tokenEnv, url }, key, rest))
).pipe(Command.withDescription("Bench a key"))

const benchRemove = Command.make("remove", { ...gateway, key }, ({ key, ...place }) =>
  Effect.flatMap(loadBench, ({ remove }) => remove(place, key))
).pipe(Command.withDescription("Unbench a key"))

const bench = Command.make("bench").pipe(
  Command.withDescription("List and change the bench of a running gateway"),
  Command.withSubcommands([benchList, benchAdd, benchRemove])
)

const explain = Command.make(
  "explain",
  {
    model: Argument.String("MODEL").pipe(
      Argument.withDescription("The model of a request: a name in the config's models, or provider/model")
    ),
    fallbacks: Flag.String("fallbacks").pipe(
      Flag.withMetavar("MODELS"),
      Flag.withDescription("The request's own fallbacks, separated by commas"),
      Flag.optional
    ),
    json: Flag.Boolean("json").pipe(
      Flag.withDescription("Write the answer of the admin API as JSON"),
      Flag.withDefault(false)
    ),
    ...gateway
  },
  (options) =>
    Effect.flatMap(
      Effect.promise(() => import("./admin/Explain.ts")),
      (module) => module.explain(options)
    )
).pipe(
  Command.withDescription(
    "Print which targets a request for a model would try now, and why others are skipped, according to a running gateway; exit code 1 if no target can be called"
  )
)

/** All commands; without one, `serve`. */
export const cli = Command.make("effect-failover", serving, runServe).pipe(
  Command.withDescription("Failover for calls to language-model providers, as a gateway"),
  Command.withSubcommands([serve, check, classify, explain, bench, simulate, demo])
)
