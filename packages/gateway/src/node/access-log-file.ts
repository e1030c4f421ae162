import { appendFile } from 'node:fs';
import type { AccessLogSink } from '../http/access-log.ts';

/** A sink that writes to standard output, standard error, or appends to files; lines are gathered for `flushMs`. */
export interface FileSink {
  readonly write: AccessLogSink;
  /** Writes what is gathered and waits until it is on its way. */
  flush(): Promise<void>;
}

/** Access log lines to files as Envoy's file access logger writes them, without blocking requests. */
export function fileSink(flushMs = 1000): FileSink {
  const gathered = new Map<string, string[]>();
  let timer: NodeJS.Timeout | undefined;
  const flush = async () => {
    clearTimeout(timer);
    timer = undefined;
    const batches = [...gathered].map(([path, lines]) => [path, lines.join('')] as const);
    gathered.clear();
    await Promise.all(batches.map(([path, text]) => writeOut(path, text)));
  };
  return {
    write(path, line) {
      const lines = gathered.get(path);
      if (lines === undefined) gathered.set(path, [line]);
      else lines.push(line);
      if (timer === undefined) {
        timer = setTimeout(() => void flush(), flushMs);
        timer.unref();
      }
    },
    flush,
  };
}

function writeOut(path: string, text: string): Promise<void> {
  return new Promise((resolve) => {
    // A log that cannot be written must not stop traffic.
    const done = () => resolve();
    if (path === '/dev/stdout') process.stdout.write(text, 'latin1', done);
    else if (path === '/dev/stderr') process.stderr.write(text, 'latin1', done);
    else appendFile(path, text, 'latin1', done);
  });
}
