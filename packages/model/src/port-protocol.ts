/**
 * What is spoken on a port. `undeclared` ports are neither named nor annotated with a protocol: Istio looks at the first bytes of each
 * connection to tell HTTP from other protocols.
 */
export type PortProtocol =
  | 'http'
  | 'http2'
  | 'grpc'
  | 'grpc-web'
  | 'https'
  | 'tls'
  | 'tcp'
  | 'mongo'
  | 'mysql'
  | 'redis'
  | 'udp'
  | 'undeclared';

const BY_NAME: Readonly<Record<string, PortProtocol>> = {
  http: 'http',
  http2: 'http2',
  grpc: 'grpc',
  'grpc-web': 'grpc-web',
  https: 'https',
  tls: 'tls',
  tcp: 'tcp',
  mongo: 'mongo',
  mysql: 'mysql',
  redis: 'redis',
  udp: 'udp',
};

const BY_APP_PROTOCOL: Readonly<Record<string, PortProtocol>> = {
  'kubernetes.io/h2c': 'http2',
  'kubernetes.io/ws': 'http',
  'kubernetes.io/wss': 'https',
};

/** Ports of protocols in which the server speaks first, which cannot be told by looking at what the client sends: SMTP, DNS, MySQL, MongoDB. */
const SERVER_FIRST_PORTS: ReadonlySet<number> = new Set([25, 53, 3306, 27017]);

/** A protocol by the name that Gateways and ServiceEntries use (`HTTP`, `GRPC-WEB`), whatever its case. */
export function parseProtocol(name: string | undefined): PortProtocol {
  const text = (name ?? '').toLowerCase();
  return Object.hasOwn(BY_NAME, text) ? (BY_NAME[text] as PortProtocol) : 'undeclared';
}

/**
 * The protocol of a Kubernetes service port: its transport, `appProtocol`, or its name up to the first dash (`http-web`), as on
 * Istio's page "Protocol Selection".
 */
export function servicePortProtocol(port: {
  readonly protocol?: string;
  readonly appProtocol?: string;
  readonly name?: string;
  readonly port: number;
}): PortProtocol {
  if (port.protocol !== undefined && port.protocol !== 'TCP') return 'udp';
  if (port.appProtocol !== undefined && port.appProtocol !== '') {
    const text = port.appProtocol.toLowerCase();
    return Object.hasOwn(BY_APP_PROTOCOL, text) ? (BY_APP_PROTOCOL[text] as PortProtocol) : parseProtocol(text);
  }
  const name = (port.name ?? '').toLowerCase();
  if (name === 'grpc-web' || name.startsWith('grpc-web-')) return 'grpc-web';
  const byName = parseProtocol(name.split('-', 1)[0]);
  return byName === 'undeclared' && SERVER_FIRST_PORTS.has(port.port) ? 'tcp' : byName;
}

/** HTTP in the clear, in any version. */
export function isHttp(protocol: PortProtocol): boolean {
  return protocol === 'http' || protocol === 'http2' || protocol === 'grpc' || protocol === 'grpc-web';
}

/** HTTP in the clear that endpoints expect as HTTP/2. */
export function isHttp2(protocol: PortProtocol): boolean {
  return protocol === 'http2' || protocol === 'grpc' || protocol === 'grpc-web';
}
