import { iso } from '../clock.ts';
import type { DeviceReading, PowerReading, Sample } from '../events/reading.ts';
import type { Carried } from '../message.ts';
import type { Answer } from './commands.ts';
import { accepted, notNow, tooOften } from './commands.ts';
import type { News } from './device-sense.ts';
import { owedDrives } from './drives.ts';
import type { PlanRecord } from './record.ts';
import { SHORTEST_DELAY_MS } from './retry-policy.ts';
import type { PlanState } from './state.ts';
import { powerAt } from './watt-hold.ts';

/** Whose input a device's word came to: a gate's wakes runs that wait, and starts none. */
export type HeardBy = 'plan' | 'gate';

/** Why a device is held to be gone: its plug was switched off, it draws no power, or it is not seen any more. */
export type VanishCause = 'switched-off' | 'watts' | 'gone';

/**
 * What a plan makes of a device's word, whichever node heard it: the same word heard twice is one.
 *
 * @returns undefined when there is nothing to answer
 */
export function hear(
  record: PlanRecord,
  reading: DeviceReading,
  carried: Carried,
  by: HeardBy = 'plan',
): Answer | undefined {
  const answers = [reading, ...(reading.also ?? [])].map((one) => hearOne(record, one, carried, by));
  return answers.find((answer) => answer?.accepted) ?? answers.find((answer) => answer !== undefined);
}

function hearOne(
  record: PlanRecord,
  reading: DeviceReading,
  carried: Carried,
  by: HeardBy,
): Answer | undefined {
  switch (reading.kind) {
    case 'edge':
    case 'sync':
      return hearPower(record, reading, carried, by);
    case 'sample':
      weigh(record, reading, carried, by);
      return undefined;
    case 'unavailable':
      record.presence.lost(reading.entity);
      return undefined;
  }
}

function hearPower(
  record: PlanRecord,
  reading: PowerReading,
  carried: Carried,
  by: HeardBy,
): Answer | undefined {
  if (!record.isOpen) return notReady(record);
  // Not taken down: the plan itself is still to hear it, and starts a run.
  if (by === 'gate' && reading.power === 'on' && record.state.run === null) return undefined;
  const news = record.presence.heardPower(reading);
  if (isOurEcho(record, reading, news)) {
    echoed(record, reading);
    return undefined;
  }
  switch (news) {
    case 'appeared':
      return deviceAppeared(record, carried, reading.entity);
    case 'repeated':
      // Devices repeat themselves; a flow that does so asks, and is answered.
      if (reading.power === 'off' || reading.source !== 'plain') return undefined;
      return deviceAppeared(record, carried, reading.entity);
    case 'vanished':
      deviceVanished(record, causeOf(reading));
      return undefined;
    case undefined:
      return undefined;
  }
}

/** Whether the plug only says that it did what we told it; a mere state is taken down. */
function isOurEcho({ device }: PlanRecord, reading: PowerReading, news: News): boolean {
  if (device === undefined || reading.source === 'watch' || reading.source === 'watts') return false;
  if (news !== undefined) return device.heard(reading.power) === 'echo';
  if (reading.kind === 'sync' && reading.initial) device.learns(reading.power);
  return false;
}

/** The plug did what we told it: no appearance, and no loss. */
function echoed({ presence }: PlanRecord, { power, entity }: PowerReading): void {
  if (power === 'on') presence.appears(entity);
  else presence.vanishes();
}

function causeOf({ source }: PowerReading): VanishCause {
  if (source === 'watts') return 'watts';
  return source === 'watch' ? 'gone' : 'switched-off';
}

/** Watts of a plug that only measures; where a plug says in words whether it is on, they say nothing. */
function weigh(record: PlanRecord, sample: Sample, carried: Carried, by: HeardBy): void {
  const { presence, settings, clock } = record;
  const { entity, watts, initial } = sample;
  const held = presence.watts[by];
  if (presence.sense.isSwitched(entity)) return;
  const power = powerAt(watts, settings.watts);
  const isNews = power !== undefined && power !== presence.sense.known(entity);
  if (!isNews || initial) held.end(entity);
  if (power === undefined) return;
  const word = { kind: 'sync', power, entity, source: 'watts' } as const;
  if (!isNews || initial) {
    presence.heardPower({ ...word, initial: true });
    return;
  }
  const { onForMs, offForMs } = settings.watts;
  held.begin(entity, power, power === 'on' ? onForMs : offForMs, clock, () => {
    hearPower(record, { ...word, initial: false }, carried, by);
  });
}

/** A drive was mounted, a plug was switched on: once per appearance. */
export function deviceAppeared(record: PlanRecord, carried: Carried, entity = ''): Answer {
  if (!record.isOpen) return notReady(record);
  if (!record.presence.appears(entity)) return notNow(record, 'answer.sameAppearance');
  record.learning.saw(true);
  const { state, clock } = record;
  const now = clock.now();
  const noted = { ...state, lastDeviceAt: iso(now) };
  const present = state.run;
  if (state.paused !== null || (present !== null && present.phase !== 'waiting')) {
    if (present !== null && present.phase !== 'waiting') record.presence.note();
    void record.put(noted);
    return accepted(record, state.paused === null ? 'answer.noted' : 'answer.paused');
  }
  if (present === null && !owedOnAppearance(record, now)) {
    void record.put(noted);
    if (record.settings.deviceStarts === 'nothing') return notNow(record, 'answer.onlyWakes');
    if (state.nextAttemptAt === null) return notNow(record, 'answer.notOwedEvent');
    const time = record.sentences.when(Date.parse(state.nextAttemptAt), now);
    return notNow(record, 'answer.notOwed', { time });
  }
  if (!record.pace.allows(now)) {
    void record.put(noted);
    return tooOften(record);
  }
  return startWhenSettled(record, noted, carried, now);
}

/** The next attempt, or a new run, as soon as the device has settled. */
function startWhenSettled(record: PlanRecord, noted: PlanState, carried: Carried, now: number): Answer {
  const { settings, sentences, presence } = record;
  const startAt = now + Math.max(settings.settleMs, untilFloor(noted, now));
  const at = iso(startAt);
  const time = sentences.when(startAt, now);
  const attempt = (noted.run?.attempt ?? 0) + 1;
  presence.settles(at);
  if (noted.run !== null) record.carried = { ...record.carried, ...carried };
  else record.carried = carried;
  void record.put({
    ...noted,
    dueAt: noted.dueAt ?? iso(now),
    pending: noted.pending === null ? null : { ...noted.pending, at },
    nextAttemptAt: at,
    why: sentences.say('device.settling', { attempt, time }),
  });
  record.tick();
  if (startAt > now) return accepted(record, 'answer.settling', { time });
  return accepted(record, noted.run === null ? 'answer.started' : 'answer.now');
}

/** How long the floor of all delays still lasts, ms: a plug that flickers must not start attempt after attempt. */
function untilFloor(state: PlanState, now: number): number {
  if (state.lastAttemptAt === null) return 0;
  const since = now - Date.parse(state.lastAttemptAt);
  return since >= 0 && since < SHORTEST_DELAY_MS ? SHORTEST_DELAY_MS - since : 0;
}

/**
 * The device is gone: its next appearance counts again. restic is stopped, and the run waits for the device; not on the
 * word of watts alone, which a disk that rests does not draw either.
 */
export function deviceVanished(record: PlanRecord, cause: VanishCause): void {
  record.presence.vanishes();
  if (cause === 'watts') return;
  record.learning.saw(false);
  record.attempts.powerWasCut();
  record.stopAttempt('device');
}

/** Whether a device that appears starts a run of an idle plan. */
function owedOnAppearance(record: PlanRecord, now: number): boolean {
  const { state, settings } = record;
  if (settings.deviceStarts === 'nothing') return false;
  const sinceSuccess = state.lastSuccessAt === null ? Infinity : now - Date.parse(state.lastSuccessAt);
  // A success in the future was stamped by a clock that was put back since; it holds nothing up.
  const gapOver = sinceSuccess < 0 || sinceSuccess >= settings.minimumGapMs;
  // Without a schedule every appearance is a slot.
  if (settings.deviceStarts === 'always' || settings.schedule.kind === 'event') return gapOver;
  if (settings.latenessPerDrive && owedDrives(state, now).length > 0) return gapOver;
  return state.dueAt !== null && Date.parse(state.dueAt) <= now;
}

function notReady(record: PlanRecord): Answer {
  return notNow(record, 'answer.notReady', { reason: record.sentences.say('notReady.starting') });
}
