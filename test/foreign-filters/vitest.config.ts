import { mergeConfig } from 'vitest/config';
import base from '../../vitest.config.ts';

/** The filters that other languages' compilers make: a tier of its own, as it takes those compilers. */
const config = mergeConfig(base, { test: { root: new URL('../..', import.meta.url).pathname } });
config.test.include = ['test/foreign-filters/foreign-filters.suite.ts'];
export default config;
