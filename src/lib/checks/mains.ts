import { join } from 'node:path';
import { namesIn, textOf } from '../drive/block-device.ts';
import type { SystemFolders } from '../drive/system-folders.ts';
import { SYSTEM_FOLDERS } from '../drive/system-folders.ts';
import type { CheckLeaf } from './check.ts';
import { notKnown } from './not-known.ts';
import type { Look, Verdict } from './verdict.ts';
import { verdict } from './verdict.ts';

type MainsSpec = Pick<Extract<CheckLeaf, { kind: 'mains' }>, 'batteryAtLeast' | 'unknownIs'>;

/** What the kernel's class `power_supply` shows of one supply. */
interface Supply {
  readonly type: string | undefined;
  readonly scope: string | undefined;
  readonly online: string | undefined;
  readonly status: string | undefined;
  readonly capacity: string | undefined;
}

/** Whether the machine runs on mains, or has so much in its battery. A machine without a battery is on mains. */
export async function checkMains(
  spec: MainsSpec,
  look: Look,
  folders: SystemFolders = SYSTEM_FOLDERS,
): Promise<Verdict> {
  const { batteryAtLeast, unknownIs } = spec;
  const classes = join(folders.sys, 'class');
  if ((await namesIn(classes)).length === 0) return notKnown(unknownIs, look, 'mains.not-known');
  const folder = join(classes, 'power_supply');
  const all = await Promise.all((await namesIn(folder)).map((name) => supplyIn(join(folder, name))));
  // Mice and headphones have batteries too.
  const supplies = all.filter(({ scope }) => scope !== 'Device');
  if (supplies.some(({ type }) => type === undefined)) return notKnown(unknownIs, look, 'mains.unreadable');
  const batteries = supplies.filter(({ type }) => type === 'Battery');
  if (batteries.length === 0) return verdict('yes', look, 'mains.no-battery');
  const onMains = isOnMains(supplies, batteries);
  if (onMains === true) return verdict('yes', look, 'mains.yes');
  if (batteryAtLeast === undefined && onMains === false) return verdict('no', look, 'mains.no');
  const percent = percentOf(batteries);
  if (batteryAtLeast === undefined || percent === undefined)
    return notKnown(unknownIs, look, 'mains.unreadable');
  const enough = percent >= batteryAtLeast;
  return verdict(enough ? 'yes' : 'no', look, `mains.${enough ? 'enough' : 'low'}`, {
    percent,
    needed: batteryAtLeast,
  });
}

async function supplyIn(folder: string): Promise<Supply> {
  const [type, scope, online, status, capacity] = await Promise.all(
    ['type', 'scope', 'online', 'status', 'capacity'].map((name) => textOf(join(folder, name))),
  );
  return { type, scope, online, status, capacity };
}

/** Undefined when neither an adapter nor a battery says. */
function isOnMains(supplies: readonly Supply[], batteries: readonly Supply[]): boolean | undefined {
  const adapters = supplies.filter(({ type, online }) => type !== 'Battery' && online !== undefined);
  // 1 and 2: a fixed and a programmable voltage (USB).
  if (adapters.some(({ online }) => online !== '0')) return true;
  if (batteries.some(({ status }) => status === 'Discharging')) return false;
  if (adapters.length > 0) return false;
  return batteries.some(({ status }) => status !== undefined && status !== 'Unknown') ? true : undefined;
}

/** Of several batteries the mean. */
function percentOf(batteries: readonly Supply[]): number | undefined {
  const known = batteries.map(({ capacity }) => Number(capacity)).filter(Number.isFinite);
  if (known.length === 0) return undefined;
  return Math.round(known.reduce((sum, each) => sum + each, 0) / known.length);
}
