import fc from 'fast-check';

/*
 * One generator for each format that declarations use. They lean to the awkward: shortest and longest texts, every allowed sign.
 */

const letters = 'abcdefghijklmnopqrstuvwxyz';
const digits = '0123456789';

function pattern(regex: RegExp): fc.Arbitrary<string> {
  return fc.stringMatching(regex);
}

function oneOf(...texts: readonly string[]): fc.Arbitrary<string> {
  return fc.constantFrom(...texts);
}

const dnsLabel = fc.oneof(
  pattern(/^[a-z]([a-z0-9-]{0,8}[a-z0-9])?$/),
  fc.constant('a'.repeat(63)),
  oneOf('v1', 'shop', '0'),
);
const hostLabel = fc.oneof(dnsLabel, pattern(/^[A-Za-z]([A-Za-z0-9-]{0,8}[A-Za-z0-9])?$/));
const hostName = fc
  .array(hostLabel, { minLength: 1, maxLength: 4 })
  .map((labels) => labels.map((label) => label.slice(0, 60)).join('.'))
  .filter((name) => !name.endsWith('-') && !name.includes('-.') && !/(?:^|\.)\d+$/.test(name));
const ipv4 = fc.tuple(...Array.from({ length: 4 }, () => fc.nat(255))).map((parts) => parts.join('.'));
const ipv6 = fc.oneof(
  fc.ipV6().filter((text) => !text.includes('.')),
  oneOf('::1', '2001:db8::1', '::'),
);
const ip = fc.oneof(ipv4, ipv6);
const wildcardHost = fc.oneof(
  { weight: 3, arbitrary: hostName },
  hostName.map((name) => `*.${name}`),
  hostName.map((name) => `*-${name}`),
  fc.constant('*'),
);
const token = pattern(/^[!#$&'*+.^_|~0-9A-Za-z-]{1,12}$/).filter((name) => !/^(?:host)$/i.test(name));
const visible = pattern(/^[\t -~]{0,20}$/);
const unicode = fc
  .string({ unit: 'grapheme', maxLength: 12 })
  .filter((text) => !text.includes('\0') && !/\p{Surrogate}/u.test(text));
const labelName = pattern(/^[A-Za-z0-9]([A-Za-z0-9_.-]{0,8}[A-Za-z0-9])?$/);
const duration = fc.oneof(
  fc.integer({ min: 1, max: 100_000 }).map((ms) => `${ms}ms`),
  fc.integer({ min: 1, max: 10_000 }).map((seconds) => `${seconds}s`),
  oneOf('1.5s', '1h30m', '0.001s', '1000000us'),
);
const headerValue = fc.oneof(
  visible.map((text) => text.replaceAll('%', '%%')),
  oneOf(
    '%HOSTNAME%',
    'a %DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% b',
    '%REQ(x-user?:authority):12%',
    '100%%',
    '%START_TIME%',
    '%START_TIME(%Y-%m-%d)%',
    '%PROTOCOL%%%',
    '',
  ),
);
const regex = fc.oneof(
  oneOf(
    '.*',
    '/api/v[0-9]+/.*',
    '^/a(b|c)?$',
    '[^/]+',
    '\\d{3}',
    '(?i)abc',
    '(?P<id>[a-f0-9]{8})',
    '\\Qa.b\\E',
    '[[:alpha:]]+',
    'a|',
    '\\pL+',
    '\\x{e9}',
    '[ä-ö]😀',
    '\\p{Greek}\\P{Han}',
    '\\b\\B\\A\\z$',
    '(?i-s:a)|(?m)^b$',
    '[^\\d\\x41-\\x5a]',
    '[[:^space:]-]',
    '[a-z]{90}',
    '.{80}[^/]{90}',
    '\\pL{60}',
    '(?:ab|cd){1,200}',
    '()',
    '[]a]',
    'x{2,}?',
    '{',
    'a{,5}',
  ),
  pattern(/^[a-c/.*+?()|]{1,8}$/).filter((text) => balanced(text)),
);

/** Only expressions that stay sound whatever stands next to what: no operator after another, brackets in pairs. */
function balanced(text: string): boolean {
  try {
    new RegExp(text, 'u');
  } catch {
    return false;
  }
  return !/[*+?][*+?]|\(\?/.test(text);
}

/** Texts that an access log may be written in; JSON objects among them. */
const accessLog = fc.oneof(
  oneOf('%REQ(:METHOD)% %UPSTREAM_CLUSTER_RAW% %FILTER_STATE(a.b:PLAIN):8%\n', '%DYNAMIC_METADATA(a:b)%'),
  oneOf('{"path":"%REQ(:PATH)%","more":{"code":"%RESPONSE_CODE%"}}', '{}'),
  headerValue,
);

const byName: Readonly<Record<string, fc.Arbitrary<string>>> = {
  'dns-label': dnsLabel,
  'host-label': hostLabel,
  'dns-1035-label': pattern(/^[a-z]([a-z0-9-]{0,8}[a-z0-9])?$/),
  'dns-subdomain': fc
    .array(pattern(/^[a-z0-9]([a-z0-9-]{0,6}[a-z0-9])?$/), { minLength: 1, maxLength: 3 })
    .map((labels) => labels.join('.')),
  'access-log-format': accessLog,
  'connect-timeout': fc.integer({ min: 1, max: 3_600_000 }).map((ms) => `${ms}ms`),
  'duration-seconds': fc.integer({ min: 1, max: 10_000 }).map((count) => `${count}s`),
  'host-and-port': fc.oneof(
    hostName.map((name) => `${name}:15012`),
    ipv4.map((address) => `${address}:80`),
    oneOf('[::1]:80'),
  ),
  'mesh-config-name': oneOf('istio'),
  'bind-address': fc.oneof(ip, oneOf('unix:///run/socket')),
  'sidecar-host': fc
    .tuple(
      oneOf('./', '*/', '~/', 'shop/'),
      fc.oneof(
        fc.constant('*'),
        hostName.map((name) => `${name}.example.com`),
        hostName.map((name) => `*.${name}`),
      ),
    )
    .map((parts) => parts.join('')),
  'module-url': oneOf('file:///opt/a.wasm', './a.wasm', '../filters/a', 'file:./a/index.ts', 'file:/a', './ä b.wasm'),
  'module-hash': fc.constantFrom('ab'.repeat(32), 'AB'.repeat(32)),
  'environment-name': fc.oneof(pattern(/^[A-Z_]{1,12}$/), oneOf('a b', 'ä', 'A'.repeat(255))),
  'trust-domain': fc.oneof(dnsLabel, oneOf('cluster.local', 'td1.example.com.')),
  'ip-address': ip,
  'ip-subnet': fc.oneof(
    ip,
    fc.tuple(ipv4, fc.nat(32)).map(([address, bits]) => `${address}/${bits}`),
  ),
  duration,
  'duration-or-zero': fc.oneof(duration, oneOf('0s', '0')),
  'whole-seconds': fc.integer({ min: 1, max: 86_400 }).map((seconds) => `${seconds}s`),
  'label-key': fc.oneof(
    labelName,
    labelName.map((name) => `heddle.dev/${name}`),
  ),
  'cipher-suite': fc.constantFrom('ECDHE-RSA-AES128-GCM-SHA256', 'AES128-SHA'),
  'ecdh-curve': fc.constantFrom('X25519', 'P-256'),
  'certificate-hash': fc.constant('ab'.repeat(32)),
  'public-key-hash': fc.constant(`${'A'.repeat(43)}=`),
  'secret-key': fc.constantFrom('tls.crt', 'tls.key', 'ca.crt', 'a_b'),
  'label-value': fc.oneof(labelName, fc.constant('')),
  'destination-host': wildcardHost.filter((host) => host !== '*'),
  'wildcard-host': wildcardHost,
  'wildcard-host-or-ip': fc.oneof({ weight: 4, arbitrary: wildcardHost }, ip),
  'host-name-or-ip': fc.oneof(hostName, ip),
  'gateway-server-host': fc
    .tuple(
      oneOf('', '*/', './', 'shop/'),
      fc.oneof(
        fc.constant('*'),
        hostName.map((name) => `${name}.example.com`),
        hostName.map((name) => `*.${name}`),
      ),
    )
    .map((parts) => parts.join('')),
  'gateway-reference': fc.oneof(
    fc.constant('mesh'),
    hostLabel,
    fc.tuple(dnsLabel, dnsLabel).map((parts) => parts.join('/')),
  ),
  'default-export-target': oneOf('*', '.', '~'),
  // Mostly everybody: what nobody sees is not compiled.
  'export-target': fc.oneof({ weight: 6, arbitrary: fc.constant('*') }, oneOf('.'), dnsLabel),
  'matched-header-name': fc.oneof(token, oneOf(':method', ':authority', ':path', ':scheme', 'x-user')),
  'settable-request-header': fc.oneof({ weight: 6, arbitrary: token }, oneOf('host', ':authority', 'x-user')),
  'mutable-header': fc.oneof(token, oneOf('x-user')),
  'cors-header-name': fc.oneof(token, fc.constant('*')),
  'header-name': token,
  'header-text': fc.oneof(
    visible,
    unicode.filter((text) => !/\p{Control}/u.test(text)),
    oneOf('/new', '/', '/a?b=c%20d'),
  ),
  'header-value': headerValue,
  authority: fc.oneof(
    hostName,
    ipv4.map((address) => `${address}:8080`),
  ),
  'regular-expression': regex,
  'regular-expression-or-star': fc.oneof(regex, fc.constant('*')),
  // Groups that every expression has.
  'regex-substitution': fc.oneof(
    unicode.filter((text) => !/[\r\n\\]/.test(text)),
    oneOf('/new', '/\\0', '\\\\', '/a\\0b%20?c'),
  ),
  'plain-text': unicode,
  'body-text': fc.oneof(unicode, fc.constant('\0'), fc.constant('ä'.repeat(2_000))),
  'path-text': fc.oneof(
    unicode.filter((text) => !/[\r\n]/.test(text)),
    oneOf('/', '/api', '/api/', ''),
  ),
  'parameter-name': fc.oneof(
    pattern(/^[a-z0-9_-]{1,10}$/),
    unicode.filter((text) => text !== ''),
  ),
  'retry-conditions': fc
    .subarray(['5xx', 'reset', 'connect-failure', '503', 'unavailable'], { minLength: 1 })
    .map((parts) => parts.join(',')),
  quantity: oneOf('100m', '1.5', '64Mi', '2e3', '0'),
  'date-time': fc
    .date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true })
    .map((date) => date.toISOString()),
  byte: fc.uint8Array({ maxLength: 9 }).map((bytes) => btoa(String.fromCharCode(...bytes))),
  'cluster-ip': fc.oneof(ip, fc.constant('None')),
  'port-name': fc
    .tuple(fc.constantFrom(...letters), fc.stringMatching(/^[a-z0-9]{0,8}$/), fc.constantFrom('', ...digits))
    .map((parts) => parts.join('')),
};

/** Texts of a declaration's format. Throws for a format that has no generator yet. */
export function arbitraryOfFormat(name: string): fc.Arbitrary<string> {
  const found = Object.hasOwn(byName, name) ? byName[name] : undefined;
  if (found === undefined) throw new Error(`No generator for the format "${name}", wanted one in arbitrary-format.ts`);
  return found;
}
