import { describe, expect, test } from 'vitest';
import { wantsSidecar } from './injection.ts';

const ENABLED = { 'istio-injection': 'enabled' };
const DISABLED = { 'istio-injection': 'disabled' };
const REVISION = { 'istio.io/rev': 'canary' };
const inject = (value: string) => ({ 'sidecar.istio.io/inject': value });

describe('wantsSidecar', () => {
  test.each([
    ['nothing says so', {}, {}, {}, false],
    ['the namespace is enabled', ENABLED, {}, {}, true],
    ['the namespace has a revision', REVISION, {}, {}, true],
    ['the pod asks', {}, inject('true'), {}, true],
    ['the pod has a revision', {}, REVISION, {}, true],
    ['the pod refuses', ENABLED, inject('false'), {}, false],
    ['the pod refuses by annotation', ENABLED, {}, inject('false'), false],
    ['the label counts before the annotation', ENABLED, inject('true'), inject('false'), true],
    ['an annotation alone asks in vain', {}, {}, inject('true'), false],
    ['the namespace is disabled, whatever the pod asks', DISABLED, inject('true'), {}, false],
    ['disabled counts before a revision', { ...DISABLED, ...REVISION }, {}, {}, false],
    ['a pod with a revision refuses', {}, { ...REVISION, ...inject('false') }, {}, false],
  ])('%s', (_why, namespace, labels, annotations, wanted) => {
    expect(wantsSidecar({ labels, annotations }, namespace)).toBe(wanted);
  });
});
