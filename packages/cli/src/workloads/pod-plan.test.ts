import { type KindName, kinds, type ObjectOf, validate } from '@heddle/api';
import { describe, expect, test } from 'vitest';
import { isNginx, type PlanningContext, planDeployment, podObject } from './pod-plan.ts';

const context: PlanningContext = { nginxPath: undefined, folderOf: () => '/somewhere' };

function deployment(template: { metadata?: object; spec: object }, spec: object = {}): ObjectOf<'Deployment'> {
  const labelled = { ...template, metadata: { labels: { app: 'web' }, ...template.metadata } };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'shop' },
    spec: checked('Deployment', { selector: { matchLabels: { app: 'web' } }, template: labelled, ...spec }),
  } as ObjectOf<'Deployment'>;
}

function checked(kind: KindName, spec: object): unknown {
  const { value, problems } = validate(kinds[kind].spec as never, spec);
  if (value === undefined) throw new Error(JSON.stringify(problems));
  return value;
}

const container = { name: 'web', image: 'nginx', ports: [{ containerPort: 80 }] };

describe('isNginx', () => {
  test.each([
    ['nginx', true],
    ['nginx:1.29-alpine', true],
    ['docker.io/library/nginx@sha256:0123', true],
    ['localhost:5000/nginx', true],
    ['nginx-ingress', false],
    ['example.test/nginx/exporter', false],
    ['mynginx', false],
    ['', false],
  ])('%s: %s', (image, expected) => {
    expect(isNginx(image)).toBe(expected);
  });
});

describe('planDeployment', () => {
  test('plans a stand-in for an image that nobody named a command for, and says so', () => {
    const { pods, diagnostics } = planDeployment(deployment({ spec: { containers: [container] } }), context);
    expect(pods.map(({ name, containers }) => [name, containers[0]?.runs])).toEqual([['web-0', { type: 'stand-in' }]]);
    expect(diagnostics).toMatchObject([
      { code: 'HED403', path: ['spec', 'template', 'spec', 'containers', 0, 'image'] },
    ]);
  });

  test('prefers the annotated command to nginx, and nginx to a stand-in', () => {
    const withNginx = { ...context, nginxPath: '/usr/sbin/nginx' };
    const annotated = {
      metadata: { annotations: { 'heddle.dev/run.web': 'node x.mjs' } },
      spec: { containers: [container] },
    };
    const runs = [annotated, { spec: { containers: [container] } }].map(
      (template) => planDeployment(deployment(template), withNginx).pods[0]?.containers[0]?.runs,
    );
    expect(runs).toEqual([
      { type: 'command', command: 'node x.mjs' },
      { type: 'nginx', path: '/usr/sbin/nginx' },
    ]);
  });

  test('leaves a workload alone that runs somewhere already', () => {
    const template = {
      metadata: { annotations: { 'heddle.dev/address': '127.0.0.1' } },
      spec: { containers: [container] },
    };
    expect(planDeployment(deployment(template), context)).toEqual({ pods: [], diagnostics: [] });
  });

  test.each([
    [0, 0, 0],
    [3, 3, 0],
    [50, 5, 1],
  ])('of %i replicas runs %i', (replicas, expected, problems) => {
    const template = {
      metadata: { annotations: { 'heddle.dev/run.web': 'true' } },
      spec: { containers: [container] },
    };
    const { pods, diagnostics } = planDeployment(deployment(template, { replicas }), context);
    expect(pods.map(({ workload }) => workload)).toEqual(Array.from({ length: expected }, () => 'web'));
    expect(diagnostics).toHaveLength(problems);
  });

  test.each([
    [{ httpGet: { path: '/', port: 80 } }, { type: 'http', path: '/', containerPort: 80 }],
    [{ httpGet: { port: 'http' } }, { type: 'http', path: '/', containerPort: 8080 }],
    [{ tcpSocket: { port: 8080 } }, { type: 'tcp', containerPort: 8080 }],
    [undefined, { type: 'tcp', containerPort: 80 }],
  ])('reads the readiness probe %j', (readinessProbe, expected) => {
    const ports = [{ containerPort: 80 }, { name: 'http', containerPort: 8080 }];
    const template = { spec: { containers: [{ ...container, ports, readinessProbe }] } };
    expect(planDeployment(deployment(template), context).pods[0]?.containers[0]?.probe).toEqual(expected);
  });
});

describe('podObject', () => {
  test('is a valid Pod that says where it runs and whether it is ready', () => {
    const [plan] = planDeployment(
      deployment({ metadata: { labels: { app: 'web' } }, spec: { containers: [container] } }),
      context,
    ).pods;
    if (plan === undefined) throw new Error('no plan');
    const pod = podObject(plan, '127.0.0.1', new Map([[80, 41234]]), true);
    checked('Pod', pod.spec);
    expect(pod.metadata.annotations).toMatchObject({
      'heddle.dev/address': '127.0.0.1',
      'heddle.dev/bound-ports': '80=41234',
    });
    expect(pod.status).toMatchObject({ podIP: '127.0.0.1', conditions: [{ type: 'Ready', status: 'True' }] });
  });
});
