import { realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import { deviceNumber, diskOf, mountedDevice } from '../drive/block-device.ts';
import type { DriveCommandEnd } from '../drive/drive-command.ts';
import { driveCommand } from '../drive/drive-command.ts';
import { mountPointOf } from '../drive/mount-point.ts';
import { mountOf, readMounts } from '../drive/mountinfo.ts';
import type { ProbeFailure } from '../drive/probe.ts';
import type { SystemFolders } from '../drive/system-folders.ts';
import { SYSTEM_FOLDERS } from '../drive/system-folders.ts';
import { translate } from '../language.ts';
import type { CheckLeaf } from './check.ts';
import { notKnown } from './not-known.ts';
import type { Look, Verdict } from './verdict.ts';
import { seconds, verdict } from './verdict.ts';

type SmartSpec = Pick<Extract<CheckLeaf, { kind: 'smart' }>, 'path' | 'unknownIs'>;

/** Bits of smartctl's exit code (smartctl(8), "EXIT STATUS"). */
const USAGE_OPEN_OR_COMMAND_FAILED = 0b0000_0111;
const FAILS: readonly (readonly [bit: number, text: string])[] = [
  [0b0000_1000, 'failing'],
  [0b0001_0000, 'below-threshold'],
];
const WARNS: readonly (readonly [bit: number, text: string])[] = [
  [0b0010_0000, 'was-below-threshold'],
  [0b0100_0000, 'error-log'],
  [0b1000_0000, 'self-test'],
];

/** What SMART says of a drive. A drive that sleeps is not woken. */
export async function checkSmart(
  spec: SmartSpec,
  look: Look,
  folders: SystemFolders = SYSTEM_FOLDERS,
): Promise<Verdict> {
  const { path, unknownIs } = spec;
  const device = await deviceOf(path, look.timeoutMs);
  if (device === 'absent') return verdict('no', look, 'failure.absent', { path });
  const disk = device === undefined ? undefined : await diskOf(device, folders);
  if (disk === undefined) return notKnown(unknownIs, look, 'smart.no-drive', { path });
  const drive = `/dev/${disk}`;
  let ended = await smartctl(drive, [], look);
  // What smartctl itself proposes; nearly every bridge understands it.
  if (ended.ok && /unknown usb bridge/i.test(messagesOf(ended).join())) {
    ended = await smartctl(drive, ['-d', 'sat'], look);
  }
  return ended.ok ? judgeSmart(drive, ended, unknownIs, look) : notAsked(ended, drive, unknownIs, look);
}

/** `major:minor` of a `/dev/…`, or of what is mounted where a folder lies. */
async function deviceOf(path: string, timeoutMs: number): Promise<string | undefined> {
  if (resolve(path).startsWith('/dev/')) {
    const real = await realpath(path).catch(() => undefined);
    return real === undefined ? 'absent' : deviceNumber(real);
  }
  const mountPoint = await mountPointOf(path, timeoutMs);
  const mount = mountPoint === undefined ? undefined : mountOf(mountPoint, await readMounts());
  return mount === undefined ? undefined : mountedDevice(mount);
}

function smartctl(
  drive: string,
  type: readonly string[],
  look: Look,
): Promise<DriveCommandEnd | ProbeFailure> {
  const { timeoutMs, signal } = look;
  const options = { timeoutMs, ...(signal === undefined ? {} : { signal }) };
  return driveCommand('smartctl', ['-j', '-a', '-n', 'standby', ...type, drive], options);
}

function notAsked(
  { code, message }: ProbeFailure,
  drive: string,
  unknownIs: SmartSpec['unknownIs'],
  look: Look,
): Verdict {
  if (code === 'ENOENT') return notKnown(unknownIs, look, 'smart.not-installed');
  if (code === 'TIMEOUT') return verdict('unknown', look, 'smart.timeout', { drive, seconds: seconds(look) });
  if (code === 'TOO_MANY_ABANDONED') return verdict('unknown', look, 'failure.crowded', { path: drive });
  return verdict('unknown', look, 'smart.broken', { drive, message });
}

function judgeSmart(
  drive: string,
  ended: DriveCommandEnd,
  unknownIs: SmartSpec['unknownIs'],
  look: Look,
): Verdict {
  const { exitCode } = ended;
  const messages = messagesOf(ended);
  const said = messages.join(' ');
  const fails = FAILS.filter(([bit]) => (exitCode & bit) !== 0);
  if (fails.length > 0) return verdict('no', look, 'smart.no', { drive, what: words(fails, look) });
  if ((exitCode & USAGE_OPEN_OR_COMMAND_FAILED) !== 0) {
    if (/\bdevice is in .+ mode\b/i.test(said)) return notKnown(unknownIs, look, 'smart.asleep', { drive });
    const denied = /permission denied|not permitted/i.test(said);
    const detail = messages.at(-1) ?? String(exitCode);
    return notKnown(unknownIs, look, denied ? 'smart.denied' : 'smart.no-answer', { drive, detail });
  }
  const warns = WARNS.filter(([bit]) => (exitCode & bit) !== 0);
  if (warns.length === 0) return verdict('yes', look, 'smart.yes', { drive });
  return verdict('yes', look, 'smart.warning', { drive, what: words(warns, look) });
}

function words(bits: readonly (readonly [number, string])[], { language }: Look): string {
  return bits
    .map(([, text]) => translate(language, `checks:smart.bits.${text}`))
    .join(language === 'zh-CN' ? '' : ' ');
}

interface SmartctlJson {
  readonly smartctl?: { readonly messages?: readonly { readonly string: string }[] };
}

/** What smartctl says besides its figures. */
function messagesOf({ stdout }: DriveCommandEnd): string[] {
  try {
    const json: SmartctlJson = JSON.parse(stdout);
    return (json.smartctl?.messages ?? []).map(({ string }) => string.trim());
  } catch {
    return [];
  }
}
