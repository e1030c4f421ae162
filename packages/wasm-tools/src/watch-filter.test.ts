import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createFilter } from '@heddle/wasm-host/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CompileError } from './compile-error.ts';
import { type FilterWatch, type WatchEvent, watchFilter } from './watch-filter.ts';

let folder: string;
let watched: FilterWatch | undefined;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'heddle-watch-'));
  await mkdir(path.join(folder, 'assembly'));
});
afterEach(async () => {
  await watched?.close();
  await rm(folder, { recursive: true, force: true });
});

const write = (name: string, text: string) => writeFile(path.join(folder, 'assembly', name), text);
const FILTER = `
import { HeadersResult, HttpContext } from '@heddle/wasm-sdk/assembly';
import { greeting } from './greeting';

export class Greeter extends HttpContext {
  onResponseHeaders(endOfStream: bool): HeadersResult {
    this.responseHeaders.set('x-greeting', greeting);
    return HeadersResult.Continue;
  }
}`;

test('watchFilter builds at once, after each change of a file that is used, and again once an error is mended', async () => {
  await write('index.ts', FILTER);
  await write('greeting.ts', 'export const greeting = "hello";');
  const events: WatchEvent[] = [];
  let arrived: (() => void) | undefined;
  /** The next event that is as wanted: a file may be seen half written, and what is built of it comes first. */
  const eventually = async <Found>(find: (event: WatchEvent) => Promise<Found | undefined>): Promise<Found> => {
    for (;;) {
      while (events.length === 0) await new Promise<void>((resolve) => (arrived = resolve));
      const found = await find(events.shift() as WatchEvent);
      if (found !== undefined) return found;
    }
  };
  const greets = (greeting: string) =>
    eventually(async (event) => {
      if (event.type === 'failed') return undefined;
      const filter = await createFilter({ wasm: event.filter.wasm });
      return (await filter.request()).headers['x-greeting'] === greeting ? true : undefined;
    });
  watched = watchFilter(
    folder,
    (event) => {
      events.push(event);
      arrived?.();
    },
    { optimize: false },
  );
  await watched.ready;
  await greets('hello');

  await write('greeting.ts', 'export const greeting = "good day";');
  await greets('good day');

  await write('greeting.ts', 'export const greeting = unknown;');
  const error = await eventually(async (event) => (event.type === 'failed' ? event.error : undefined));
  expect(error).toBeInstanceOf(CompileError);
  expect(error.message).toContain("greeting.ts:1:25: error TS2304: Cannot find name 'unknown'");

  // In a folder that was not there.
  await mkdir(path.join(folder, 'assembly/words'));
  await write('words/more.ts', 'export const word = "welcome";');
  await write('greeting.ts', 'import { word } from "./words/more";\nexport const greeting = word;');
  await greets('welcome');
  await write('words/more.ts', 'export const word = "come in";');
  await greets('come in');
}, 60_000);
