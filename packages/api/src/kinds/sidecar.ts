import { hostLabel } from '../formats/dns-name.ts';
import { isIpAddress } from '../formats/ip-address.ts';
import { labelKey, labelValue } from '../formats/label.ts';
import { sidecarHost } from '../formats/sidecar-host.ts';
import type { KindDeclaration } from '../kind.ts';
import {
  array,
  type Infer,
  inert,
  integer,
  map,
  object,
  pending,
  type ReportProblem,
  required,
  type StringFormat,
  string,
} from '../schema.ts';
import { Destination, portNumber } from './destination.ts';
import { IstioStatus } from './istio-status.ts';
import { ServerTlsSettings } from './server-tls-settings.ts';
import { ConnectionPoolSettings } from './traffic-policy.ts';

const CAPTURE_MODES = ['DEFAULT', 'IPTABLES', 'NONE'] as const;

/** An IP address, or a Unix socket. */
const bindAddress: StringFormat = {
  name: 'bind-address',
  check: (text) =>
    isIpAddress(text) || /^unix:\/\/(?:@.|\/.*[^/]$)/.test(text)
      ? undefined
      : 'an IP address, or unix:// and an absolute path',
};

const EgressPort = object({
  number: integer({ minimum: 0, maximum: 65535 }),
  protocol: string({
    values: ['HTTP', 'HTTP2', 'GRPC', 'GRPC-WEB', 'TCP', 'TLS', 'HTTPS', 'MONGO', 'REDIS', 'MYSQL'],
    pendingValues: ['HTTP_PROXY', 'UDP'],
    ignoreCase: true,
    emptyIsAbsent: true,
  }),
  name: inert(string({ format: hostLabel, emptyIsAbsent: true })),
  targetPort: inert(integer({ minimum: 0, maximum: 65535 })),
});

const EgressListener = object({
  port: EgressPort,
  bind: pending(string({ format: bindAddress, emptyIsAbsent: true })),
  captureMode: pending(string({ values: CAPTURE_MODES })),
  hosts: required(
    array(string({ format: sidecarHost }), {
      minItems: 1,
      doc: 'NAMESPACE/HOST of the services, and of the VirtualServices’ hosts, that the workload may call.',
    }),
  ),
});

const IngressListener = object({
  port: required(object({ number: required(portNumber), protocol: string(), name: string(), targetPort: integer() })),
  bind: string({ format: bindAddress, emptyIsAbsent: true }),
  captureMode: string({ values: CAPTURE_MODES }),
  defaultEndpoint: string({ emptyIsAbsent: true }),
  tls: ServerTlsSettings,
  connectionPool: ConnectionPoolSettings,
});

/** Istio `networking.istio.io Sidecar`: what sidecars know of the mesh, and how they listen (https://istio.io/latest/docs/reference/config/networking/sidecar/). */
export const SidecarSpec = object(
  {
    workloadSelector: object({
      labels: map(string({ format: labelValue }), {
        keys: labelKey,
        maxEntries: 256,
        doc: 'Whose sidecars it is for; without, those of the namespace, and in the root namespace those of all.',
      }),
    }),
    ingress: pending(array(IngressListener)),
    egress: array(EgressListener, { doc: 'What the workloads may call; everything if absent.' }),
    inboundConnectionPool: pending(ConnectionPoolSettings),
    outboundTrafficPolicy: object({
      mode: string({
        values: ['REGISTRY_ONLY', 'ALLOW_ANY'],
        doc: 'In place of the mesh’s; REGISTRY_ONLY if absent here.',
      }),
      egressProxy: pending(Destination),
    }),
  },
  { check: (spec, report) => checkSidecar(spec, report) },
);
export type SidecarSpec = Infer<typeof SidecarSpec>;

function checkSidecar(spec: SidecarSpec, report: ReportProblem): void {
  const { egress = [], ingress = [] } = spec;
  const policy = spec.outboundTrafficPolicy;
  if (egress.length === 0 && ingress.length === 0 && policy === undefined && spec.inboundConnectionPool === undefined) {
    report({ message: 'found an empty configuration', wanted: 'egress, ingress or outboundTrafficPolicy' });
  }
  checkEgress(egress, report);
  checkIngress(ingress, report);
  if (policy?.egressProxy !== undefined) {
    if (policy.mode !== 'ALLOW_ANY') {
      report({
        path: ['outboundTrafficPolicy', 'egressProxy'],
        message: `found egressProxy with mode ${policy.mode ?? 'REGISTRY_ONLY'}`,
        wanted: 'mode ALLOW_ANY',
      });
    }
    if (policy.egressProxy.port === undefined)
      report({
        path: ['outboundTrafficPolicy', 'egressProxy', 'port'],
        message: 'found no port',
        wanted: 'port.number',
      });
  }
}

function checkEgress(egress: NonNullable<SidecarSpec['egress']>, report: ReportProblem): void {
  const ports = new Set<number>();
  const sockets = new Set<string>();
  for (const [index, { port, bind, captureMode }] of egress.entries()) {
    const path = ['egress', index];
    if (port === undefined) {
      if (index < egress.length - 1)
        report({ path, message: 'found a listener without port before others', wanted: 'it as the last one' });
      continue;
    }
    if ((port.targetPort ?? 0) > 0)
      report({
        path: [...path, 'port', 'targetPort'],
        message: 'found targetPort',
        wanted: 'none: it says nothing here',
      });
    const number = port.number ?? 0;
    if (number > 0) {
      if (ports.has(number))
        report({ path: [...path, 'port', 'number'], message: `found port ${number} twice`, wanted: 'each once' });
      ports.add(number);
      if (bind !== undefined && !isIpAddress(bind))
        report({ path: [...path, 'bind'], message: `found "${bind}"`, wanted: 'an IP address, or port 0' });
      continue;
    }
    if (bind === undefined || !bind.startsWith('unix://')) {
      report({
        path: [...path, 'port', 'number'],
        message: 'found port 0',
        wanted: 'a port, or a bind to a Unix socket',
      });
      continue;
    }
    if (sockets.has(bind)) report({ path: [...path, 'bind'], message: `found "${bind}" twice`, wanted: 'each once' });
    sockets.add(bind);
    if (captureMode === 'IPTABLES')
      report({
        path: [...path, 'captureMode'],
        message: 'found IPTABLES for a Unix socket',
        wanted: 'DEFAULT or NONE',
      });
  }
}

const TLS_PROTOCOLS: ReadonlySet<string> = new Set(['HTTPS', 'TLS']);
const LOCAL_ENDPOINT = /^(?:127\.0\.0\.1|0\.0\.0\.0|\[::1?\])?:(\d{1,5})$/;

function checkIngress(ingress: NonNullable<SidecarSpec['ingress']>, report: ReportProblem): void {
  const ports = new Set<number>();
  for (const [index, { port, bind, defaultEndpoint, tls }] of ingress.entries()) {
    const path = ['ingress', index];
    const say = (field: readonly string[], message: string, wanted: string): void =>
      report({ path: [...path, ...field], message, wanted });
    if ((port.targetPort ?? 0) > 0) say(['port', 'targetPort'], 'found targetPort', 'none: it says nothing here');
    if (ports.has(port.number)) say(['port', 'number'], `found port ${port.number} twice`, 'each once');
    ports.add(port.number);
    if (bind !== undefined && !isIpAddress(bind)) say(['bind'], `found "${bind}"`, 'an IP address');
    if (defaultEndpoint !== undefined && !/^unix:\/\/(?:@.|\/.*[^/]$)/.test(defaultEndpoint)) {
      const number = Number(LOCAL_ENDPOINT.exec(defaultEndpoint)?.[1] ?? 0);
      if (number < 1 || number > 65535)
        say(
          ['defaultEndpoint'],
          `found "${defaultEndpoint}"`,
          '127.0.0.1:PORT, 0.0.0.0:PORT, [::1]:PORT, [::]:PORT or unix:// and a path',
        );
    }
    if (tls === undefined) continue;
    for (const field of [
      'subjectAltNames',
      'httpsRedirect',
      'credentialName',
      'credentialNames',
      'tlsCertificates',
    ] as const) {
      if (tls[field] !== undefined && tls[field] !== false) say(['tls', field], `found ${field} at a sidecar`, 'none');
    }
    if (tls.mode === 'ISTIO_MUTUAL' || tls.mode === 'AUTO_PASSTHROUGH')
      say(['tls', 'mode'], `found ${tls.mode} at a sidecar`, 'SIMPLE or MUTUAL');
    if (!TLS_PROTOCOLS.has((port.protocol ?? '').toUpperCase()))
      say(['tls'], `found TLS settings on a port that speaks ${port.protocol ?? 'TCP'}`, 'protocol HTTPS or TLS');
  }
}

export const Sidecar: KindDeclaration<'Sidecar', SidecarSpec> = {
  kind: 'Sidecar',
  group: 'networking.istio.io',
  versions: ['v1', 'v1beta1', 'v1alpha3'],
  scope: 'namespaced',
  plural: 'sidecars',
  spec: SidecarSpec,
  status: IstioStatus,
};
