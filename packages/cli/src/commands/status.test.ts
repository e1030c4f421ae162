import type { ProxySyncStatus, TypeSyncDetail } from '@heddle/control-plane';
import { expect, test } from 'vitest';
import { formatStatus } from './status.ts';

const NOW = Date.parse('2026-01-01T00:10:00Z');
const at = (secondsAgo: number) => new Date(NOW - secondsAgo * 1000).toISOString();
const synced: TypeSyncDetail = { status: 'SYNCED', sent_at: at(9), acked_at: at(7), rejected: [], held_back: [] };

function proxy(name: string, types: ProxySyncStatus['types'], more: Partial<ProxySyncStatus> = {}): ProxySyncStatus {
  return {
    proxy: name,
    proxy_type: 'sidecar',
    node_id: name,
    connected_at: at(60),
    status: {},
    types,
    problems: [],
    ...more,
  };
}

test("formatStatus: istioctl's columns, with ages, ordered by name", () => {
  const table = formatStatus(
    [
      proxy('web.shop', {
        CDS: { ...synced, status: 'STALE', sent_at: at(62) },
        LDS: { ...synced, status: 'NOT SENT' },
      }),
      proxy('cart.shop', { CDS: synced, EDS: synced }, { cluster_id: 'Kubernetes', istio_version: '1.30.0' }),
    ],
    NOW,
  );
  expect(table.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
    ['NAME', 'CLUSTER', 'CDS', 'LDS', 'EDS', 'RDS', 'ECDS', 'VERSION'],
    ['cart.shop', 'Kubernetes', 'SYNCED (7s)', 'IGNORED', 'SYNCED (7s)', 'IGNORED', 'IGNORED', '1.30.0'],
    ['web.shop', '-', 'STALE (1m2s)', 'NOT SENT', 'IGNORED', 'IGNORED', 'IGNORED', '-'],
    [''],
  ]);
});

test('formatStatus: beneath the table, what was rejected with text and position, and what waits', () => {
  const text = formatStatus(
    [
      proxy('web.shop', {
        RDS: {
          ...synced,
          status: 'ERROR',
          rejected_at: at(12),
          rejected: [
            {
              name: '80',
              message: 'unknown cluster\n\u001b[31m',
              object: 'VirtualService shop/cart',
              field: 'spec.http[0]',
              position: 'mesh/cart.yaml:12:5',
            },
            { name: '81', message: 'no' },
          ],
        },
        LDS: { ...synced, held_back: [{ name: 'l', reason: 'it waits for CDS', since: at(3) }] },
      }),
    ],
    NOW,
  );
  expect(text).toContain('ERROR (12s)');
  expect(text.split('\n\n')[1]?.split('\n')).toEqual([
    '✖ web.shop rejected RDS "80" 12s ago: unknown cluster\\n\\u001b[31m',
    '    VirtualService shop/cart at spec.http[0]',
    '    mesh/cart.yaml:12:5',
    '    effect: the proxy goes on with the last version it accepted',
    '✖ web.shop rejected RDS "81" 12s ago: no',
    '    effect: the proxy goes on with the last version it accepted',
    '… web.shop waits for LDS "l", 3s: it waits for CDS',
    '',
  ]);
});
