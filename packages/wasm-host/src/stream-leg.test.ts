import { describe, expect, test } from 'vitest';
import { DataAction, HeadersAction, TrailersAction } from './abi.ts';
import type { BodyBuffer } from './guest-buffer.ts';
import { HeaderList } from './header-map.ts';
import { StreamLeg } from './stream-leg.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (array: Uint8Array) => new TextDecoder().decode(array);

interface Script {
  readonly headers?: number | undefined;
  /** Answers to one piece after the other; the last one stays. */
  readonly body?: readonly (number | undefined)[];
  readonly trailers?: number;
  readonly limit?: number;
  readonly failsOpen?: boolean;
  /** What the plugin makes of a body that it sees. */
  readonly change?: (buffer: BodyBuffer) => void;
}

/** A leg whose plugin follows a script, and what came of it, in order. */
function legOf(script: Script) {
  const events: string[] = [];
  const answers = [...(script.body ?? [DataAction.CONTINUE])];
  let nextTakes = true;
  const leg: StreamLeg = new StreamLeg({
    callbacks: {
      headers: (_map, end) => {
        events.push(`sees headers${end ? ' end' : ''}`);
        return 'headers' in script ? script.headers : HeadersAction.CONTINUE;
      },
      body: (buffer, end) => {
        events.push(`sees "${text(buffer.slice(0, buffer.length))}"${end ? ' end' : ''}`);
        script.change?.(buffer);
        return answers.length > 1 ? answers.shift() : answers[0];
      },
      trailers: () => {
        events.push('sees trailers');
        return script.trailers ?? TrailersAction.CONTINUE;
      },
    },
    next: {
      headers: (_map, end) => void events.push(`headers${end ? ' end' : ''}`),
      data: (piece, end) => {
        events.push(`"${text(piece)}"${end ? ' end' : ''}`);
        return nextTakes;
      },
      trailers: () => void events.push('trailers'),
    },
    bufferLimitBytes: script.limit ?? 100,
    failed: () => {
      events.push('failed');
      if (script.failsOpen !== true) leg.stop();
      return script.failsOpen === true;
    },
    tooLarge: () => {
      events.push('too large');
      leg.stop();
    },
    writable: () => void events.push('writable'),
  });
  return { leg, events, setNextTakes: (takes: boolean) => (nextTakes = takes) };
}

const map = new HeaderList();

/** Pushes a message: pieces of a body, `trailers`, `resume`. */
function run(script: Script, steps: readonly string[]): readonly string[] {
  const { leg, events } = legOf(script);
  const last = steps.findLastIndex((step) => step !== 'resume');
  leg.headers(map, last === -1);
  for (const [index, step] of steps.entries()) {
    if (step === 'resume') leg.resume();
    else if (step === 'trailers') leg.trailers(map);
    else leg.data(bytes(step), index === last);
  }
  return events;
}

const { STOP_ITERATION, STOP_ALL_AND_BUFFER, STOP_ALL_AND_WATERMARK, CONTINUE_AND_END_STREAM } = HeadersAction;
const { CONTINUE, STOP_AND_BUFFER, STOP_AND_WATERMARK, STOP_NO_BUFFER } = DataAction;

describe('StreamLeg', () => {
  test.each<readonly [string, Script, readonly string[], readonly string[]]>([
    [
      'lets everything through in the pieces in which it comes',
      {},
      ['a', 'b', 'trailers'],
      ['sees headers', 'headers', 'sees "a"', '"a"', 'sees "b"', '"b"', 'sees trailers', 'trailers'],
    ],
    ['ends with headers', {}, [], ['sees headers end', 'headers end']],
    [
      'takes "continue and end stream" for "continue"',
      { headers: CONTINUE_AND_END_STREAM },
      [],
      ['sees headers end', 'headers end'],
    ],
    [
      'shows the plugin a body only when it goes on, if all stands still',
      { headers: STOP_ALL_AND_WATERMARK },
      ['a', 'b', 'resume'],
      ['sees headers', 'headers', 'sees "ab" end', '"ab" end'],
    ],
    [
      'shows what comes after going on piece by piece',
      { headers: STOP_ALL_AND_BUFFER },
      ['a', 'resume', 'b', 'trailers'],
      ['sees headers', 'headers', 'sees "a"', '"a"', 'sees "b"', '"b"', 'sees trailers', 'trailers'],
    ],
    [
      'shows trailers that came while all stood still',
      { headers: STOP_ALL_AND_WATERMARK },
      ['a', 'trailers', 'resume'],
      ['sees headers', 'headers', 'sees "a"', '"a"', 'sees trailers', 'trailers'],
    ],
    [
      'lets the body through to the plugin while headers are held, and all of it on with its answer',
      { headers: STOP_ITERATION, body: [STOP_AND_BUFFER, CONTINUE] },
      ['a', 'b'],
      ['sees headers', 'sees "a"', 'sees "ab" end', 'headers', '"ab" end'],
    ],
    [
      'sends held headers without a body when the plugin lets go',
      { headers: STOP_ITERATION },
      ['resume'],
      ['sees headers end', 'headers end'],
    ],
    [
      'shows a watermarked body piece by piece, and sends it whole',
      { body: [STOP_AND_WATERMARK, STOP_AND_WATERMARK, CONTINUE] },
      ['a', 'b', 'c'],
      ['sees headers', 'headers', 'sees "a"', 'sees "b"', 'sees "c" end', '"abc" end'],
    ],
    [
      'throws away what is not buffered, and still ends',
      { body: [STOP_NO_BUFFER] },
      ['a', 'b', 'resume'],
      ['sees headers', 'headers', 'sees "a"', 'sees "b" end', '"" end'],
    ],
    [
      'keeps what was buffered before',
      { body: [STOP_AND_BUFFER, STOP_NO_BUFFER] },
      ['a', 'b', 'resume'],
      ['sees headers', 'headers', 'sees "a"', 'sees "ab" end', '"ab" end'],
    ],
    [
      'sends what was changed',
      {
        body: [STOP_AND_BUFFER, CONTINUE],
        change: (buffer) => buffer.write(0, 0, bytes('<')),
      },
      ['a', 'b'],
      ['sees headers', 'headers', 'sees "a"', 'sees "<ab" end', '"<<ab" end'],
    ],
    [
      'lets trailers take along what is buffered',
      { body: [STOP_AND_BUFFER] },
      ['a', 'trailers'],
      ['sees headers', 'headers', 'sees "a"', 'sees trailers', '"a"', 'trailers'],
    ],
    [
      'holds trailers',
      { body: [STOP_AND_BUFFER], trailers: TrailersAction.STOP_ITERATION },
      ['a', 'trailers', 'resume'],
      ['sees headers', 'headers', 'sees "a"', 'sees trailers', '"a"', 'trailers'],
    ],
    [
      'refuses to buffer more than the limit',
      { body: [STOP_AND_BUFFER], limit: 3 },
      ['aa', 'bb', 'cc'],
      ['sees headers', 'headers', 'sees "aa"', 'too large'],
    ],
    [
      'refuses to hold more than the limit where all stands still and is buffered',
      { headers: STOP_ALL_AND_BUFFER, limit: 3 },
      ['aa', 'bb', 'resume'],
      ['sees headers', 'too large'],
    ],
    ['ends when the plugin fails', { headers: undefined }, ['a'], ['sees headers', 'failed']],
    [
      'passes a plugin that failed in a body, if it may',
      { body: [STOP_AND_BUFFER, undefined], failsOpen: true },
      ['a', 'b'],
      ['sees headers', 'headers', 'sees "a"', 'sees "ab" end', 'failed', '"ab" end'],
    ],
  ])('%s', (_what, script, steps, expected) => {
    expect(run(script, steps)).toEqual(expected);
  });

  test('asks the sender to wait at the limit, and to go on afterwards', () => {
    const { leg, events } = legOf({ headers: STOP_ALL_AND_WATERMARK, limit: 3 });
    leg.headers(map, false);
    expect(leg.data(bytes('abc'), false)).toBe(true);
    expect(leg.data(bytes('d'), false)).toBe(false);
    expect(events).not.toContain('writable');
    leg.resume();
    expect(events).toEqual(['sees headers', 'headers', 'sees "abcd"', '"abcd"', 'writable']);
    expect(leg.data(bytes('e'), true)).toBe(true);
  });

  test('hands on that the next one is full, and that it is not any more', () => {
    const { leg, events, setNextTakes } = legOf({});
    leg.headers(map, false);
    setNextTakes(false);
    expect(leg.data(bytes('a'), false)).toBe(false);
    leg.nextIsWritable();
    expect(events.at(-1)).toBe('writable');
  });

  test('lets a plugin go on that changes what it holds outside its callbacks', () => {
    let held: BodyBuffer | undefined;
    const { leg, events } = legOf({ body: [STOP_AND_BUFFER], change: (buffer) => void (held = buffer) });
    leg.headers(map, false);
    leg.data(bytes('a'), true);
    held?.write(0, 1, bytes('b'));
    leg.resume();
    expect(events.at(-1)).toBe('"b" end');
  });
});
