import type { ListedService } from '@heddle/compiler';
import type { DiscoveryObserver, DiscoveryServer, StreamStatus } from '@heddle/discovery';
import { compareText, type Diagnostic, formatPosition, formatRef, type MeshSnapshot, refKey } from '@heddle/model';
import { proxyName } from '../proxy-lookup.ts';
import type { Rejection } from '../rejections.ts';
import type { MetricFamily, Sample } from './exposition.ts';
import { Histogram, LabelledCounter } from './instruments.ts';
import { snapshotChanges } from './snapshot-changes.ts';

/** What {@link ControlPlaneMetrics.collect} shows besides what was counted. */
export interface MetricsState {
  readonly discovery: Pick<DiscoveryServer, 'counters' | 'streams'>;
  readonly snapshot: MeshSnapshot;
  readonly services: readonly ListedService[];
  readonly diagnostics: readonly Diagnostic[];
  rejectionsOf(stream: StreamStatus): readonly Rejection[];
}

/** Rejected resources that get a sample of their own; the rest is only counted. */
const MAX_REJECTED_SAMPLES = 100;

const TIME_BOUNDS = [0.01, 0.1, 1, 3, 5, 10, 20, 30];
/** istiod's, and finer ones below its first, 0.1 s: most changes arrive sooner here. */
const CONVERGENCE_BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 3, 5, 10, 20, 30];
const SIZE_BOUNDS = [1, 10_000, 1_000_000, 4_000_000, 10_000_000, 40_000_000];

/**
 * What istiod's dashboards and alerts read, under istiod's names, wherever the meaning is the same (istio.io, "pilot-discovery",
 * exported metrics); what only Heddle knows is called `heddle_…`.
 */
export class ControlPlaneMetrics {
  readonly #pushes = new LabelledCounter('pilot_xds_pushes', 'Responses sent, by type.', 'type');
  readonly #rejects = new LabelledCounter(
    'pilot_total_xds_rejects',
    'Responses that proxies rejected, by type.',
    'type',
  );
  readonly #inbound = new LabelledCounter(
    'pilot_inbound_updates',
    'Objects that were new, changed or removed, by what they are about.',
    'type',
  );
  readonly #triggers = new LabelledCounter(
    'pilot_push_triggers',
    'Updates of what is served, by what changed; one update may have several reasons.',
    'type',
  );
  readonly #convergence = new Histogram(
    'pilot_proxy_convergence_time',
    'Seconds from a change until a proxy has acknowledged all that it needed.',
    CONVERGENCE_BOUNDS,
  );
  readonly #pushTime = new Histogram(
    'pilot_xds_push_time',
    'Seconds to put together one response, by type.',
    TIME_BOUNDS,
    'type',
  );
  readonly #size = new Histogram(
    'pilot_xds_config_size_bytes',
    'Bytes of resources in one response, by type URL.',
    SIZE_BOUNDS,
    'type',
  );
  readonly #update = new Histogram(
    'pilot_pushcontext_init_seconds',
    'Seconds to compile a new snapshot for all views in use and to find what changed.',
    [0.01, 0.1, 0.5, 1, 3, 5],
  );

  /** To be handed to the discovery server. */
  readonly observer: DiscoveryObserver = {
    pushed: ({ typeUrl, bytes, elapsedMs }) => {
      const type = typeOf(typeUrl);
      this.#pushes.add(type);
      this.#pushTime.observe(elapsedMs / 1000, type);
      this.#size.observe(bytes, typeUrl);
    },
    rejected: ({ typeUrl }) => this.#rejects.add(typeOf(typeUrl)),
    converged: (elapsedMs) => this.#convergence.observe(elapsedMs / 1000),
  };

  /** Counts what a new snapshot changes, and how long it took until proxies could be served from it. */
  noteUpdate(before: MeshSnapshot, after: MeshSnapshot, elapsedMs: number): void {
    const { eds, svc, svcdelete, config } = snapshotChanges(before, after);
    for (const [type, count] of Object.entries({ eds, svc, svcdelete, config })) {
      if (count > 0) this.#inbound.add(type, count);
    }
    if (eds > 0) this.#triggers.add('endpoint');
    if (svc + svcdelete > 0) this.#triggers.add('service');
    if (config > 0) this.#triggers.add('config');
    this.#update.observe(elapsedMs / 1000);
  }

  /** Every metric, with gauges as they are now. */
  collect(state: MetricsState): readonly MetricFamily[] {
    const streams = state.discovery.streams();
    const { counters } = state.discovery;
    return [
      gauge('pilot_xds', 'Connected proxies, by version.', connected(streams)),
      this.#pushes.family(),
      this.#rejects.family(),
      ...['CDS', 'EDS', 'LDS', 'RDS', 'ECDS'].map((label) => rejectedBy(label, streams)),
      counter('pilot_xds_expired_nonce', 'Requests with a nonce overtaken or never sent.', counters.staleNonces),
      this.#convergence.family(),
      this.#pushTime.family(),
      this.#size.family(),
      this.#update.family(),
      this.#triggers.family(),
      this.#inbound.family(),
      gauge('pilot_services', 'Hosts that the mesh knows.', [{ value: state.services.length }]),
      gauge('pilot_virt_services', 'VirtualServices.', [{ value: state.snapshot.list('VirtualService').length }]),
      gauge('pilot_endpoint_not_ready', 'Workloads of services that are not ready.', [
        { value: notReady(state.services) },
      ]),
      gauge('pilot_eds_no_instances', 'Ports of services that have no endpoint.', [
        { value: withoutEndpoints(state.services) },
      ]),
      gauge(
        'heddle_xds_rejected_resource',
        `Resources that proxies go without, with what made them; the first ${MAX_REJECTED_SAMPLES}.`,
        rejectedResources(streams, state),
      ),
      gauge('heddle_xds_held_back', 'Resources that wait for an acknowledgement, by type.', heldBack(streams)),
      counter('heddle_xds_streams_total', 'Streams opened.', counters.streamsOpened),
      counter('heddle_xds_stream_errors_total', 'Streams ended with an error.', counters.streamErrors),
      counter('heddle_xds_resources_sent_total', 'Resources sent.', counters.resourcesSent),
      counter('heddle_xds_resource_bytes_sent_total', 'Bytes of resources sent.', counters.resourceBytesSent),
      gauge('heddle_diagnostics', 'Findings about the configuration, by severity.', findings(state.diagnostics)),
    ];
  }
}

/** What is served and by what: istiod's `pilot_info` and `istio_build`. */
export function buildMetrics(version: string): readonly MetricFamily[] {
  return [
    gauge('pilot_info', 'Version of the control plane.', [{ labels: { version }, value: 1 }]),
    gauge('istio_build', 'Component and version.', [{ labels: { component: 'pilot', tag: version }, value: 1 }]),
  ];
}

function gauge(name: string, help: string, samples: readonly Sample[]): MetricFamily {
  return { name, help, type: 'gauge', samples };
}

function counter(name: string, help: string, value: number): MetricFamily {
  return { name, help, type: 'counter', samples: [{ value }] };
}

/** istiod's short names for types, by the message's name. */
const TYPES: Readonly<Record<string, string>> = {
  Cluster: 'cds',
  ClusterLoadAssignment: 'eds',
  Listener: 'lds',
  RouteConfiguration: 'rds',
  VirtualHost: 'vhds',
  Secret: 'sds',
  TypedExtensionConfig: 'ecds',
};

function typeOf(typeUrl: string): string {
  return TYPES[typeUrl.slice(typeUrl.lastIndexOf('.') + 1)] ?? typeUrl;
}

function tally(values: Iterable<string>): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

function labelled(label: string, counts: ReadonlyMap<string, number>): readonly Sample[] {
  return [...counts]
    .sort(([a], [b]) => compareText(a, b))
    .map(([text, value]) => ({ labels: { [label]: text }, value }));
}

function connected(streams: readonly StreamStatus[]): readonly Sample[] {
  const versions = tally(streams.map(({ client }) => client?.istioVersion ?? client?.userAgent ?? 'unknown'));
  // Without anybody it is 0, not absent: an alert on "nobody is connected" must find something.
  return versions.size === 0 ? [{ value: 0 }] : labelled('version', versions);
}

function rejectedBy(label: string, streams: readonly StreamStatus[]): MetricFamily {
  const counts = new Map<string, number>();
  for (const { nodeId = '', types } of streams) {
    const rejected = types.find((type) => type.label === label)?.rejected.length ?? 0;
    if (rejected > 0) counts.set(proxyName(nodeId), (counts.get(proxyName(nodeId)) ?? 0) + rejected);
  }
  const help = `${label} resources that a proxy rejected and goes without.`;
  return gauge(`pilot_xds_${label.toLowerCase()}_reject`, help, labelled('node', counts));
}

function rejectedResources(streams: readonly StreamStatus[], state: MetricsState): readonly Sample[] {
  const samples = new Map<string, Sample>();
  for (const stream of streams) {
    for (const { typeUrl, name, origin } of state.rejectionsOf(stream)) {
      if (samples.size === MAX_REJECTED_SAMPLES) return [...samples.values()];
      const labels = {
        node: proxyName(stream.nodeId ?? ''),
        type: typeOf(typeUrl),
        resource: name,
        object: origin === undefined ? '' : formatRef(origin.resource),
        position: origin?.range === undefined ? '' : formatPosition(origin.range),
      };
      // Two streams of one proxy may refuse the same: the format allows each set of labels once.
      samples.set(JSON.stringify(labels), { labels, value: 1 });
    }
  }
  return [...samples.values()];
}

function heldBack(streams: readonly StreamStatus[]): readonly Sample[] {
  const counts = new Map<string, number>();
  for (const { types } of streams) {
    for (const { typeUrl, heldBack: waiting } of types) {
      if (waiting.length > 0) counts.set(typeOf(typeUrl), (counts.get(typeOf(typeUrl)) ?? 0) + waiting.length);
    }
  }
  return labelled('type', counts);
}

function notReady(services: readonly ListedService[]): number {
  return new Set(services.flatMap(({ ports }) => ports.flatMap((port) => port.notReady.map(refKey)))).size;
}

function withoutEndpoints(services: readonly ListedService[]): number {
  let count = 0;
  for (const { resolution, ports } of services) {
    if (resolution === 'endpoints') count += ports.filter(({ endpoints }) => endpoints.length === 0).length;
  }
  return count;
}

function findings(diagnostics: readonly Diagnostic[]): readonly Sample[] {
  const counts = tally(diagnostics.map(({ severity }) => severity));
  return ['error', 'info', 'warning'].map((severity) => ({ labels: { severity }, value: counts.get(severity) ?? 0 }));
}
