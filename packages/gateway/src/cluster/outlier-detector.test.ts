import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { OutlierDetectionSchema } from '@heddle/envoy-api/cluster';
import type { Clock } from '@heddle/model';
import { describe, expect, test } from 'vitest';
import type { Host } from './host.ts';
import { emptyOutlierStats, OutlierDetector } from './outlier-detector.ts';
import { outlierSettings } from './outlier-settings.ts';

/** A clock that goes when it is told. */
function manualClock() {
  let now = 0;
  const timers: { at: number; run: () => void }[] = [];
  const clock: Clock = {
    nowMs: () => now,
    after(delayMs, run) {
      const timer = { at: now + delayMs, run };
      timers.push(timer);
      return () => void timers.splice(timers.indexOf(timer), 1);
    },
  };
  return {
    clock,
    timers,
    advance(ms: number) {
      const until = now + ms;
      for (;;) {
        const [next] = [...timers].sort((a, b) => a.at - b.at);
        if (next === undefined || next.at > until) break;
        timers.splice(timers.indexOf(next), 1);
        now = next.at;
        next.run();
      }
      now = until;
    },
  };
}

function detector(config: MessageInitShape<typeof OutlierDetectionSchema>, hostCount = 2, random = 0) {
  const time = manualClock();
  const stats = emptyOutlierStats();
  let changes = 0;
  const remarks: string[] = [];
  const settings = outlierSettings(
    create(OutlierDetectionSchema, { enforcingSuccessRate: 0, maxEjectionPercent: 100, ...config }),
    remarks,
  );
  const found = new OutlierDetector(settings, {
    clock: time.clock,
    random: () => random,
    stats,
    onChange: () => {
      changes++;
    },
  });
  const hosts = Array.from({ length: hostCount }, (_, i) => ({ name: `h${i}` }) as Host);
  found.follow(hosts);
  const [first] = hosts as [Host];
  return {
    outliers: found,
    hosts,
    first,
    stats,
    time,
    remarks,
    changes: () => changes,
    /** `5` an answer of 500, `3` of 503, `2` of 200, `x` a failed connection, `t` a time-out, `c` a connection. */
    tell(events: string, host = first) {
      for (const event of events) {
        if (event === 'x') found.failed(host, 503);
        else if (event === 't') found.failed(host, 504);
        else if (event === 'c') found.connected(host);
        else found.answered(host, event === '5' ? 500 : event === '3' ? 503 : 200);
      }
    },
  };
}

const seconds = (value: number) => ({ seconds: BigInt(value), nanos: 0 });

describe('OutlierDetector', () => {
  test.each<[string, MessageInitShape<typeof OutlierDetectionSchema>, string, boolean]>([
    ['five answers of 5xx by default', {}, '55555', true],
    ['fewer do nothing', {}, '5555', false],
    ['an answer that is none begins anew', {}, '5555255', false],
    ['gateway errors are 5xx too', { consecutive5xx: 2 }, '35', true],
    ['gateway errors are not enforced by default', { consecutive5xx: 0, consecutiveGatewayFailure: 2 }, '333', false],
    [
      'gateway errors, enforced',
      { enforcingConsecutive5xx: 0, consecutiveGatewayFailure: 2, enforcingConsecutiveGatewayFailure: 100 },
      '33',
      true,
    ],
    [
      'another error of the server stands between gateway errors',
      { enforcingConsecutive5xx: 0, consecutiveGatewayFailure: 2, enforcingConsecutiveGatewayFailure: 100 },
      '353',
      false,
    ],
    ['failures to connect and time-outs count as answers', { consecutive5xx: 3 }, 'xt5', true],
    ['a count of 0 never comes', { consecutive5xx: 0 }, '55555555', false],
    [
      'split: failures to connect do not count as answers',
      { consecutive5xx: 2, splitExternalLocalOriginErrors: true },
      'xxxx',
      false,
    ],
    [
      'split: they are counted apart',
      { consecutiveLocalOriginFailure: 2, splitExternalLocalOriginErrors: true },
      'x5x',
      true,
    ],
    [
      'split: a connection begins anew',
      { consecutiveLocalOriginFailure: 2, splitExternalLocalOriginErrors: true },
      'xcxcx',
      false,
    ],
  ])('%s', (_, config, events, ejected) => {
    const { outliers, first, tell } = detector(config);
    tell(events);
    expect(outliers.isEjected(first)).toBe(ejected);
  });

  test('enforcement by chance', () => {
    const never = detector({ consecutive5xx: 1, enforcingConsecutive5xx: 30 }, 2, 0.3);
    never.tell('5');
    expect(never.outliers.isEjected(never.first)).toBe(false);
    expect(never.stats).toMatchObject({ ejectionsDetectedConsecutive5xx: 1, ejectionsEnforcedConsecutive5xx: 0 });
    const now = detector({ consecutive5xx: 1, enforcingConsecutive5xx: 30 }, 2, 0.29);
    now.tell('5');
    expect(now.outliers.isEjected(now.first)).toBe(true);
  });

  test.each([
    [10, 2, 0],
    [10, 10, 1],
    [50, 4, 2],
    [49, 4, 1],
    [100, 3, 3],
  ])('at most %d %% of %d hosts: %d', (maxEjectionPercent, count, wanted) => {
    const { hosts, tell, outliers, stats } = detector({ consecutive5xx: 1, maxEjectionPercent }, count);
    for (const host of hosts) tell('5', host);
    expect(hosts.filter((host) => outliers.isEjected(host))).toHaveLength(wanted);
    expect(stats).toMatchObject({ ejectionsActive: wanted, ejectionsOverflow: count - wanted });
  });

  test('one may always be ejected where that is asked for', () => {
    const { tell, outliers, first } = detector({ consecutive5xx: 1, maxEjectionPercent: 0, alwaysEjectOneHost: true });
    tell('5');
    expect(outliers.isEjected(first)).toBe(true);
  });

  test('ejection lasts longer each time, is looked at in intervals, and shortens again with good conduct', () => {
    const { tell, outliers, first, time } = detector({
      consecutive5xx: 1,
      interval: seconds(10),
      baseEjectionTime: seconds(30),
    });
    const ejectedForSeconds = (): number => {
      tell('5');
      let passed = 0;
      for (; outliers.isEjected(first); passed += 10) time.advance(10_000);
      return passed;
    };
    expect(ejectedForSeconds()).toBe(30);
    expect(ejectedForSeconds()).toBe(60);
    expect(ejectedForSeconds()).toBe(90);
    time.advance(20_000);
    expect(ejectedForSeconds()).toBe(60);
    time.advance(1_000_000);
    expect(ejectedForSeconds()).toBe(30);
  });

  test('ejection never lasts longer than the longest', () => {
    const { tell, outliers, first, time } = detector({
      consecutive5xx: 1,
      interval: seconds(1),
      baseEjectionTime: seconds(30),
      maxEjectionTime: seconds(40),
    });
    for (let i = 0; i < 5; i++) {
      tell('5');
      let passed = 0;
      for (; outliers.isEjected(first); passed++) time.advance(1000);
      expect(passed).toBe(i === 0 ? 30 : 40);
    }
  });

  test('a host that is taken in again starts with clean counts, and one that stays keeps its own', () => {
    const { tell, outliers, first, hosts, time, changes } = detector({
      consecutive5xx: 2,
      baseEjectionTime: seconds(1),
    });
    tell('5');
    outliers.follow([first]);
    tell('5');
    expect(outliers.isEjected(first)).toBe(true);
    tell('5');
    time.advance(20_000);
    expect(outliers.isEjected(first)).toBe(false);
    expect(changes()).toBe(2);
    tell('5');
    expect(outliers.isEjected(first)).toBe(false);
    outliers.follow(hosts.slice(1));
    expect(outliers.isEjected(first)).toBe(false);
  });

  test('stops its timer, and says what it does not look at', () => {
    const { outliers, time, remarks } = detector({ enforcingSuccessRate: 100 });
    outliers.stop();
    expect(time.timers).toEqual([]);
    expect(remarks).toEqual(['outlier_detection by success rate is not implemented, wanted enforcing_success_rate 0']);
  });
});
