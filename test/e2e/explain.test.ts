import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runHeddle } from '@heddle/testing/heddle-process';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const EXAMPLES = path.join(import.meta.dirname, '../../examples');
const NGINX = path.join(EXAMPLES, 'nginx');

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'heddle-explain-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('heddle explain request', () => {
  test('names the lines that decide, from the Gateway to the Deployment', async () => {
    const { stdout, stderr, exitCode } = await runHeddle(['explain', 'request', 'http://localhost/', '-f', NGINX]);
    expect(exitCode).toBe(0);
    expect(stderr).toContain('taken to run, at made-up addresses: Deployment test-namespace/test-deployment');
    for (const step of ['listener', 'filter chain', 'virtual host', 'route', 'cluster', 'endpoints']) {
      expect(stdout).toMatch(new RegExp(`^✔ ${step} `, 'm'));
    }
    expect(stdout).toMatch(
      /gateway\.yaml:\d+:\d+ {2}VirtualService test-namespace\/test-virtualservice spec\.http\[0\]/,
    );
    expect(stdout).toMatch(/→ forwarded to 198\.18\.0\.1:80, as \/ for host localhost/);
  });

  test('prints JSON of a documented shape, and knows which port heddle dev moved', async () => {
    const args = ['explain', 'request', 'localhost:8080/x', '-f', NGINX, '--method', 'post', '-o', 'json'];
    const { stdout, stderr, exitCode } = await runHeddle(args);
    expect(exitCode).toBe(0);
    expect(stderr).toContain('heddle dev serves port 80 as 8080');
    expect(JSON.parse(stdout)).toMatchObject({
      version: 1,
      request: { method: 'POST', scheme: 'http', authority: 'localhost:8080', path: '/x', port: 8080 },
      steps: [{ step: 'listener', passed: false, near: [{ name: '0.0.0.0_80' }] }],
      outcome: { kind: 'refused' },
      proxy: { type: 'router', namespace: 'istio-system' },
    });
  });

  test('follows a request from a workload, by the addresses its DNS would give', async () => {
    const args = [
      'explain',
      'request',
      'http://hello/',
      '-f',
      path.join(EXAMPLES, 'canary'),
      '--from',
      'canary/hello-v1',
    ];
    const { stdout, exitCode } = await runHeddle([...args, '-o', 'json']);
    expect(exitCode).toBe(0);
    const { proxy, outcome } = JSON.parse(stdout);
    expect(proxy).toMatchObject({ type: 'sidecar', namespace: 'canary', name: 'hello-v1' });
    expect(outcome).toMatchObject({ kind: 'forwarded', protocol: 'http' });
    expect(outcome.legs[0].cluster).toBe('outbound|80||hello.canary.svc.cluster.local');
  });

  test('takes headers, the Host header among them', async () => {
    const file = path.join(folder, 'mesh.yaml');
    await writeFile(
      file,
      `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: edge, namespace: shop }
spec:
  selector: { app: edge }
  servers: [{ port: { number: 8080, name: http, protocol: HTTP }, hosts: [shop.test] }]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: shop, namespace: shop }
spec:
  hosts: [shop.test]
  gateways: [edge]
  http:
    - match: [{ headers: { x-user: { exact: me } } }]
      directResponse: { status: 201 }
`,
    );
    const ask = (...more: string[]) =>
      runHeddle(['explain', 'request', 'http://127.0.0.1:8080/', '-f', file, '-o', 'json', ...more]);
    const outcomeOf = async (...more: string[]) => JSON.parse((await ask(...more)).stdout).outcome;
    const me = ['-H', 'Host: shop.test', '-H', 'X-User: me'];
    expect(await outcomeOf(...me)).toMatchObject({ kind: 'refused' });
    expect(await outcomeOf('--via', 'edge', ...me)).toMatchObject({ kind: 'answered', status: 201 });
    expect(await outcomeOf('--via', 'app=edge', ...me)).toMatchObject({ kind: 'answered', status: 201 });
    expect(await outcomeOf('--via', 'edge', '-H', 'Host: shop.test')).toMatchObject({ status: 404, flag: 'NR' });
    const unknown = await ask('--via', 'egde');
    expect(unknown).toMatchObject({ exitCode: 1, stdout: '' });
    expect(unknown.stderr).toContain('no Gateway "egde" in the manifests; did you mean "edge"?');
  });

  test.each([
    ['a URL without host', ['http:///x', '-f', NGINX]],
    ['a header without colon', ['http://x/', '-f', NGINX, '-H', 'oops']],
    ['both --from and --via', ['http://x/', '-f', NGINX, '--from', 'a/b', '--via', 'c']],
  ])('%s is a mistake in the command line', async (_, args) => {
    expect(await runHeddle(['explain', 'request', ...args])).toMatchObject({ exitCode: 64, stdout: '' });
  });

  test('a workload that is not there is told, with the nearest one', async () => {
    const args = ['explain', 'request', 'http://x/', '-f', path.join(EXAMPLES, 'canary'), '--from', 'canary/helo-v1'];
    const { stderr, exitCode } = await runHeddle(args);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('did you mean "canary/hello-v1"?');
  });
});
