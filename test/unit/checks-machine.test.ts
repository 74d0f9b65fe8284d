import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkLoad } from '../../src/lib/checks/load.ts';
import { checkMains } from '../../src/lib/checks/mains.ts';
import type { Look, Verdict } from '../../src/lib/checks/verdict.ts';
import { files, says } from './verdict-fixtures.ts';

const LOOK: Look = { language: 'en-US', timeoutMs: 1000 };
let sys = '';

beforeEach(() => {
  sys = mkdtempSync(join(tmpdir(), 'sys-'));
});
afterEach(() => rmSync(sys, { recursive: true, force: true }));

/** What the kernel shows of the power supplies, a folder each. */
function supplies(all: Readonly<Record<string, Readonly<Record<string, string>>>>): void {
  mkdirSync(join(sys, 'class/net'), { recursive: true });
  for (const [name, shown] of Object.entries(all)) files(join(sys, 'class/power_supply', name), shown);
}

function mains(spec: Parameters<typeof checkMains>[0] = {}): Promise<Verdict> {
  return checkMains(spec, LOOK, { disks: '', sys });
}

describe('power', () => {
  test('a machine without a battery is on mains; a mouse is no battery', async () => {
    supplies({});
    expect(await mains()).toEqual(says('yes', 'has no battery'));
    supplies({ hidpp_0: { type: 'Battery', scope: 'Device', status: 'Discharging', capacity: '5' } });
    expect(await mains({ batteryAtLeast: 50 })).toEqual(says('yes', 'has no battery'));
  });

  test('a laptop with and without its power supply', async () => {
    const battery = { type: 'Battery', status: 'Discharging', capacity: '42' };
    supplies({ AC: { type: 'Mains', online: '1' }, BAT0: battery });
    expect(await mains()).toEqual(says('yes', 'on mains power'));
    supplies({ AC: { type: 'Mains', online: '0' } });
    expect(await mains()).toEqual(says('no', 'runs on its battery. Plug the power supply in.'));
    expect(await mains({ batteryAtLeast: 42 })).toEqual(says('yes', '42 %, at least 42 %'));
    expect(await mains({ batteryAtLeast: 43 })).toEqual(says('no', '43 % are needed'));
    supplies({ BAT1: { ...battery, capacity: '44' } });
    expect(await mains({ batteryAtLeast: 43 })).toEqual(says('yes', '43 %'));
    supplies({ 'ucsi-source-psy': { type: 'USB', online: '2' } });
    expect(await mains()).toEqual(says('yes', 'on mains power'));
  });

  test('where only the battery tells', async () => {
    supplies({ BAT0: { type: 'Battery', status: 'Charging', capacity: '10' } });
    expect((await mains()).answer).toBe('yes');
    supplies({ BAT0: { type: 'Battery', status: 'Discharging', capacity: '10' } });
    expect((await mains()).answer).toBe('no');
    supplies({ BAT0: { type: 'Battery', status: 'Unknown', capacity: 'none' } });
    expect((await mains()).answer).toBe('unknown');
    expect((await mains({ batteryAtLeast: 5 })).answer).toBe('unknown');
  });

  test('a system that does not tell', async () => {
    expect(await mains()).toEqual(says('unknown', 'not known on this system'));
    expect((await mains({ unknownIs: 'yes' })).answer).toBe('yes');
    supplies({ AC: { online: '1' } });
    expect(await mains()).toEqual(says('unknown', 'does not say'));
  });
});

describe('load', () => {
  test('counts for each core', () => {
    expect(checkLoad(0.8, LOOK, 3, 4)).toEqual(says('yes', 'is 0.75, below 0.8'));
    expect(checkLoad(0.75, LOOK, 3, 4)).toEqual(says('no', 'is 0.75, not below 0.75'));
    expect(checkLoad(Number.NaN, LOOK, 3, 4)).toEqual(says('unknown', 'has no limit'));
    expect(checkLoad(1e6, LOOK).answer).toBe('yes');
  });
});
