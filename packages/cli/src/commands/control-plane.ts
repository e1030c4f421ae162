import process from 'node:process';
import { createControlPlane } from '@heddle/control-plane';
import { type ServedControlPlane, serveControlPlane } from '@heddle/control-plane/node';
import { createFileSource } from '@heddle/sources/node';
import { CommandError, EXIT, type ExitCode } from '../exit-code.ts';
import { DiagnosticReporter } from '../terminal/diagnostic-reporter.ts';
import { stopSignal } from '../terminal/stop-signal.ts';
import { heddleVersion } from './version.ts';

export interface ControlPlaneCommandOptions {
  readonly config: readonly string[];
  readonly grpcAddress: string;
  readonly httpAddress: string;
}

/** How long connected proxies are given to go elsewhere when the process is asked to stop. */
const DRAIN_MS = 1000;

/** `heddle control-plane`: serves manifests to proxies until it is stopped. */
export async function controlPlane(options: ControlPlaneCommandOptions): Promise<ExitCode> {
  const reporter = new DiagnosticReporter(process.stderr);
  const control = createControlPlane({
    sources: [createFileSource({ paths: options.config, watch: true })],
    log: ({ level, message, nodeId }) => {
      if (level !== 'debug') process.stderr.write(`${level}: ${nodeId === undefined ? '' : `${nodeId}: `}${message}\n`);
    },
  });
  let served: ServedControlPlane;
  try {
    served = await serveControlPlane({
      controlPlane: control,
      grpcAddress: options.grpcAddress,
      httpAddress: options.httpAddress,
      version: await heddleVersion(),
    });
  } catch (error) {
    await control.close();
    throw new CommandError(
      `cannot serve on ${options.grpcAddress} and ${options.httpAddress}: ${(error as Error).message}`,
      {
        cause: error,
      },
    );
  }
  const report = () => reporter.report(control.diagnostics());
  control.subscribe(report);
  await control.started;
  report();
  process.stdout.write(`ads   ${served.grpcAddress}\nhttp  http://${served.httpAddress}\n`);
  await stopSignal();
  await served.close({ drainMs: DRAIN_MS });
  await control.close();
  return EXIT.ok;
}
