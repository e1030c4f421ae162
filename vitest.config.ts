import process from 'node:process';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { conditions: ['@heddle/source'] },
  ssr: { resolve: { conditions: ['@heddle/source'], externalConditions: ['@heddle/source'] } },
  test: {
    // The same suites run on Node, Deno and Bun. On Bun vitest cannot start its watchdog for child processes.
    pool: 'bun' in process.versions ? 'threads' : 'forks',
    include: [
      'packages/*/{src,test}/**/*.test.ts',
      'filters/*/*.test.ts',
      'test/**/*.test.ts',
      'scripts/**/*.test.mjs',
    ],
    testTimeout: 20_000,
  },
});
