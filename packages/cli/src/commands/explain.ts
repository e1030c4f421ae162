import process from 'node:process';
import { createCompiler } from '@heddle/compiler';
import { type ExplanationTextOptions, explainRequest, explanationText, type RequestToExplain } from '@heddle/explain';
import { compareText, fullHost, type MeshSnapshot, nodeId, SUPPORTED_ENVOY_MINORS, viewOf } from '@heddle/model';
import { mergeSources } from '@heddle/sources';
import { createFileSource } from '@heddle/sources/node';
import { localPort } from '../dev/listener-ports.ts';
import { CommandError, EXIT, type ExitCode } from '../exit-code.ts';
import { withPluginModules } from '../filters/with-plugin-modules.ts';
import { mustExist } from '../findings/manifests.ts';
import { hasColor } from '../terminal/color.ts';
import { DiagnosticReporter } from '../terminal/diagnostic-reporter.ts';
import { printable } from '../terminal/printable.ts';
import { assumeRunning } from '../workloads/assumed-workloads.ts';
import { type DescribedProxy, describeGateway, describeProxy } from './described-proxy.ts';
import { meshConfigSources } from './mesh-config-file.ts';

/** Command line of `heddle explain request`. */
export interface ExplainOptions {
  readonly file: readonly string[];
  readonly meshConfig?: string;
  readonly method: string;
  readonly header: readonly string[];
  readonly from?: string;
  readonly via?: string;
  readonly output: 'text' | 'json';
}

/**
 * `heddle explain request`: which listener, route, cluster and endpoints a request meets, and which lines of the manifests decide it.
 * Exit 0 whatever becomes of the request: the answer is in the output.
 */
export async function explain(url: string, options: ExplainOptions): Promise<ExitCode> {
  if (options.from !== undefined && options.via !== undefined) {
    throw new CommandError('found --from and --via, wanted one: a request enters a sidecar or a gateway', {
      exitCode: EXIT.usage,
    });
  }
  const parsed = parseRequest(url, options);
  for (const path of options.file) await mustExist(path);
  const sources = [
    ...meshConfigSources(options.meshConfig, { watch: false }),
    createFileSource({ paths: options.file, watch: false }),
  ];
  const merged = mergeSources(sources);
  await merged.ready;
  for (const source of sources) await source.close();
  const { snapshot, assumed } = assumeRunning(await withPluginModules(merged.current));

  const proxy =
    options.from === undefined
      ? describeGateway(options.via, snapshot)
      : describeProxy(`sidecar:${options.from}`, snapshot);
  const compiler = createCompiler();
  const capabilities = { dataPlane: 'envoy', minor: SUPPORTED_ENVOY_MINORS.newest } as const;
  const view = viewOf({ ...proxy, id: nodeId(proxy), capabilities }, compiler.selectorKeys(snapshot));
  const compiled = compiler.compile(snapshot, view);
  const found = [...snapshot.diagnostics, ...compiled.diagnostics].filter(({ severity }) => severity === 'error');
  new DiagnosticReporter(process.stderr).report(found.map((one) => snapshot.located(one)));
  if (assumed.length > 0) {
    const shown = assumed.slice(0, SHOWN_WORKLOADS).join(', ');
    const more = assumed.length > SHOWN_WORKLOADS ? ` and ${assumed.length - SHOWN_WORKLOADS} more` : '';
    process.stderr.write(`ℹ taken to run, at made-up addresses: ${printable(shown)}${more}\n`);
  }

  const address =
    options.from === undefined ? undefined : addressOf(parsed.authority ?? '', proxy, compiler.services(snapshot));
  const request = { ...parsed, ...(address === undefined ? {} : { address }) };
  const explanation = explainRequest({
    compiled,
    request,
    locate: ({ resource, path }) => snapshot.locate(resource, path),
    pluginOrder: (namespace, name) =>
      snapshot
        .list('WasmPlugin')
        .find(({ metadata }) => metadata.name === name && (metadata.namespace ?? 'default') === namespace)?.spec,
  });
  if (explanation.outcome.kind === 'refused' && options.from === undefined) hintAtDevPorts(snapshot, parsed.port);
  const through = { type: proxy.type, namespace: proxy.namespace, name: proxy.name, labels: proxy.labels };
  process.stdout.write(
    options.output === 'json'
      ? `${JSON.stringify({ ...explanation, proxy: through }, null, 2)}\n`
      : explanationText(explanation, textOptions()),
  );
  return EXIT.ok;
}

/** How many of the workloads that are taken to run are named. */
const SHOWN_WORKLOADS = 5;

/** `heddle dev` serves low ports higher: who copies its URL asks for a port that no Gateway has. */
function hintAtDevPorts(snapshot: MeshSnapshot, port: number): void {
  const configured = snapshot.list('Gateway').flatMap(({ spec }) => spec.servers.map((server) => server.port.number));
  const meant = configured.find((number) => number !== port && localPort(number) === port);
  if (configured.includes(port) || meant === undefined) return;
  process.stderr.write(`ℹ heddle dev serves port ${meant} as ${port}: ask for port ${meant} here\n`);
}

const PAINTS = { good: 32, bad: 31, strong: 1, faint: 2 } as const;

function textOptions(): ExplanationTextOptions {
  const color = hasColor(process.stdout);
  return {
    printable,
    paint: (text, tone) => (color ? `\u001b[${PAINTS[tone]}m${text}\u001b[0m` : text),
  };
}

/** Scheme, host and port, path with query; a fragment stays with the client. The path is taken as written, as `curl --path-as-is` does. */
const URL_TEXT = /^(?:(https?):\/\/)?((?:\[[\da-f:.]+\]|[^/?#\s:[\]]+)(?::\d+)?)([/?][^#]*)?(?:#.*)?$/i;

function parseRequest(url: string, { method, header }: ExplainOptions): RequestToExplain {
  const [, scheme = 'http', host, rest = '/'] = URL_TEXT.exec(url) ?? [];
  if (host === undefined) throw usage(`found "${url}", wanted a URL such as http://shop.example.com/cart`);
  if (!/^[A-Za-z][A-Za-z-]*$/.test(method)) throw usage(`found --method "${method}", wanted a method such as GET`);
  const [, written] = /:(\d+)$/.exec(host) ?? [];
  const port = written === undefined ? (scheme.toLowerCase() === 'https' ? 443 : 80) : Number(written);
  if (port < 1 || port > 65_535) throw usage(`found port ${written} in "${url}", wanted 1 to 65535`);
  let authority = host;
  const headers: string[] = [];
  for (const line of header) {
    const [, name, value = ''] = /^([!#$%&'*+\-.^_`|~\w]+):\s*(.*?)\s*$/.exec(line) ?? [];
    if (name === undefined) throw usage(`found --header "${line}", wanted NAME: VALUE`);
    if (name.toLowerCase() === 'host') authority = value;
    else headers.push(name.toLowerCase(), bytesOf(value));
  }
  const path = bytesOf(rest.startsWith('/') ? rest : `/${rest}`);
  return { method: method.toUpperCase(), scheme: scheme.toLowerCase(), authority, path, port, headers };
}

/** Requests carry bytes; other characters than ASCII travel as UTF-8, one character here for each byte. */
function bytesOf(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

function usage(message: string): CommandError {
  return new CommandError(message, { exitCode: EXIT.usage });
}

/** The address that a workload's DNS gives for a host: an IP address stands for itself. */
function addressOf(
  authority: string,
  { namespace }: DescribedProxy,
  services: ReturnType<ReturnType<typeof createCompiler>['services']>,
): string | undefined {
  const host = authority
    .replace(/:\d+$/, '')
    .replace(/^\[|\]$/g, '')
    .toLowerCase();
  if (/^[\d.]+$/.test(host) || host.includes(':')) return host;
  // A name is tried in the caller's own namespace, then as it is under the domains above (Kubernetes, "DNS for Services and Pods").
  const tried = [
    fullHost(host, namespace, 'cluster.local'),
    `${host}.svc.cluster.local`,
    `${host}.cluster.local`,
    host,
  ];
  const found = services.find((service) => tried.includes(service.host));
  return [...(found?.addresses ?? [])].sort(compareText)[0];
}
