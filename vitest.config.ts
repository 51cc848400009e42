import { defineConfig, type ViteUserConfig } from "vitest/config";
import { SummaryReporter } from "./test/reporter/summary-reporter.ts";

const config: ViteUserConfig = defineConfig({
  test: {
    environment: "node",
    pool: "forks",
    maxWorkers: 2,
    include: ["{src,test,tools,bench,datasets}/**/*.test.ts"],
    exclude: ["**/node_modules/**", "dist/**"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    teardownTimeout: 10_000,
    restoreMocks: true,
    reporters: [new SummaryReporter()],
  },
});

export default config;
