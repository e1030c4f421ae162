import { readFileSync } from 'node:fs';
import type { Diagnostic } from '@heddle/model';
import { formatDiagnostic } from '@heddle/model';
import { codeFrame } from '@heddle/sources';
import { hasColor } from './color.ts';

/** How findings are shown. */
export interface DiagnosticPrinter {
  found(diagnostic: Diagnostic): void;
  /** Everything that was shown is gone. */
  allClear(): void;
}

/** Prints each diagnostic once, with the lines it is about, and says when what was wrong is right again. */
export class DiagnosticReporter {
  readonly #printer: DiagnosticPrinter;
  #shown: ReadonlySet<string> = new Set();

  /** Prints code frames on a stream, or in any other way. */
  constructor(output: NodeJS.WriteStream | DiagnosticPrinter) {
    this.#printer = 'found' in output ? output : codeFrames(output);
  }

  /** Prints the diagnostics that were not there at the last call; infos are left to whoever asks for them. */
  report(diagnostics: readonly Diagnostic[]): void {
    const problems = diagnostics.filter(({ severity }) => severity !== 'info');
    const keys = new Map(problems.map((found) => [keyOf(found), found]));
    for (const [key, found] of keys) {
      if (!this.#shown.has(key)) this.#printer.found(found);
    }
    const before = this.#shown.size;
    this.#shown = new Set(keys.keys());
    if (before > 0 && keys.size === 0) this.#printer.allClear();
  }
}

function codeFrames(stream: NodeJS.WriteStream): DiagnosticPrinter {
  return {
    found: (diagnostic) =>
      stream.write(`${codeFrame(diagnostic, { text: textOf(diagnostic), color: hasColor(stream) })}\n`),
    allClear: () => stream.write('✔ no problems any more\n'),
  };
}

/** How many errors and warnings there are. */
export function problemCount(diagnostics: readonly Diagnostic[]): number {
  return diagnostics.filter(({ severity }) => severity !== 'info').length;
}

/** Position and all: a problem that moved to another line is shown again where it is now only if its text changed too. */
function keyOf({ range: _range, ...found }: Diagnostic): string {
  return formatDiagnostic(found);
}

/** The lines are read when the problem is shown; if the file is gone by then, the message stands without them. */
function textOf({ range }: Diagnostic): string | undefined {
  if (range === undefined) return undefined;
  try {
    return readFileSync(range.file, 'utf8');
  } catch {
    return undefined;
  }
}
