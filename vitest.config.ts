import { availableParallelism } from 'node:os';
import { relative } from 'node:path';
import process from 'node:process';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** What runs real programs takes longest; begun last it would leave all cores but one idle at the end. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    // Where results of an earlier run are kept, they say it better.
    if (sorted.some((file) => this.ctx.cache.getTestSpecificationResult(file) !== undefined)) return sorted;
    const isLong = (file: TestSpecification) => /^(test|filters)\//.test(relative(this.ctx.config.root, file.moduleId));
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

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
    // vitest leaves a core to itself, which of two is half: but many tests wait for other programs, and it has little to do.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    sequence: { sequencer: LongestFirst },
  },
});
