import { expect, test } from 'vitest';
import { parseProtocol, servicePortProtocol } from './port-protocol.ts';

test.each([
  [{ port: 80, name: 'http' }, 'http'],
  [{ port: 80, name: 'http-web' }, 'http'],
  [{ port: 80, name: 'HTTP2-x' }, 'http2'],
  [{ port: 80, name: 'grpc-web-x' }, 'grpc-web'],
  [{ port: 80, name: 'grpc-website' }, 'grpc'],
  [{ port: 80, name: 'httpx' }, 'undeclared'],
  [{ port: 80 }, 'undeclared'],
  [{ port: 80, name: 'tcp', appProtocol: 'http' }, 'http'],
  [{ port: 80, name: 'http', appProtocol: 'kubernetes.io/h2c' }, 'http2'],
  [{ port: 80, name: 'http', appProtocol: 'example.com/own' }, 'undeclared'],
  [{ port: 3306, name: 'db' }, 'tcp'],
  [{ port: 3306, name: 'http-db' }, 'http'],
  [{ port: 53, name: 'http', protocol: 'UDP' }, 'udp'],
] as const)('servicePortProtocol: %o speaks %s', (port, expected) => {
  expect(servicePortProtocol(port)).toBe(expected);
});

test.each([
  ['GRPC-WEB', 'grpc-web'],
  ['Http', 'http'],
  ['constructor', 'undeclared'],
  [undefined, 'undeclared'],
])('parseProtocol: %s is %s', (name, expected) => {
  expect(parseProtocol(name)).toBe(expected);
});
