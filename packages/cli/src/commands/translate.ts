import process from 'node:process';
import { createCompiler } from '@heddle/compiler';
import { staticBootstrap } from '@heddle/compiler/bootstrap';
import { dump, toEnvoyJson } from '@heddle/compiler/dump';
import { BootstrapSchema } from '@heddle/envoy-api/bootstrap';
import { type MeshSnapshot, nodeId, type ProxyCapabilities, SUPPORTED_ENVOY_MINORS, viewOf } from '@heddle/model';
import { mergeSources } from '@heddle/sources';
import { createFileSource } from '@heddle/sources/node';
import { stringify } from 'yaml';
import { localPort } from '../dev/listener-ports.ts';
import { CommandError, EXIT, type ExitCode } from '../exit-code.ts';
import { withPluginModules } from '../filters/with-plugin-modules.ts';
import { DiagnosticReporter } from '../terminal/diagnostic-reporter.ts';
import { type DescribedProxy, describeProxy } from './described-proxy.ts';
import { meshConfigSources } from './mesh-config-file.ts';

export interface TranslateOptions {
  readonly file: readonly string[];
  readonly meshConfig?: string;
  readonly for: string;
  readonly output: 'yaml' | 'json' | 'bootstrap';
  readonly address: string;
  /** Write private keys into a bootstrap. */
  readonly withSecrets?: boolean;
  /** Minor version of the Envoy that is to be sent the result. */
  readonly envoyVersion?: number;
}

/** `heddle translate`: what a proxy would be sent for these manifests. Exit 1 if some of them have errors; the rest is printed. */
export async function translate(options: TranslateOptions): Promise<ExitCode> {
  const sources = [
    ...meshConfigSources(options.meshConfig, { watch: false }),
    createFileSource({ paths: options.file, watch: false }),
  ];
  const merged = mergeSources(sources);
  await merged.ready;
  for (const source of sources) await source.close();
  const snapshot = await withPluginModules(merged.current);

  const proxy = describeProxy(options.for, snapshot);
  const compiler = createCompiler();
  const view = viewOf(
    {
      ...proxy,
      id: nodeId(proxy),
      capabilities: capabilitiesFor(options.envoyVersion ?? SUPPORTED_ENVOY_MINORS.newest),
      ...(options.output === 'bootstrap' ? { binding: bootstrapBinding(snapshot, options.address) } : {}),
    },
    compiler.selectorKeys(snapshot),
  );
  const { resources, diagnostics } = compiler.compile(snapshot, view);
  const found = [...snapshot.diagnostics, ...diagnostics].map((one) => snapshot.located(one));
  new DiagnosticReporter(process.stderr).report(found);

  switch (options.output) {
    case 'json':
      process.stdout.write(`${JSON.stringify(dump(resources), null, 2)}\n`);
      break;
    case 'yaml':
      process.stdout.write(stringify(dump(resources), { aliasDuplicateObjects: false }));
      break;
    case 'bootstrap': {
      const bootstrap = staticBootstrap(resources, {
        node: { id: nodeId(proxy), cluster: clusterOf(proxy) },
        withSecrets: options.withSecrets === true,
      });
      process.stdout.write(stringify(toEnvoyJson(BootstrapSchema, bootstrap), { aliasDuplicateObjects: false }));
      break;
    }
  }
  return found.some(({ severity }) => severity === 'error') ? EXIT.failed : EXIT.ok;
}

function capabilitiesFor(minor: number): ProxyCapabilities {
  const { oldest, newest } = SUPPORTED_ENVOY_MINORS;
  if (minor < oldest || minor > newest) {
    throw new CommandError(`Envoy 1.${minor} is not supported, wanted 1.${oldest} to 1.${newest}`, {
      exitCode: EXIT.usage,
    });
  }
  return { dataPlane: 'envoy', minor };
}

function clusterOf({ name, namespace }: DescribedProxy): string {
  return `${name}.${namespace}`;
}

/** A file to run by hand is bound to loopback, and to ports that need no root: the same as in `heddle dev`. */
function bootstrapBinding(snapshot: MeshSnapshot, address: string): { address: string; ports: Record<string, number> } {
  const configured = [
    ...snapshot.list('Gateway').flatMap(({ spec }) => spec.servers.map(({ port }) => port.number)),
    ...snapshot.list('Service').flatMap(({ spec }) => (spec.ports ?? []).map(({ port }) => port)),
    ...snapshot.list('ServiceEntry').flatMap(({ spec }) => (spec.ports ?? []).map(({ number }) => number)),
  ];
  return { address, ports: Object.fromEntries(configured.map((port) => [String(port), localPort(port)])) };
}
