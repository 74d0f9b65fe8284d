import { hostname } from 'node:os';
import type { PlanCredentials, PlanDefinition } from '../../nodes/backup-plan/definition.ts';
import { parseDuration } from '../duration.ts';
import { parseCron } from '../plan/cron.ts';
import type { Schedule } from '../plan/schedule.ts';
import type { BackupContents, PlanSettings } from '../plan/settings.ts';
import { Problem } from '../problem.ts';
import { invalidRetentionField } from '../restic/retention.ts';
import { SHRINK_LIMIT } from '../restic/shrink.ts';
import { planStream } from './plan-stream.ts';

/** Backups more often than this would never end; guards against a typed `1s`. */
const SHORTEST_INTERVAL_MS = 60_000;

/**
 * A plan as stored by the editor (or by hand, or by an older version) as the domain uses it.
 * @throws Problem that names the field
 */
export function readPlanSettings(
  definition: PlanDefinition,
  credentials: PlanCredentials = {},
): PlanSettings {
  const plan = definition.name || definition.key;
  if (!/^[a-z0-9-]{1,64}$/.test(definition.key ?? '')) throw new Problem('plan-key', { plan });
  const contents = contentsOf(definition, credentials, plan);
  const retention = definition.retention ?? {};
  const badField = invalidRetentionField(retention);
  if (badField !== undefined) throw new Problem('plan-retention', { plan, field: badField });
  return {
    key: definition.key,
    name: plan,
    contents,
    retention,
    unreadableAccepted: definition.unreadableAccepted === true,
    shrinkLimit: Math.min(100, positive(definition.shrinkLimit, SHRINK_LIMIT)),
    ...readTimes(definition, plan),
    situation: definition.situation ?? 'always-there',
    jitterMs: duration(definition.jitter, 0, plan, 'jitter'),
    settleMs: duration(definition.settle, 0, plan, 'settle'),
    catchUp: definition.catchUp !== false,
    startPaused: definition.startPaused === true,
    deviceStarts: ['always', 'nothing'].includes(definition.deviceStarts)
      ? definition.deviceStarts
      : 'when-owed',
    watts: {
      on: positive(definition.wattsOn, 3),
      onForMs: duration(definition.wattsOnFor, 5000, plan, 'wattsOnFor'),
      off: positive(definition.wattsOff, 1),
      offForMs: duration(definition.wattsOffFor, 30_000, plan, 'wattsOffFor'),
    },
    device: deviceName(definition.device),
    powerWords: definition.powerWords ?? 'true-false',
    powerUpWithinMs: duration(definition.powerUpWithin, 180_000, plan, 'powerUpWithin'),
    powerOffAfterMs: duration(definition.powerOffAfter, 10_000, plan, 'powerOffAfter'),
    powerOffMounted: definition.powerOffMounted === true,
    latenessPerDrive: definition.latenessPerDrive === true,
  };
}

function contentsOf(definition: PlanDefinition, credentials: PlanCredentials, plan: string): BackupContents {
  const common = { tags: listOf(definition.tags), host: definition.host || hostname() };
  const stream = planStream(definition, credentials, plan);
  if (stream !== undefined) {
    const none = {
      excludes: [],
      excludeFile: '',
      excludeCaches: false,
      excludeLargerThan: '',
      oneFileSystem: false,
    };
    return { ...common, ...none, paths: [`/${stream.name}`], stream };
  }
  const paths = listOf(definition.paths);
  if (paths.length === 0) throw new Problem('plan-paths', { plan });
  const relative = paths.find((path) => !path.startsWith('/'));
  if (relative !== undefined) throw new Problem('plan-path-relative', { plan, path: relative.slice(0, 100) });
  return {
    ...common,
    paths,
    excludes: listOf(definition.excludes),
    excludeFile: definition.excludeFile ?? '',
    excludeCaches: definition.excludeCaches === true,
    excludeLargerThan: definition.excludeLargerThan ?? '',
    oneFileSystem: definition.oneFileSystem === true,
  };
}

/** What of a plan's definition says how often a good backup is owed. */
export type PlanTimes = Partial<
  Pick<PlanDefinition, 'scheduleKind' | 'cron' | 'timeZone' | 'interval' | 'minimumGap'>
>;

/**
 * How often a good backup is owed. `plan`: as problems name it.
 * @throws Problem that names the field
 */
export function readTimes(
  definition: PlanTimes,
  plan: string,
): Pick<PlanSettings, 'schedule' | 'minimumGapMs'> {
  return {
    schedule: scheduleOf(definition, plan),
    minimumGapMs: duration(definition.minimumGap, 0, plan, 'minimumGap'),
  };
}

function scheduleOf(definition: PlanTimes, plan: string): Schedule {
  switch (definition.scheduleKind) {
    case 'cron':
      return { kind: 'cron', cron: parseCron(definition.cron ?? '', definition.timeZone ?? '') };
    case 'interval': {
      const everyMs = duration(definition.interval, 0, plan, 'interval');
      if (everyMs < SHORTEST_INTERVAL_MS) throw new Problem('plan-interval', { plan });
      return { kind: 'interval', everyMs };
    }
    case 'event':
      return { kind: 'event' };
    default:
      throw new Problem('plan-schedule', { plan });
  }
}

function positive(value: unknown, otherwise: number): number {
  const number = value === '' || value === undefined || value === null ? Number.NaN : Number(value);
  return Number.isFinite(number) && number >= 0 ? number : otherwise;
}

function deviceName(name: string | undefined): string | null {
  return (name ?? '').trim() || null;
}

function listOf(value: unknown): string[] {
  if (!Array.isArray(value)) return [];
  return value.filter((item): item is string => typeof item === 'string' && item.trim() !== '');
}

/** A duration text in ms; empty or missing: `otherwise`. */
export function duration(text: string | undefined, otherwise: number, plan: string, field: string): number {
  if (text === undefined || text.trim() === '') return otherwise;
  const ms = parseDuration(text);
  if (ms === undefined) throw new Problem('plan-duration', { plan, field, value: text.slice(0, 40) });
  return ms;
}
