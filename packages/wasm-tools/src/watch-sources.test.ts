// Which files and moments a watch obeys; what comes of changes is told in watch-filter.test.ts.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type FilterWatch, type WatchEvent, watchFilter } from './watch-filter.ts';

const FILTER = `
import { size } from "../../shared/size";
export function proxy_abi_version_0_2_1(): void {}
export function proxy_on_memory_allocate(size: usize): usize { return heap.alloc(size); }
export function proxy_on_configure(id: i32, given: i32): i32 { return size; }
`;

let root: string;
let folder: string;
let watched: FilterWatch | undefined;
let events: WatchEvent[];
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'heddle-sources-'));
  folder = path.join(root, 'filter');
  await mkdir(path.join(folder, 'assembly'), { recursive: true });
  await mkdir(path.join(root, 'shared'));
  await writeFile(path.join(folder, 'assembly/index.ts'), FILTER);
  await writeFile(path.join(root, 'shared/size.ts'), 'export const size = 1;');
  events = [];
});
afterEach(async () => {
  await watched?.close();
  await rm(root, { recursive: true, force: true });
});

const watch = () => watchFilter(folder, (event) => void events.push(event), { optimize: false });

test('watchFilter tells of what fails, and builds again when a file of another folder changes', async () => {
  await writeFile(path.join(folder, 'assembly/index.ts'), 'broken');
  watched = watch();
  await watched.ready;
  expect(events).toMatchObject([{ type: 'failed', error: { name: 'CompileError' } }]);
  await writeFile(path.join(folder, 'assembly/index.ts'), FILTER);
  await expect.poll(() => events.at(-1)?.type, { timeout: 8000 }).toBe('built');
  await writeFile(path.join(root, 'shared/size.ts'), 'export const size = ;');
  await expect.poll(() => events.at(-1)?.type, { timeout: 8000 }).toBe('failed');
}, 20_000);

test('watchFilter tells nothing once it is closed', async () => {
  watched = watch();
  await watched.close();
  await watched.ready;
  expect(events).toEqual([]);
});
