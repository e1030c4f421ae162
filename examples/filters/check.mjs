// README.md as a program: node --conditions=@heddle/source examples/filters/check.mjs [embedded|envoy]
import assert from 'node:assert/strict';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { runHeddle, startHeddle } from '@heddle/testing/heddle-process';

const proxies = process.argv[2] === undefined ? ['embedded', 'envoy'] : [process.argv[2]];
const examples = path.join(import.meta.dirname, '..');

// Within the repository, where packages are found.
const cache = path.join(examples, '../.cache');
await mkdir(cache, { recursive: true });
const folder = await mkdtemp(path.join(cache, 'filters-example-'));
try {
  await copyFile(path.join(examples, 'filters/plugin.yaml'), path.join(folder, 'plugin.yaml'));
  await heddle('wasm', 'new', 'guard');
  assert.match(await heddle('wasm', 'test', 'guard'), /6 passed/);
  assert.match(await heddle('wasm', 'run', 'guard', '--config', '{"key": "secret"}'), /^401 /);
  console.log('the filter is there, and its tests pass');
  for (const proxy of proxies) await guards(proxy);
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function heddle(...args) {
  const { stdout, stderr, exitCode } = await runHeddle(args, { cwd: folder, env: { NO_COLOR: '1' } });
  assert.equal(exitCode, 0, stdout + stderr);
  return stdout;
}

async function guards(proxy) {
  const dev = startHeddle(['dev', path.join(examples, 'nginx'), 'plugin.yaml', '--proxy', proxy], { cwd: folder });
  const source = path.join(folder, 'guard/assembly/index.ts');
  const text = await readFile(source, 'utf8');
  try {
    const summary = await dev.waitFor(/ingressgateway +http.*\n/, 120_000);
    const url = /http:\/\/localhost:\d+/.exec(summary)?.[0];
    const refused = await eventually(async () => {
      const response = await fetch(url);
      assert.equal(response.status, 401);
      return response;
    });
    assert.equal(await refused.text(), 'a key is wanted\n');
    const passed = await fetch(url, { headers: { 'x-key': 'secret' } });
    assert.equal(passed.status, 200);
    assert.equal(passed.headers.get('x-filter'), 'guard');
    assert.match(await passed.text(), /<title>Welcome to nginx!<\/title>/);

    await writeFile(source, text.replace('a key is wanted', 'no key, no page'));
    await eventually(async () => assert.equal(await (await fetch(url)).text(), 'no key, no page\n'));
    console.log(`${proxy}: the filter guards ${url}, and was changed while it did`);
  } finally {
    await writeFile(source, text);
    assert.equal(await dev.stop(), 0);
  }
}

/** Tries until it holds; what was built or swapped takes a moment. */
async function eventually(attempt) {
  const deadline = Date.now() + 30_000;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
