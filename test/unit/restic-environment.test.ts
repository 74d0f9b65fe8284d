import { expect, test } from 'vitest';
import { Problem } from '../../src/lib/problem.ts';
import { copyEnvironment, resticEnvironment } from '../../src/lib/restic/process/environment.ts';
import type { RepositorySettings } from '../../src/lib/restic/repository-settings.ts';

function repository(name: string, secrets: Partial<RepositorySettings['secrets']>): RepositorySettings {
  return { id: name, name, url: `/mnt/${name}`, secrets: { environment: {}, ...secrets }, options: [] };
}
const host = {
  cacheFolder: '/cache',
  env: {
    PATH: '/bin',
    HOME: '/home/me',
    https_proxy: 'http://proxy',
    NO_PROXY: 'lan',
    RCLONE_CONFIG: '/rclone.conf',
    SSL_CERT_FILE: '/ca.pem',
    LC_ALL: 'de_DE',
    SUPERVISOR_TOKEN: 'token',
    HASSIO_TOKEN: 'token',
    NODE_RED_CREDENTIAL_SECRET: 'secret',
    RESTIC_PASSWORD_FILE: '/of/somebody/else',
    PATHOLOGY: 'no',
    LANG: undefined,
  },
};

test('only what is allowed reaches restic, then the own variables, then ours', () => {
  const settings = repository('a', {
    password: 'pw',
    environment: { AWS_ACCESS_KEY_ID: 'id', PATH: '/own' },
  });
  expect(resticEnvironment(settings, host)).toEqual({
    PATH: '/own',
    HOME: '/home/me',
    https_proxy: 'http://proxy',
    NO_PROXY: 'lan',
    RCLONE_CONFIG: '/rclone.conf',
    SSL_CERT_FILE: '/ca.pem',
    AWS_ACCESS_KEY_ID: 'id',
    RESTIC_REPOSITORY: '/mnt/a',
    RESTIC_PASSWORD: 'pw',
    RESTIC_CACHE_DIR: '/cache',
    RESTIC_PROGRESS_FPS: '1',
    LC_ALL: 'C',
  });
});

function names(settings: RepositorySettings): string[] {
  return Object.keys(resticEnvironment(settings, host)).filter((name) => name.startsWith('RESTIC_PASS'));
}

test('the password is given in exactly one way', () => {
  expect(names(repository('a', { passwordFile: '/pw', environment: { RESTIC_PASSWORD: 'x' } }))).toEqual([
    'RESTIC_PASSWORD_FILE',
  ]);
  expect(names(repository('a', { passwordCommand: 'pass restic' }))).toEqual(['RESTIC_PASSWORD_COMMAND']);
  expect(() => resticEnvironment(repository('a', { password: '' }), host)).toThrow(
    expect.objectContaining({ code: 'credentials-missing' }),
  );
});

test('a copy has both repositories, and refuses variables that contradict', () => {
  const to = repository('to', { password: 'one', environment: { REGION: 'x', A: '1' } });
  const from = repository('from', { passwordFile: '/two', environment: { REGION: 'x', B: '2' } });
  expect(copyEnvironment(to, from, host)).toMatchObject({
    RESTIC_REPOSITORY: '/mnt/to',
    RESTIC_PASSWORD: 'one',
    RESTIC_FROM_REPOSITORY: '/mnt/from',
    RESTIC_FROM_PASSWORD_FILE: '/two',
    A: '1',
    B: '2',
  });
  const other = repository('from', { password: 'two', environment: { REGION: 'y' } });
  expect(() => copyEnvironment(to, other, host)).toThrow(Problem);
  expect(() => copyEnvironment(to, other, host)).toThrow('REGION');
});
