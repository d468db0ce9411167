import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // Importing effect once for all files is most of the time the suite takes; no test keeps state in a module.
    isolate: false,
    testTimeout: 20_000,
    hookTimeout: 30_000
  }
})
