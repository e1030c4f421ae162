import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startHeddle } from '@heddle/testing/heddle-process';
import { root } from '../ensure.mjs';
import { type Spread, spreadOf } from './statistics.ts';

export interface EditToApplied {
  /** Milliseconds from the end of writing the file to the first answer by the new configuration. */
  readonly ms: Spread;
  readonly aimMs: number;
  /** Requests of the load that ran meanwhile, and how many of them were not answered with 200. */
  readonly requests: number;
  readonly failed: number;
}

const connections = 4;

/** Edits a watched VirtualService again and again, under load, and waits each time until an answer shows the edit. */
export async function measureEditToApplied(edits: number, proxy: 'embedded' | 'envoy'): Promise<EditToApplied> {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-figures-'));
  cpSync(join(root, 'examples/nginx'), folder, { recursive: true });
  const heddle = startHeddle(['dev', folder, '--proxy', proxy]);
  const agent = new Agent({ keepAlive: true, maxSockets: connections + 1 });
  try {
    const url = /http:\/\/localhost:\d+/.exec(await heddle.waitFor('try:', 120_000))?.[0];
    if (url === undefined) throw new Error(`heddle dev printed no URL:\n${heddle.stdout()}${heddle.stderr()}`);
    const load = startLoad(url, agent);
    const measured: number[] = [];
    for (let edit = 1; edit <= edits; edit += 1) {
      writeFileSync(join(folder, 'gateway.yaml'), gatewayManifest(edit));
      const written = performance.now();
      for (;;) {
        const { headers } = await get(url, agent);
        if (headers['x-edit'] === String(edit)) break;
        if (performance.now() - written > 10_000) throw new Error(`edit ${edit} was not applied within 10 s`);
      }
      measured.push(performance.now() - written);
      // Not in step with anything that ticks inside: debouncing must not be hidden by a lucky phase.
      await sleep(20 + ((edit * 37) % 200));
    }
    const { requests, failed } = await load.stop();
    return { ms: spreadOf(measured), aimMs: 300, requests, failed };
  } finally {
    agent.destroy();
    await heddle.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The example's Gateway and VirtualService, with the number of the edit in a response header. */
function gatewayManifest(edit: number): string {
  return `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: test-gateway, namespace: test-namespace }
spec:
  selector: { istio: ingressgateway }
  servers:
    - port: { number: 80, name: http, protocol: HTTP }
      hosts: ["*"]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: test-virtualservice, namespace: test-namespace }
spec:
  hosts: ["*"]
  gateways: [test-gateway]
  http:
    - match: [{ uri: { prefix: / } }]
      headers: { response: { set: { x-edit: "${edit}" } } }
      route:
        - destination: { host: test-svc, port: { number: 80 } }
`;
}

function startLoad(url: string, agent: Agent): { stop(): Promise<{ requests: number; failed: number }> } {
  let running = true;
  let requests = 0;
  let failed = 0;
  const loops = Array.from({ length: connections }, async () => {
    while (running) {
      requests += 1;
      const status = await get(url, agent).then(
        (response) => response.statusCode,
        () => undefined,
      );
      if (status !== 200) failed += 1;
      // Steady rather than as fast as possible: the cores are to show the edit, not the load generator.
      await sleep(2);
    }
  });
  return {
    async stop() {
      running = false;
      await Promise.all(loops);
      return { requests, failed };
    },
  };
}

function get(url: string, agent: Agent): Promise<IncomingMessage> {
  return new Promise((fulfil, reject) => {
    request(url, { agent }, (response) => {
      response.on('error', reject);
      response.on('end', () => fulfil(response));
      response.resume();
    })
      .on('error', reject)
      .end();
  });
}
