// README.md as a program: node --conditions=@heddle/source examples/nginx/check.mjs [embedded|envoy]
import assert from 'node:assert/strict';
import { startHeddle } from '@heddle/testing/heddle-process';

const proxies = process.argv[2] === undefined ? ['embedded', 'envoy'] : [process.argv[2]];

for (const proxy of proxies) {
  const heddle = startHeddle(['dev', import.meta.dirname, '--proxy', proxy]);
  try {
    const summary = await heddle.waitFor('try:', 120_000);
    assert.match(summary, /5 resources \(Namespace, Deployment, Service, Gateway, VirtualService\) · 0 problems/);
    assert.match(summary, /test-gateway\/test-virtualservice → test-svc:80 → test-deployment v1/);
    const url = /http:\/\/localhost:\d+/.exec(summary)?.[0];
    const response = await fetch(url);
    assert.equal(response.status, 200);
    assert.match(await response.text(), /<title>Welcome to nginx!<\/title>/);
    console.log(`${proxy}: the welcome page came through the mesh at ${url}`);
  } finally {
    assert.equal(await heddle.stop(), 0);
  }
}
