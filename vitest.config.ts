import { resolve } from "node:path"
import { defineConfig } from "vitest/config"

export default defineConfig({
  resolve: {
    // The examples name the package as its users do; in the tests that is its sources.
    alias: [
      { find: /^effect-failover$/, replacement: resolve(import.meta.dirname, "src/index.ts") },
      {
        find: /^effect-failover\/bench$/,
        replacement: resolve(import.meta.dirname, "src/health/stores/index.ts")
      },
      {
        find: /^effect-failover\/limits$/,
        replacement: resolve(import.meta.dirname, "src/health/limits/index.ts")
      },
      {
        find: /^effect-failover\/upstream$/,
        replacement: resolve(import.meta.dirname, "src/router/index.ts")
      },
      { find: /^effect-failover\/([a-z]+)$/, replacement: resolve(import.meta.dirname, "src/$1/index.ts") }
    ]
  },
  test: {
    include: ["test/**/*.test.ts", "examples/testing.ts"],
    // Importing effect once for all files is most of the time the suite takes; no test keeps state in a module.
    isolate: false,
    // Many tests wait for sockets and processes, so two workers finish in half the time, on two cores as well.
    maxWorkers: 2,
    // Only what hangs is cut off: on a busy machine a test may take many times as long as it works.
    testTimeout: 120_000,
    hookTimeout: 120_000
  }
})
