import process from 'node:process';
import { createControlPlane } from '@heddle/control-plane';
import { createPluginModules, type ServedControlPlane, serveControlPlane } from '@heddle/control-plane/node';
import { createFileSource } from '@heddle/sources/node';
import { createBuilder } from '@heddle/wasm-tools/builder';
import { CommandError, EXIT, type ExitCode } from '../exit-code.ts';
import { DiagnosticReporter } from '../terminal/diagnostic-reporter.ts';
import { createEventLog, diagnosticRecord, eventRecord, type LogFormat } from '../terminal/event-log.ts';
import { stopSignal } from '../terminal/stop-signal.ts';
import { meshConfigSources } from './mesh-config-file.ts';
import { heddleVersion } from './version.ts';

export interface ControlPlaneCommandOptions {
  readonly config: readonly string[];
  readonly meshConfig?: string;
  readonly grpcAddress: string;
  readonly httpAddress: string;
  readonly logFormat: LogFormat;
}

/** How long connected proxies are given to go elsewhere when the process is asked to stop. */
const DRAIN_MS = 1000;

/** `heddle control-plane`: serves manifests to proxies until it is stopped. */
export async function controlPlane(options: ControlPlaneCommandOptions): Promise<ExitCode> {
  const log = createEventLog(options.logFormat, (line) => process.stderr.write(line));
  const reporter = new DiagnosticReporter(
    options.logFormat === 'text'
      ? process.stderr
      : {
          found: (diagnostic) => log(diagnosticRecord(diagnostic)),
          allClear: () => log({ level: 'info', message: 'no problems any more' }),
        },
  );
  const builder = createBuilder();
  const control = createControlPlane({
    sources: [...meshConfigSources(options.meshConfig), createFileSource({ paths: options.config, watch: true })],
    pluginModules: createPluginModules({ build: builder.build }),
    log: (event) => {
      if (event.level !== 'debug') log(eventRecord(event));
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
    await builder.close();
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
  if (options.logFormat === 'json') {
    log({ level: 'info', message: 'serving', grpc_address: served.grpcAddress, http_address: served.httpAddress });
  }
  const signal = await stopSignal();
  if (options.logFormat === 'json') log({ level: 'info', message: 'stopping', signal });
  await served.close({ drainMs: DRAIN_MS });
  await control.close();
  await builder.close();
  return EXIT.ok;
}
