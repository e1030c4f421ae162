import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { conditions: ['@heddle/source'] },
  ssr: { resolve: { conditions: ['@heddle/source'], externalConditions: ['@heddle/source'] } },
  test: {
    pool: 'forks',
    include: ['packages/*/src/**/*.test.ts', 'test/**/*.test.ts', 'scripts/**/*.test.mjs'],
    testTimeout: 20_000,
  },
});
