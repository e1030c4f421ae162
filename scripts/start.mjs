// npm start: `heddle dev examples/nginx` from the sources, after installing and generating what a fresh clone lacks.
//
//     npm start                           the nginx example
//     npm start -- --proxy envoy          the same with more options
//     npm start -- examples/canary        another folder or file instead
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';
import { ensure, pinnedNode, reportFailure, root } from './ensure.mjs';

const given = process.argv.slice(2);
const paths = given[0] === undefined || given[0].startsWith('-') ? ['examples/nginx'] : [];

try {
  await ensure();
  const main = join(root, 'packages/cli/src/main.ts');
  run(pinnedNode(), ['--conditions=@heddle/source', main, 'dev', ...paths, ...given]);
} catch (error) {
  reportFailure(error);
}

function run(command, args) {
  const child = spawn(command, args, { cwd: root, stdio: 'inherit' });
  const forward = (signal) => child.kill(signal);
  process.on('SIGTERM', forward);
  process.on('SIGHUP', forward);
  // On a terminal Ctrl-C reaches the whole process group: forwarding it would look like a second, impatient one.
  process.on('SIGINT', (signal) => process.stdin.isTTY || forward(signal));
  child.on('error', reportFailure);
  child.on('exit', (code, signal) => {
    if (signal === null) {
      process.exitCode = code ?? 1;
      return;
    }
    // Ends as the child ended, so that the caller sees the same signal.
    for (const name of ['SIGTERM', 'SIGHUP', 'SIGINT']) process.removeAllListeners(name);
    process.kill(process.pid, signal);
  });
}
