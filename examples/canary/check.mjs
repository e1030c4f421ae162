// README.md as a program: node --conditions=@heddle/source examples/canary/check.mjs [embedded|envoy]
import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startHeddle } from '@heddle/testing/heddle-process';

const proxies = process.argv[2] === undefined ? ['embedded', 'envoy'] : [process.argv[2]];
const REQUESTS = 400;

const readme = await readFile(path.join(import.meta.dirname, 'README.md'), 'utf8');
const steps = [...readme.matchAll(/```yaml\n(.*?)```/gs)].map(([, yaml]) => yaml);
assert.equal(steps.length, 3);

for (const proxy of proxies) {
  const folder = await mkdtemp(path.join(tmpdir(), 'heddle-canary-'));
  await cp(import.meta.dirname, folder, { recursive: true });
  const heddle = startHeddle(['dev', folder, '--proxy', proxy]);
  try {
    const url = /http:\/\/localhost:\d+/.exec(await heddle.waitFor('try:', 120_000))?.[0];

    // Expected shares with five standard deviations of room: a right split fails once in millions of runs.
    await expectShare(url, {}, 0.1);

    await writeFile(path.join(folder, 'virtual-service.yaml'), steps[1]);
    await settles(() => expectShare(url, {}, 0.5));

    await writeFile(path.join(folder, 'virtual-service.yaml'), steps[2]);
    await settles(() => expectShare(url, { 'x-tester': 'yes' }, 1));
    await expectShare(url, {}, 0);
    console.log(`${proxy}: 90/10, 50/50 and the header match answered as the README says`);
  } finally {
    assert.equal(await heddle.stop(), 0);
    await rm(folder, { recursive: true, force: true });
  }
}

/** Sends requests and asserts the share that v2 answered. */
async function expectShare(url, headers, expected) {
  let v2 = 0;
  for (let sent = 0; sent < REQUESTS; sent++) {
    const response = await fetch(url, { headers });
    assert.equal(response.status, 200);
    const text = await response.text();
    assert.match(text, /^hello from v[12]\n$/);
    if (text.includes('v2')) v2++;
  }
  const room = 5 * Math.sqrt((expected * (1 - expected)) / REQUESTS);
  assert.ok(
    Math.abs(v2 / REQUESTS - expected) <= room,
    `v2 answered ${v2} of ${REQUESTS}, wanted a share of ${expected}`,
  );
}

/** An edit takes a moment to apply: tries again for a few seconds. */
async function settles(check) {
  for (let attempt = 0; ; attempt++) {
    try {
      return await check();
    } catch (error) {
      if (attempt === 10) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}
