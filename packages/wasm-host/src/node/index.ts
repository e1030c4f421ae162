/**
 * What a host has on Node, Deno and Bun.
 *
 * @module
 */
export { nodeForeignFunctions } from './foreign-functions.ts';
