import { expect, test } from 'vitest';
import { fieldsToDelete } from './fields-to-delete.ts';

test('fieldsToDelete: each field where a declaration stands first, its parts where it stands again', () => {
  const policy = 'DestinationRule.spec.trafficPolicy';
  const subset = 'DestinationRule.spec.subsets[]';
  expect(
    fieldsToDelete([
      'Gateway.spec.selector',
      `${policy}.connectionPool.http.maxRetries`,
      `${policy}.connectionPool.http.idleTimeout`,
      `${policy}.portLevelSettings[].port.number`,
      `${policy}.portLevelSettings[].connectionPool.http.maxRetries`,
      `${policy}.portLevelSettings[].connectionPool.http.idleTimeout`,
      `${subset}.name`,
      `${subset}.trafficPolicy.loadBalancer.simple`,
      `${subset}.trafficPolicy.portLevelSettings[].loadBalancer.simple`,
    ]),
  ).toEqual([
    'Gateway.spec.selector',
    `${policy}.connectionPool.http.maxRetries`,
    `${policy}.connectionPool.http.idleTimeout`,
    `${policy}.portLevelSettings[].port`,
    `${policy}.portLevelSettings[].connectionPool`,
    `${subset}.name`,
    `${subset}.trafficPolicy.loadBalancer`,
    `${subset}.trafficPolicy.portLevelSettings[].loadBalancer`,
  ]);
});
