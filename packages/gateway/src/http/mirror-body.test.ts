import { describe, expect, test } from 'vitest';
import { bytesSource } from './byte-stream.ts';
import { copiedBody, MirrorBody } from './mirror-body.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

/** A sink that answers `takes` to each chunk. */
function recorder(takes: () => boolean = () => true) {
  const seen: string[] = [];
  return {
    seen,
    write(chunk: Uint8Array) {
      seen.push(new TextDecoder().decode(chunk));
      return takes();
    },
    end: () => void seen.push('end'),
    abort: (cause: string) => void seen.push(`abort ${cause}`),
  };
}

describe('MirrorBody', () => {
  test('gives what was pushed before and after it is started', () => {
    const body = new MirrorBody(100, () => {});
    body.push(bytes('a'));
    const sink = recorder();
    body.start(sink);
    body.push(bytes('b'));
    body.end();
    expect(sink.seen).toEqual(['a', 'b', 'end']);
    expect(body.ended).toBe(true);
  });

  test('holds what its sink does not take, and goes on when asked', () => {
    let takes = false;
    const body = new MirrorBody(100, () => {});
    const sink = recorder(() => takes);
    body.start(sink);
    body.push(bytes('a'));
    body.push(bytes('b'));
    body.push(bytes('c'));
    body.end();
    expect(sink.seen).toEqual(['a']);
    body.resume();
    expect(sink.seen).toEqual(['a', 'b']);
    takes = true;
    body.resume();
    expect(sink.seen).toEqual(['a', 'b', 'c', 'end']);
  });

  test('tells when it holds more than it may, and holds nothing afterwards', () => {
    let overflows = 0;
    const body: MirrorBody = new MirrorBody(5, () => {
      overflows++;
      body.cancel();
    });
    body.push(bytes('abc'));
    expect(overflows).toBe(0);
    body.push(bytes('def'));
    body.push(bytes('ghi'));
    expect(overflows).toBe(1);
    const sink = recorder();
    body.start(sink);
    body.end();
    expect(sink.seen).toEqual([]);
  });

  test('ends at once when everything has passed already', () => {
    const body = new MirrorBody(5, () => {});
    body.end();
    const sink = recorder();
    body.start(sink);
    expect(sink.seen).toEqual(['end']);
  });
});

describe('copiedBody', () => {
  test('gives the original and its copies the same', () => {
    const copy = new MirrorBody(100, () => {});
    const body = copiedBody(bytesSource([bytes('a'), bytes('b')]), [copy], () => {});
    const [original, copied] = [recorder(), recorder()];
    copy.start(copied);
    body.start(original);
    expect(original.seen).toEqual(['a', 'b', 'end']);
    expect(copied.seen).toEqual(original.seen);
  });

  test('says when the original is given up', () => {
    let aborts = 0;
    const body = copiedBody(bytesSource([bytes('a')]), [], () => void aborts++);
    body.cancel();
    expect(aborts).toBe(1);
  });
});
