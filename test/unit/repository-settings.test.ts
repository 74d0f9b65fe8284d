import { expect, test } from 'vitest';
import { readRepositorySettings } from '../../src/lib/node-red/repository-settings.ts';
import type { RepositorySettings } from '../../src/lib/restic/repository-settings.ts';
import type { RepositoryDefinition } from '../../src/nodes/restic-repository/definition.ts';

const DAY = 86_400_000;

const DEFINITION: RepositoryDefinition = {
  name: 'USB',
  url: '/mnt/usb/restic',
  passwordSource: 'password',
  passwordFile: '',
  passwordCommand: '',
  binary: '',
  cacheFolder: '',
  uploadLimit: '',
  downloadLimit: '',
  options: [],
  retryLock: '',
  device: '',
  mountCommand: [],
  unmountCommand: [],
  pruneEvery: '',
  checkEvery: '',
  checkSubset: '',
};

function read(change: Partial<RepositoryDefinition>): RepositorySettings {
  const result = readRepositorySettings('id', { ...DEFINITION, ...change }, { password: 'x' });
  if ('problem' in result) throw result.problem;
  return result.settings;
}

test('empty fields mean: no device, nothing mounted, no upkeep by itself', () => {
  const settings = read({});
  for (const name of ['device', 'mountCommand', 'unmountCommand', 'pruneEveryMs', 'checkEveryMs'] as const) {
    expect(settings[name]).toBeUndefined();
  }
  expect(settings.checkSubset).toBe('');
});

test('what is filled in is read', () => {
  const filled = {
    device: ' plug ',
    mountCommand: ['sudo', 'mount', '/mnt/my drive'],
    unmountCommand: ['umount'],
    pruneEvery: '6w',
    checkEvery: '10d',
    checkSubset: ' 1/12 ',
  };
  expect(read(filled)).toMatchObject({
    device: 'plug',
    mountCommand: ['sudo', 'mount', '/mnt/my drive'],
    unmountCommand: ['umount'],
    pruneEveryMs: 42 * DAY,
    checkEveryMs: 10 * DAY,
    checkSubset: '1/12',
  });
});

test('a flow of version 0.1 has the defaults of the dialog', () => {
  const { device: _d, mountCommand: _m, unmountCommand: _u, ...rest } = DEFINITION;
  const { pruneEvery: _p, checkEvery: _c, checkSubset: _s, ...old } = rest;
  const result = readRepositorySettings('id', old as RepositoryDefinition, undefined);
  expect(result).toMatchObject({
    settings: { pruneEveryMs: 30 * DAY, checkEveryMs: 30 * DAY, checkSubset: '5%' },
  });
});

test.each<[Partial<RepositoryDefinition>, string]>([
  [{ url: ' ' }, 'repository-url'],
  [{ retryLock: 'soon' }, 'repository-retry-lock'],
  [{ pruneEvery: '30' }, 'repository-upkeep'],
  [{ checkEvery: 'monthly' }, 'repository-upkeep'],
  [{ checkSubset: 'half' }, 'repository-check-subset'],
  [{ checkSubset: '120%' }, 'repository-check-subset'],
])('%j is refused in words', (change, code) => {
  expect(() => read(change)).toThrow(expect.objectContaining({ code }));
});
