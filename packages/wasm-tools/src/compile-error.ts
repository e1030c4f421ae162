import type { CompileDiagnostic } from './compile-diagnostic.ts';

/** The compiler refused the sources; the message has each error with its file, line and column. */
export class CompileError extends Error {
  /** What it found, if the sources are to blame. */
  readonly diagnostics: readonly CompileDiagnostic[];

  constructor(message: string, diagnostics: readonly CompileDiagnostic[] = [], options?: ErrorOptions) {
    super(message, options);
    this.name = 'CompileError';
    this.diagnostics = diagnostics;
  }
}
