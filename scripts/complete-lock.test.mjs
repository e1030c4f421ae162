import { describe, expect, test } from 'vitest';
import { completeLock, platformOf } from './complete-lock.mjs';

describe('platformOf', () => {
  test.each([
    ['@biomejs/cli-linux-x64-musl', { os: 'linux', cpu: 'x64', libc: 'musl' }],
    ['@turbo/darwin-64', { os: 'darwin', cpu: 'x64', libc: undefined }],
    ['@turbo/windows-arm64', { os: 'win32', cpu: 'arm64', libc: undefined }],
    ['@swc/core-linux-arm-gnueabihf', { os: 'linux', cpu: 'arm', libc: 'glibc' }],
    ['fsevents', { os: undefined, cpu: undefined, libc: undefined }],
  ])('reads %s', (name, platform) => {
    expect(platformOf(name)).toEqual(platform);
  });
});

describe('completeLock', () => {
  const tool = {
    version: '1.0.0',
    dev: true,
    optionalDependencies: { '@t/linux-x64': '1.0.0', '@t/darwin-arm64': '1.0.0' },
  };
  const linux = { version: '1.0.0', optional: true, os: ['linux'], cpu: ['x64'] };

  test('adds what is missing and keeps what is there', () => {
    const { lock, added } = completeLock({ packages: { 'node_modules/t': tool, 'node_modules/@t/linux-x64': linux } });
    expect(added).toEqual(['@t/darwin-arm64']);
    expect(lock.packages['node_modules/@t/linux-x64']).toBe(linux);
    expect(lock.packages['node_modules/@t/darwin-arm64']).toEqual({
      version: '1.0.0',
      dev: true,
      optional: true,
      os: ['darwin'],
      cpu: ['arm64'],
    });
  });

  test('refuses what it cannot know', () => {
    const packages = { 'node_modules/t': { version: '1.0.0', optionalDependencies: { fsevents: '~2.3.2' } } };
    expect(() => completeLock({ packages })).toThrow('"fsevents" ~2.3.2');
  });
});
