import { expect, test } from 'vitest';
import { redactor } from '../../src/lib/restic/process/redact.ts';

const secrets = {
  password: 'p@ss/w "rd"',
  passwordCommand: 'pass show backup/restic',
  environment: {
    AWS_SECRET_ACCESS_KEY: 'AbC+12/34',
    SHORT: 'yes',
    KEY: 'first line of key\nsecond line of key',
  },
};
const url = 'rest:https://me:t0p%20secret@backup.example:8000/me/';
const redact = redactor(secrets, url);

test.each([
  ['the password', 'got p@ss/w "rd" here'],
  ['the password in JSON', String.raw`{"message":"p@ss/w \"rd\""}`],
  ['the password in a URL', 'http://x/?p=p%40ss%2Fw%20%22rd%22'],
  ['the password command', 'exec: pass show backup/restic'],
  ['a value of a variable', 'key AbC+12/34 refused'],
  ['such a value, encoded', 'key AbC%2B12%2F34 refused'],
  ['one line of a long value', 'bad key: second line of key'],
  ['the user part of the URL', `cannot open ${url}`],
  ['its password, decoded', 'user me, password t0p secret'],
  ['the user part of any URL', 'Head "https://bob:b0b@other.example/": EOF'],
])('%s goes', (_name, text) => {
  const shown = redact(text);
  expect(shown).toContain('***');
  expect(shown).not.toMatch(/p@ss|p%40ss|AbC|t0p|show backup|second line|b0b/);
});

test('other words stay, also those of short values', () => {
  expect(redact('yes, repository sftp:me@host:/path is locked')).toBe(
    'yes, repository sftp:me@host:/path is locked',
  );
  expect(redactor({ environment: {} }, '/mnt/x')('as it was')).toBe('as it was');
});

test('a long text is bounded, and no secret is left in halves at its end', () => {
  const long = `${'x'.repeat(65_530)}${secrets.environment.AWS_SECRET_ACCESS_KEY}`.padEnd(200_000, 'y');
  expect(redact(long).length).toBeLessThanOrEqual(65_536);
  expect(redact(long)).not.toContain('AbC');
});
