import { analyze } from '@heddle/analysis';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { readManifests } from '../findings/manifests.ts';
import { type FindingsFormat, printFindings } from '../findings/report.ts';

/** Command line of `heddle validate`. */
export interface ValidateOptions {
  readonly file: readonly string[];
  readonly output: FindingsFormat;
}

/**
 * `heddle validate`: what is wrong with each object by itself, without asking anybody. Exit 0 if there are no errors (warnings are
 * none), 1 if there are. What is only worth knowing is left to `heddle analyze`.
 */
export async function validate({ file, output }: ValidateOptions): Promise<ExitCode> {
  const manifests = await readManifests(file);
  const findings = analyze(manifests.snapshot, { scope: 'object' });
  printFindings(manifests, findings, { output, threshold: 'warning' });
  return findings.some(({ severity }) => severity === 'error') ? EXIT.failed : EXIT.ok;
}
