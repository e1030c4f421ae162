/**
 * Expressions in CEL for modules that ask the host for them. Apart from the core, which does without the library that evaluates them.
 *
 * @module
 */
export { celForeignFunctions } from './foreign-functions.ts';
