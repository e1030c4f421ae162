import { manualClock, tick } from '@heddle/testing/ads';
import { describe, expect, test } from 'vitest';
import { Admission } from './admission.ts';

function setUp() {
  const clock = manualClock();
  const admission = new Admission(clock, { maxNewStreamsPerSecond: 100, maxNewStreamsAtOnce: 10 });
  const admitted: string[] = [];
  const come = (name: string, signal?: AbortSignal) => {
    void admission.admit(signal).then(() => admitted.push(name));
    return tick();
  };
  return { clock, admission, admitted, come };
}

describe('Admission', () => {
  test('lets in at once as many as allowed, the others in order at the rate', async () => {
    const { clock, admission, admitted, come } = setUp();
    const names = Array.from({ length: 1_000 }, (_, index) => `${index}`);
    await Promise.all(names.map((name) => come(name)));
    expect(admitted).toEqual(names.slice(0, 10));
    expect(admission.waiting).toBe(990);
    await clock.advance(1_000);
    expect(admitted).toEqual(names.slice(0, 110));
    await clock.advance(8_900);
    expect(admitted).toEqual(names);
    expect(clock.pending).toBe(0);
  });

  test('saves up no more than may come at once', async () => {
    const { clock, admitted, come } = setUp();
    await clock.advance(60_000);
    await Promise.all(Array.from({ length: 20 }, (_, index) => come(`${index}`)));
    expect(admitted).toHaveLength(10);
  });

  test('whoever leaves gives the place to the next', async () => {
    const { clock, admission, come, admitted } = setUp();
    await Promise.all(Array.from({ length: 10 }, () => come('early')));
    const leaving = new AbortController();
    await come('leaves', leaving.signal);
    await come('stays');
    leaving.abort();
    await tick();
    expect(admission.waiting).toBe(1);
    await clock.advance(10);
    expect(admitted.slice(10)).toEqual(['leaves', 'stays']);
  });

  test('open lets all in', async () => {
    const { clock, admission, come, admitted } = setUp();
    await Promise.all(Array.from({ length: 15 }, () => come('one')));
    admission.open();
    await tick();
    expect(admitted).toHaveLength(15);
    expect(clock.pending).toBe(0);
  });
});
