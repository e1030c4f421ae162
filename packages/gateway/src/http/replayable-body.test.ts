import { describe, expect, test } from 'vitest';
import type { ByteSink, ByteSource } from './byte-stream.ts';
import { ReplayableBody } from './replayable-body.ts';

/** A source that a test feeds by hand. */
function manualSource() {
  let sink: ByteSink | undefined;
  const log: string[] = [];
  const source: ByteSource = {
    start(target) {
      sink = target;
      log.push('start');
    },
    resume: () => void log.push('resume'),
    cancel: () => void log.push('cancel'),
  };
  return {
    source,
    log,
    feed: (text: string) => sink?.write(new TextEncoder().encode(text)),
    end: () => sink?.end(undefined),
    abort: () => sink?.abort('gone'),
  };
}

/** A sink that writes down what it gets and wants more only while `takes` is positive. */
function recordingSink(takes = Number.POSITIVE_INFINITY) {
  const got: string[] = [];
  let left = takes;
  const sink: ByteSink = {
    write(chunk) {
      got.push(new TextDecoder().decode(chunk));
      return --left > 0;
    },
    end: () => void got.push('end'),
    abort: (cause) => void got.push(`abort ${cause}`),
  };
  return { sink, got };
}

describe('ReplayableBody', () => {
  test('gives a second attempt the same bytes, then goes on with it', () => {
    const { source, feed, end } = manualSource();
    const body = new ReplayableBody(source, 100, true);
    const first = recordingSink();
    body.open().start(first.sink);
    feed('a');
    feed('b');
    const second = recordingSink();
    body.open().start(second.sink);
    feed('c');
    end();
    expect(first.got).toEqual(['a', 'b']);
    expect(second.got).toEqual(['a', 'b', 'c', 'end']);
    expect(body.isReplayable).toBe(true);
  });

  test('reads ahead up to the limit and hands over what it read', () => {
    const { source, feed, end, log } = manualSource();
    const body = new ReplayableBody(source, 3, false);
    body.readAhead();
    expect(feed('ab')).toBe(true);
    expect(feed('cd')).toBe(false);
    const { sink, got } = recordingSink();
    body.open().start(sink);
    expect(got).toEqual(['ab', 'cd']);
    expect(log).toEqual(['start', 'resume']);
    expect(feed('e')).toBe(true);
    end();
    expect(got).toEqual(['ab', 'cd', 'e', 'end']);
  });

  test('reads on while an attempt waits for its connection', () => {
    const { source, feed, end } = manualSource();
    const body = new ReplayableBody(source, 100, true);
    const reader = body.open();
    body.readAhead();
    expect(feed('a')).toBe(true);
    expect(feed('b')).toBe(true);
    end();
    const { sink, got } = recordingSink();
    reader.start(sink);
    expect(got).toEqual(['a', 'b', 'end']);
  });

  test('is not replayable past the limit, and loses nothing for the attempt under way', () => {
    const { source, feed, end } = manualSource();
    const body = new ReplayableBody(source, 3, true);
    const slow = recordingSink(1);
    const reader = body.open();
    reader.start(slow.sink);
    feed('ab');
    feed('cd');
    expect(body.isReplayable).toBe(false);
    expect(slow.got).toEqual(['ab', 'cd']);
    feed('ef');
    end();
    reader.resume();
    reader.resume();
    expect(slow.got.slice(0, 4)).toEqual(['ab', 'cd', 'ef', 'end']);
  });

  test('asks the source to wait while its reader waits', () => {
    const { source, feed, log } = manualSource();
    const body = new ReplayableBody(source, 100, true);
    const { sink } = recordingSink(1);
    const reader = body.open();
    reader.start(sink);
    expect(feed('a')).toBe(false);
    reader.resume();
    expect(log).toEqual(['start', 'resume']);
  });

  test('tells a later attempt that the client went away', () => {
    const { source, feed, abort } = manualSource();
    const body = new ReplayableBody(source, 100, true);
    body.readAhead();
    feed('a');
    abort();
    const { sink, got } = recordingSink();
    body.open().start(sink);
    expect(got).toEqual(['a', 'abort gone']);
  });

  test('cancels its source once', () => {
    const { source, log } = manualSource();
    const body = new ReplayableBody(source, 100, true);
    body.readAhead();
    body.cancel();
    body.cancel();
    expect(log).toEqual(['start', 'cancel']);
  });

  test('an attempt given up leaves the body to the next', () => {
    const { source, feed, log } = manualSource();
    const body = new ReplayableBody(source, 100, true);
    const reader = body.open();
    reader.start(recordingSink().sink);
    feed('a');
    reader.cancel();
    const { sink, got } = recordingSink();
    body.open().start(sink);
    feed('b');
    expect(got).toEqual(['a', 'b']);
    expect(log).not.toContain('cancel');
  });
});
