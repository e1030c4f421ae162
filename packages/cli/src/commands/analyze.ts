import process from 'node:process';
import { analysisRules, analyze as analyzeMesh, isSuppressed, type Suppression } from '@heddle/analysis';
import { suggest } from '@heddle/api';
import { type DiagnosticCode, diagnosticCodes, type Severity } from '@heddle/model';
import { CommandError, EXIT, type ExitCode } from '../exit-code.ts';
import { withCompiledFindings } from '../findings/compiled-findings.ts';
import { readManifests } from '../findings/manifests.ts';
import { type FindingsFormat, isAtLeast, printFindings } from '../findings/report.ts';
import { formatTable } from '../terminal/text-table.ts';

/** Command line of `heddle analyze`. */
export interface AnalyzeOptions {
  readonly file?: readonly string[];
  readonly output: FindingsFormat;
  /** The mildest findings that are shown. */
  readonly severity: Severity;
  /** The mildest findings that make the command fail. */
  readonly failureThreshold: Severity;
  readonly suppress?: readonly string[];
  readonly listRules?: boolean;
}

/**
 * `heddle analyze`: what is wrong with objects and between them. Exit 0 if nothing reaches the failure threshold, 79 if something does
 * (as with `istioctl analyze`), 1 if the manifests cannot be read.
 */
export async function analyze(paths: readonly string[], options: AnalyzeOptions): Promise<ExitCode> {
  if (options.listRules === true) {
    process.stdout.write(rulesTable());
    return EXIT.ok;
  }
  const read = [...paths, ...(options.file ?? [])];
  if (read.length === 0) {
    throw new CommandError('found no paths, wanted files or folders of manifests, or - for stdin', {
      exitCode: EXIT.usage,
    });
  }
  const suppress = (options.suppress ?? []).map(parseSuppression);
  const manifests = await readManifests(read);
  const all = withCompiledFindings(manifests.snapshot, analyzeMesh(manifests.snapshot));
  const findings = all.filter((found) => !suppress.some((wish) => isSuppressed(found, wish)));
  printFindings(manifests, findings, { output: options.output, threshold: options.severity });
  return findings.some(({ severity }) => isAtLeast(severity, options.failureThreshold)) ? EXIT.findings : EXIT.ok;
}

function rulesTable(): string {
  const rows = analysisRules
    .map(({ code, name, about }) => [code, diagnosticCodes[code].severity, name, about])
    .sort(([a = '', , b = ''], [c = '', , d = '']) => (a < c ? -1 : a > c ? 1 : b < d ? -1 : 1));
  return formatTable(['CODE', 'SEVERITY', 'RULE', 'FINDS'], rows);
}

/** `CODE`, `CODE=KIND NAME`, `CODE=KIND NAMESPACE/NAME` or istioctl's `CODE=KIND NAME.NAMESPACE`; `*` stands for any text. */
function parseSuppression(text: string): Suppression {
  const [code, object] = splitOnce(text, '=');
  if (!isCode(code)) {
    const near = suggest(code, Object.keys(diagnosticCodes));
    throw usage(`--suppress "${text}" has the code "${code}"${near === undefined ? '' : `; did you mean "${near}"?`}`);
  }
  if (object === undefined) return { code };
  const [kind, name] = splitOnce(object.trim(), ' ');
  if (kind === '' || name === undefined) throw usage(`--suppress "${text}", wanted CODE=KIND NAMESPACE/NAME`);
  if (name === '*') return { code, kind };
  const [namespace, own] = splitOnce(name, '/');
  if (own !== undefined) return { code, kind, namespace, name: own };
  const dot = name.lastIndexOf('.');
  return dot < 0 ? { code, kind, name } : { code, kind, namespace: name.slice(dot + 1), name: name.slice(0, dot) };
}

function splitOnce(text: string, separator: string): readonly [string, string?] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function isCode(text: string): text is DiagnosticCode {
  return Object.hasOwn(diagnosticCodes, text);
}

function usage(message: string): CommandError {
  return new CommandError(message, { exitCode: EXIT.usage });
}
