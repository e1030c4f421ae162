/**
 * The `heddle` command.
 *
 * @module
 */
export { CommandError, EXIT, type ExitCode } from './exit-code.ts';
export { runCommandLine } from './program.ts';
