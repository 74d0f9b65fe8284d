import type { RepositoryPlace } from '../checks/repository.ts';
import type { Clock } from '../clock.ts';
import { pause } from '../clock.ts';
import { flush } from '../drive/flush.ts';
import type { DeviceDoor } from '../plan/doors.ts';
import type { PlanRecord } from '../plan/record.ts';
import type { PlanSettings } from '../plan/settings.ts';
import type { Device } from '../power/device.ts';
import type { DeviceUser, Release } from '../power/device-user.ts';
import type { Devices } from '../power/devices.ts';
import { powerPayload } from '../power/words.ts';
import type { Problem } from '../problem.ts';
import { place } from '../restic/place.ts';
import type { ResticRepository } from '../restic/repository.ts';
import type { RepositoryMemories } from '../restic/repository-memory.ts';

/** A drive that comes is looked for so often. */
const LOOK_EVERY_MS = 2000;
/** Writes of a large backup that a slow drive still has to make. */
const FLUSH_LIMIT_MS = 10 * 60_000;

/** What a plan's device needs from the plan's node. */
export interface PlanDeviceParts {
  readonly devices: Devices;
  readonly clock: Clock;
  readonly settings: PlanSettings;
  readonly repository: ResticRepository;
  readonly memories: RepositoryMemories;
  readonly record: () => PlanRecord | undefined;
  readonly isWired: boolean;
  /** Sends on the power output. */
  readonly send: (on: boolean, payload: unknown) => void;
  readonly warn: (problem: Problem) => void;
}

/** A plan as a user of its device. */
export interface PlanDevice {
  readonly door: DeviceDoor;
  /** The plan's node goes away. */
  leave(): void;
}

/** The device that a plan names, or its repository, or the drive that the repository mounts. Undefined: there is none. */
function deviceOf(
  devices: Devices,
  plan: PlanSettings | undefined,
  { settings }: ResticRepository,
): Device | undefined {
  const named = plan?.device ?? settings.device;
  if (named !== undefined) return devices.at(named, named);
  if (settings.mountCommand === undefined && settings.unmountCommand === undefined) return undefined;
  return devices.at(`repository ${settings.id}`, settings.name);
}

/** Makes a plan a user of the device that it or its repository names; undefined where neither does. */
export function planDevice(parts: PlanDeviceParts): PlanDevice | undefined {
  const { devices, settings, repository, clock } = parts;
  const device = deviceOf(devices, settings, repository);
  if (device === undefined) return undefined;
  const named = settings.device !== null || repository.settings.device !== undefined;
  const user: DeviceUser = {
    key: settings.key,
    name: settings.name,
    get isActive() {
      return parts.record()?.isTrying === true;
    },
    get nextUseAt() {
      const record = parts.record();
      // Its second chance is to be switched off and on again.
      if (record === undefined || record.state.run?.failureClass === 'power-up-failed') return null;
      return record.nextStartAt;
    },
    isWired: named && parts.isWired,
    offAfterMs: settings.powerOffAfterMs,
    offWhenMounted: settings.powerOffMounted,
    switch: (on) => parts.send(on, powerPayload(settings.powerWords, on)),
    release: (signal) => releaseRepository(repository, signal),
    warn: parts.warn,
  };
  device.join(user);
  const door: DeviceDoor = {
    name: device.name,
    get isOurs() {
      return device.isOurs;
    },
    switchOn: () => device.want(settings.key),
    arrive: (patiently, signal) =>
      arrive(repository, parts.memories, clock, patiently ? settings.powerUpWithinMs : 0, signal),
    heard: (power) => device.heard(power),
    learns: (power) => device.learns(power),
    reconsider: () => device.reconsider(),
  };
  return { door, leave: () => device.leave(user) };
}

/** How long a device may take where no plan says it. */
const POWER_UP_MS = 3 * 60_000;

/**
 * Has the device of a repository on and mounted for an operation that belongs to no attempt. Resolves when it is there,
 * or did not come; the returned function ends the use.
 */
export async function useForOperation(
  parts: Pick<PlanDeviceParts, 'devices' | 'clock' | 'repository' | 'memories'>,
  plan: PlanSettings | undefined,
  signal: AbortSignal,
): Promise<() => void> {
  const { devices, clock, repository, memories } = parts;
  const device = deviceOf(devices, plan, repository);
  if (device === undefined) return () => undefined;
  const release = device.hold();
  const isOurs = await device.want(plan?.key ?? '');
  const withinMs = isOurs ? (plan?.powerUpWithinMs ?? POWER_UP_MS) : 0;
  await arrive(repository, memories, clock, withinMs, signal);
  return release;
}

/** Mounts a repository's drive, where that is ours to do, and waits until the repository is there, for `withinMs` at most. */
export async function arrive(
  repository: ResticRepository,
  memories: RepositoryMemories,
  clock: Clock,
  withinMs: number,
  signal: AbortSignal,
): Promise<void> {
  const until = clock.now() + withinMs;
  const { mountCommand } = repository.settings;
  if (mountCommand === undefined && withinMs === 0) return;
  // Loaded with the first drive that is mounted or switched on, not with Node-RED.
  const { mountDrive } = await import('../restic/drive-commands.ts');
  for (;;) {
    const step = mountCommand === undefined ? undefined : await mountDrive(repository, { signal });
    if (withinMs === 0 || (await isThere(repository, await memories.placeOf(repository)))) return;
    const isLast = clock.now() + LOOK_EVERY_MS > until;
    if (isLast && step?.done === false) repository.host.logger.warn(step.reason);
    if (isLast || !(await pause(LOOK_EVERY_MS, clock, signal))) return;
  }
}

async function isThere(repository: ResticRepository, remembered: RepositoryPlace): Promise<boolean> {
  const [{ checkRepository }, { repositoryEndpoint }] = await Promise.all([
    import('../checks/repository.ts'),
    import('../checks/repository-endpoint.ts'),
  ]);
  const look = { language: repository.host.language, timeoutMs: 10_000 };
  const { answer } = await checkRepository(remembered, repositoryEndpoint(remembered.url), look);
  return answer === 'yes';
}

/** Leaves a repository's drive so that it can be switched off: unmounted by its command, or flushed. */
export async function releaseRepository(
  repository: ResticRepository,
  signal: AbortSignal,
): Promise<Release | undefined> {
  const { localPath, settings } = repository;
  if (settings.unmountCommand !== undefined) {
    const { unmountDrive } = await import('../restic/drive-commands.ts');
    const step = await unmountDrive(repository, { signal });
    if (signal.aborted) return undefined;
    return step.done ? { as: 'unmounted' } : { as: 'kept', reason: step.reason };
  }
  if (localPath === undefined) return { as: 'remote' };
  const hold = await repository.enterLane('exclusive', {}, signal);
  if (hold === undefined) return undefined;
  try {
    const found = await place(localPath);
    if (found.found === 'nothing' || found.found === 'no-repository') return { as: 'unmounted' };
    const flushed = await flush(localPath, FLUSH_LIMIT_MS);
    if (flushed.ok) return { as: 'flushed' };
    return { as: 'kept', reason: repository.text('flush.failed', { path: localPath }) };
  } finally {
    hold.release();
  }
}
