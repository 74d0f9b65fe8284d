import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { checkSmart } from '../../src/lib/checks/smart.ts';
import type { Look, Verdict } from '../../src/lib/checks/verdict.ts';
import { SYSTEM_FOLDERS } from '../../src/lib/drive/system-folders.ts';
import { diskImage } from './drive-fixtures.ts';
import { files, says } from './verdict-fixtures.ts';

const LOOK: Look = { language: 'en-US', timeoutMs: 20_000 };
let folder = '';

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'smart-')));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

describe('SMART', () => {
  /** A `smartctl` that comes first on PATH, writes its arguments down and says what a real one says. */
  function scripted(exitCode: number, message = '', code = ''): void {
    const messages = message === '' ? [] : [{ string: message, severity: 'error' }];
    const json = JSON.stringify({ smartctl: { messages, exit_status: exitCode } });
    const path = join(folder, 'bin', 'smartctl');
    files(folder, {
      'bin/smartctl': `#!/bin/sh\necho "$*" >> '${folder}/log'\n${code}\necho '${json}'\nexit ${exitCode}`,
    });
    chmodSync(path, 0o755);
    vi.stubEnv('PATH', `${join(folder, 'bin')}:${process.env['PATH']}`);
  }

  test.for<[number, string, Verdict['answer'], string]>([
    [0, '', 'yes', 'is well.'],
    [0b0000_0001, 'Smartctl: Device Open failed', 'unknown', 'does not tell its SMART values'],
    [0b0000_0001, 'open failed: Permission denied', 'unknown', 'sudo setcap'],
    [0b0000_0010, 'Smartctl open device failed: Operation not permitted', 'unknown', 'sudo setcap'],
    [0b0000_0010, 'Device is in STANDBY mode, exit(2)', 'unknown', 'asleep and was not woken'],
    [0b0000_0100, 'SMART READ LOG failed', 'unknown', '(SMART READ LOG failed)'],
    [0b0000_1000, '', 'no', 'failing now. Copy what is on it and replace it.'],
    [0b0001_0000, '', 'no', 'it may fail soon'],
    [0b0001_1100, 'SMART READ LOG failed', 'no', 'failing now. A value has reached its limit'],
    [0b0010_0000, '', 'yes', 'A value had reached its limit in the past.'],
    [0b0100_0000, '', 'yes', 'Its log has recorded errors.'],
    [0b1000_0000, '', 'yes', 'A self-test found errors. Keep an eye on it.'],
    [0b1100_0000, '', 'yes', 'recorded errors. A self-test found errors.'],
  ])('exit code %i, “%s”: %s', async ([exitCode, message, answer, words], context) => {
    const disk = diskImage(folder, context);
    try {
      scripted(exitCode, message);
      expect(await checkSmart({ path: disk.device }, LOOK)).toEqual(says(answer, words));
      expect(readFileSync(join(folder, 'log'), 'utf8')).toBe(`-j -a -n standby ${disk.device}\n`);
      const decided = await checkSmart({ path: disk.device, unknownIs: 'no' }, LOOK);
      expect(decided.answer).toBe(answer === 'unknown' ? 'no' : answer);
    } finally {
      disk.remove();
    }
  });

  test('a USB bridge that smartctl does not know is asked as it proposes', async (context) => {
    const disk = diskImage(folder, context);
    try {
      scripted(1, 'Unknown USB bridge [0x1234:0x5678]', `[ "$5" = -d ] && echo '{}' && exit 0`);
      expect((await checkSmart({ path: disk.device }, LOOK)).answer).toBe('yes');
      expect(readFileSync(join(folder, 'log'), 'utf8')).toContain(`-n standby -d sat ${disk.device}`);
    } finally {
      disk.remove();
    }
  });

  test.for(['ext4', 'btrfs'] as const)('the drive of a folder on %s is found', async (kind, context) => {
    const disk = diskImage(folder, context, { kind });
    try {
      scripted(0);
      mkdirSync(join(disk.path, 'repo'));
      expect(await checkSmart({ path: join(disk.path, 'repo') }, LOOK)).toEqual(says('yes', disk.device));
    } finally {
      disk.remove();
    }
  });

  test('of a partition, and of what is encrypted in it, the whole disk is asked', async (context) => {
    const disk = diskImage(folder, context);
    try {
      scripted(0);
      const number = readFileSync(join('/sys/block', basename(disk.device), 'dev'), 'utf8').trim();
      const sys = join(folder, 'sys');
      files(sys, {
        'devices/sda/sda1/partition': '1',
        'devices/sda/sda1/dev': '8:1',
        'devices/dm-0/slaves/sda1/dev': '8:1',
      });
      mkdirSync(join(sys, 'dev/block'), { recursive: true });
      symlinkSync('../../devices/sda/sda1', join(sys, 'dev/block/8:1'));
      symlinkSync('../../devices/dm-0', join(sys, 'dev/block', number));
      const folders = { ...SYSTEM_FOLDERS, sys };
      expect(await checkSmart({ path: disk.path }, LOOK, folders)).toEqual(says('yes', '/dev/sda '));
      files(sys, { 'devices/dm-0/slaves/sdb1/dev': '8:17' });
      expect(await checkSmart({ path: disk.path }, LOOK, folders)).toEqual(
        says('unknown', 'no single drive'),
      );
    } finally {
      disk.remove();
    }
  });

  test('what is no drive, is not there, or cannot be asked', async (context) => {
    expect(await checkSmart({ path: '/proc' }, LOOK)).toEqual(says('unknown', 'no single drive'));
    expect(await checkSmart({ path: '/dev/no-such-drive' }, LOOK)).toEqual(says('no', 'does not exist'));
    const disk = diskImage(folder, context);
    try {
      scripted(0, '', 'exec sleep 600');
      const hangs = await checkSmart({ path: disk.device, unknownIs: 'yes' }, { ...LOOK, timeoutMs: 300 });
      expect(hangs).toEqual(says('unknown', 'did not answer smartctl within 0.3 s'));
    } finally {
      disk.remove();
    }
  });

  test('the real smartctl finds no SMART in a loop device', async (context) => {
    const installed = ['/usr/sbin/smartctl', '/usr/bin/smartctl'].some((path) => existsSync(path));
    const disk = diskImage(folder, context);
    try {
      const words = installed ? 'Unable to detect device type' : 'smartctl is not installed';
      expect(await checkSmart({ path: disk.path }, LOOK)).toEqual(says('unknown', words));
      expect(await checkSmart({ path: disk.path, unknownIs: 'yes' }, LOOK)).toEqual(says('yes', words));
    } finally {
      disk.remove();
    }
  });
});
