import type { BigIntStats, Dirent } from 'node:fs';
import { lstat, readdir, readlink, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { compareText } from '@heddle/model';

/** One file found, by what tells whether it is still the same one. */
export interface FoundFile {
  /** As the user would write it: the path given, and the way below it. */
  readonly name: string;
  readonly bytes: number;
  /** Differs whenever the content may: device, inode, size, times of modification and status change. */
  readonly signature: string;
}

/** A place that could not be looked into. What was known of it and below it says nothing about now. */
export interface TreeFailure {
  readonly name: string;
  readonly message: string;
  /** Everything below it is unknown too. */
  readonly folder: boolean;
}

/** What lies at some paths at one moment. */
export interface TreeScan {
  /** In a fixed order: the given paths in theirs, below them by name. */
  readonly files: ReadonlyMap<string, FoundFile>;
  readonly failures: readonly TreeFailure[];
  /** Folders to watch, and the parents of given paths that are files or missing; with what tells a folder from a later one of its name. */
  readonly folders: ReadonlyMap<string, string>;
  /** Targets of `..data` links: Kubernetes swaps them to change all files of a mounted volume at once. */
  readonly dataLinks: ReadonlyMap<string, string>;
}

const MANIFEST = /\.(?:ya?ml|json)$/i;
const DATA_LINK = '..data';
/** What makes a folder that of a filter. */
const FILTER_ENTRY = join('assembly', 'index.ts');
const MAX_FILES = 10_000;
const MAX_DEPTH = 32;

/** Finds the manifests (`.yaml`, `.yml`, `.json`) at and below some paths; hidden entries, `node_modules` and folders of filters are left out. */
export async function scanTree(paths: readonly string[]): Promise<TreeScan> {
  const scan = new Scan();
  for (const path of paths) await scan.root(path);
  return scan;
}

class Scan implements TreeScan {
  readonly files = new Map<string, FoundFile>();
  readonly failures: TreeFailure[] = [];
  readonly folders = new Map<string, string>();
  readonly dataLinks = new Map<string, string>();
  /** Folders and files seen, whatever their name: links may lead to one from several places, or round in a circle. */
  readonly #seen = new Set<string>();

  async root(path: string): Promise<void> {
    let found: BigIntStats;
    try {
      found = await stat(path, { bigint: true });
    } catch (error) {
      this.failures.push({ name: path, message: failureMessage(error, 'a file or folder'), folder: true });
      await this.#watchParent(path);
      return;
    }
    if (found.isDirectory()) {
      await this.#folder(path, found, 0);
    } else {
      // A file that the user names is read whatever it is called.
      this.#file(path, found);
      await this.#watchParent(path);
    }
  }

  async #watchParent(path: string): Promise<void> {
    const parent = join(path, '..');
    try {
      if (!this.folders.has(parent)) this.folders.set(parent, identity(await stat(parent, { bigint: true })));
    } catch {
      // Without a parent there is nothing to watch: the next look from time to time must do.
    }
  }

  async #folder(path: string, found: BigIntStats, depth: number): Promise<void> {
    if (this.#seen.has(identity(found))) return;
    this.#seen.add(identity(found));
    if (depth > MAX_DEPTH) {
      this.failures.push({
        name: path,
        message: `found more than ${MAX_DEPTH} levels of folders, wanted fewer`,
        folder: true,
      });
      return;
    }
    this.folders.set(path, identity(found));
    let entries: Dirent[];
    try {
      entries = await readdir(path, { withFileTypes: true });
      if (entries.some((entry) => entry.name === DATA_LINK))
        this.dataLinks.set(path, await readlink(join(path, DATA_LINK)));
    } catch (error) {
      this.failures.push({ name: path, message: failureMessage(error, 'a folder that can be read'), folder: true });
      return;
    }
    // Its schema and its Envoy's configuration are no manifests; but a folder that the user names is read all the same.
    if (depth > 0 && entries.some(({ name }) => name === 'assembly') && (await exists(join(path, FILTER_ENTRY))))
      return;
    for (const entry of entries.sort((a, b) => compareText(a.name, b.name))) {
      if (entry.name.startsWith('.') || entry.name === 'node_modules') continue;
      if (entry.isDirectory() || entry.isSymbolicLink() || (entry.isFile() && MANIFEST.test(entry.name))) {
        await this.#entry(join(path, entry.name), entry, depth);
      }
    }
  }

  async #entry(path: string, entry: Dirent, depth: number): Promise<void> {
    let found: BigIntStats;
    try {
      found = await stat(path, { bigint: true });
    } catch (error) {
      // Deleted since the folder was listed, unless it is a link that leads nowhere or round in a circle.
      const gone = (error as NodeJS.ErrnoException).code === 'ENOENT' && !(await exists(path));
      if (!gone && MANIFEST.test(entry.name)) {
        this.failures.push({ name: path, message: failureMessage(error, 'a file that can be read'), folder: false });
      }
      return;
    }
    if (found.isDirectory()) await this.#folder(path, found, depth + 1);
    else if (found.isFile() && MANIFEST.test(entry.name)) this.#file(path, found);
  }

  #file(path: string, found: BigIntStats): void {
    const place = resolve(path);
    if (this.#seen.has(place)) return;
    this.#seen.add(place);
    if (this.files.size >= MAX_FILES) {
      if (!this.failures.some((failure) => failure.message.includes('manifests'))) {
        this.failures.push({
          name: path,
          message: `found more than ${MAX_FILES} manifests, wanted fewer`,
          folder: false,
        });
      }
      return;
    }
    this.files.set(path, { name: path, bytes: Number(found.size), signature: signatureOf(found) });
  }
}

/** What tells whether a file is still the same one: see {@link FoundFile.signature}. */
export async function fileSignature(path: string): Promise<string | undefined> {
  try {
    return signatureOf(await stat(path, { bigint: true }));
  } catch {
    return undefined;
  }
}

/** Whether the `..data` links are still those of a scan. */
export async function sameDataLinks(scan: TreeScan): Promise<boolean> {
  for (const [folder, target] of scan.dataLinks) {
    try {
      if ((await readlink(join(folder, DATA_LINK))) !== target) return false;
    } catch {
      return false;
    }
  }
  return true;
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch {
    return false;
  }
}

function identity(found: BigIntStats): string {
  return `${found.dev}:${found.ino}`;
}

function signatureOf(found: BigIntStats): string {
  return `${identity(found)}:${found.size}:${found.mtimeNs}:${found.ctimeNs}`;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'found nothing there',
  EACCES: 'found no permission to read it',
  EPERM: 'found no permission to read it',
  ELOOP: 'found links that lead round in a circle',
  ENOTDIR: 'found a file on the way to it',
  EISDIR: 'found a folder',
  EMFILE: 'found too many open files',
};

/** One sentence for an error of the file system. */
export function failureMessage(error: unknown, wanted: string): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return `${REASONS[code ?? ''] ?? `found that reading fails (${code ?? message})`}, wanted ${wanted}`;
}
