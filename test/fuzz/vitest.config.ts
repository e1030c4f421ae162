import { mergeConfig } from 'vitest/config';
import base from '../../vitest.config.ts';

/** The model-based tests of the discovery server with a seed of one's own: see scripts/fuzz-discovery.ts. */
export default mergeConfig(base, {
  test: {
    root: new URL('../..', import.meta.url).pathname,
    setupFiles: [new URL('seed.ts', import.meta.url).pathname],
    testTimeout: 600_000,
  },
});
