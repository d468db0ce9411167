/** The tests that mutants are put to: those of the engine, the limits, the upstreams and the classifier that are quick. */
import { mergeConfig } from "vitest/config"
import config from "./vitest.config.ts"

const slow = ["crowd", "lost", "failover", "lifetime", "scheduler", "seams"]

export default mergeConfig(config, {
  test: {
    exclude: [
      ...slow.map((name) => `test/laws/${name}.test.ts`),
      "test/candidates/{Scale,Crowds}.test.ts",
      "test/{cli,config,docs,gateway,failoverbench,package,simulator}/**"
    ]
  }
})
