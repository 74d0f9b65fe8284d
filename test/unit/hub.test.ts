import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { HubPlan, HubSurroundings } from '../../src/lib/hub/hub.ts';
import { Hub } from '../../src/lib/hub/hub.ts';
import type { MqttMessage, RetainedMemory } from '../../src/lib/hub/retained.ts';
import { isRetainedMemory, RETAINED_SCHEMA } from '../../src/lib/hub/retained.ts';
import { hubTopics } from '../../src/lib/hub/topics.ts';
import { Journal } from '../../src/lib/journal/journal.ts';
import type { BackupMessage, Carried } from '../../src/lib/message.ts';
import { settled } from './fake-clock.ts';
import { House } from './fake-house.ts';

// A hub in a house whose clock is moved by hand: what is told, when, and that nothing is told twice.

const STATE = 'lastgood/plan/photos/state';
const CONFIG = 'homeassistant/device/lastgood_photos/config';
const PHOTOS: HubPlan = { key: 'photos', name: 'Photos', isUsable: true };

let folder: string;
let house: House;
/** Every MQTT message, in its order. */
let sent: MqttMessage[];
let told: { topic: unknown; payload: Record<string, unknown>; backup: BackupMessage }[];
let gone: string[];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lastgood-hub-'));
  house = new House();
  sent = [];
  told = [];
  gone = [];
  await house.plan({ every: '24h' });
  await house.passes('2m');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const journal = (): Journal<RetainedMemory> => new Journal(folder, RETAINED_SCHEMA, isRetainedMemory);

function hub(settings: { hasProgress?: boolean; random?: number; base?: string } = {}): Hub {
  const { hasProgress = false, random = 0, base = 'lastgood' } = settings;
  return new Hub(
    { id: 'hub', topics: hubTopics(base, 'homeassistant'), hasProgress },
    {
      event: (message: Carried) => told.push(message as (typeof told)[number]),
      mqtt: (message) => sent.push(message),
      status: () => undefined,
      gone: (key) => gone.push(key),
      refresh: () => undefined,
      warn: (problem) => {
        throw problem;
      },
    },
    {
      registry: house.registry,
      clock: house.clock,
      language: 'en-US',
      journal: journal(),
      random: () => random,
    },
  );
}

/** The flows are started, and so much time passes; the hub's file is written meanwhile. */
async function started(
  one: Hub,
  surroundings: Partial<HubSurroundings> = {},
  duration = '10s',
): Promise<void> {
  one.flowsStarted({ plans: [PHOTOS], hasMqtt: true, hasAvailability: true, ...surroundings });
  await settled();
  await passes(one, duration);
}

async function passes(one: Hub, duration: string): Promise<void> {
  await house.passes(duration);
  await one.settled();
}

const topics = (): string[] => sent.map(({ topic }) => topic);
const statesSent = (): unknown[] =>
  sent.filter(({ topic }) => topic === STATE).map(({ payload }) => JSON.parse(payload) as unknown);

describe('what is told', () => {
  test('once at a deploy, then with every change, and nothing while nothing changes', async () => {
    const one = hub();
    await started(one);
    expect(told).toHaveLength(1);
    expect(told[0]).toMatchObject({
      topic: 'photos',
      payload: { id: 'photos', state: 'idle' },
      backup: { event: 'status', plan: 'photos' },
    });
    expect(topics()).toEqual(['homeassistant/device/lastgood/config', CONFIG, 'lastgood/house/state', STATE]);
    expect(sent.every(({ qos, retain }) => qos === 1 && retain)).toBe(true);
    await passes(one, '3h');
    expect(told).toHaveLength(1);
    expect(sent).toHaveLength(4);
    await house.asks('pause');
    expect(told).toHaveLength(2);
    expect(statesSent().at(-1)).toMatchObject({ paused: true, state: 'paused' });
    await one.close(false);
  });

  test('every step of a run as an event that the broker does not keep', async () => {
    const one = hub();
    await started(one);
    house.restic.takes = 60_000;
    await house.asks('run');
    await passes(one, '5m');
    const events = sent.filter(({ topic }) => topic.endsWith('/event'));
    expect(events.every(({ retain }) => !retain)).toBe(true);
    const steps = events.map(({ payload }) => JSON.parse(payload) as Record<string, unknown>);
    expect(steps[0]).toEqual({ event_type: 'in_progress', backup_stage: 'checking', failed_reason: null });
    expect(steps.at(-1)).toEqual({ event_type: 'completed', backup_stage: null, failed_reason: null });
    expect(statesSent().at(-1)).toMatchObject({ state: 'idle', duration: 1, data_added: 100, size: 1000 });
    await one.close(false);
  });

  test('that a plan becomes late, by the passage of time alone, and that the house is not well then', async () => {
    const one = hub();
    await started(one);
    await house.asks('pause', { pauseMs: 10 * 86_400_000 });
    // Asleep, and a minute awake: nothing else happens in between.
    await house.sleeps('6d');
    await one.settled();
    expect(told.at(-1)?.payload).toMatchObject({ overdue: true });
    expect(statesSent().at(-1)).toMatchObject({ overdue: true, problem: true });
    const state = sent.findLast(({ topic }) => topic === 'lastgood/house/state')?.payload ?? '';
    expect(JSON.parse(state)).toMatchObject({ all_well: false, problems: 1 });
    await one.close(false);
  });

  test('progress only where it is wanted, at most every 5 seconds', async () => {
    const one = hub({ hasProgress: true });
    const silent = hub();
    await started(one);
    house.restic.ends = 'hangs';
    await house.asks('run');
    for (let second = 1; second <= 21; second += 1) {
      house.record.progress = {
        fraction: second / 100,
        filesDone: 1,
        filesTotal: 2,
        bytesDone: 1,
        bytesTotal: 2,
        bytesPerSecond: 1,
        elapsedSeconds: second,
      };
      house.record.refresh();
      await house.passes('1s');
    }
    const progress = sent.filter(({ topic }) => topic.endsWith('/progress'));
    expect(progress.map(({ payload }) => payload)).toEqual(
      [1, 6, 11, 16, 21].map((percent) => JSON.stringify({ percent })),
    );
    expect(progress.every(({ retain, qos }) => !retain && qos === 0)).toBe(true);
    // Output 1 tells what happens, not how far it is.
    expect(told.filter(({ payload }) => payload['state'] === 'running').length).toBeLessThanOrEqual(2);
    await one.close(false);
    await silent.close(false);
  });

  test('nothing by MQTT while output 2 leads nowhere', async () => {
    const one = hub();
    await started(one, { hasMqtt: false });
    await house.asks('run');
    await one.hear({ topic: 'homeassistant/status', payload: 'online' });
    await passes(one, '5m');
    expect(sent).toEqual([]);
    expect(told.length).toBeGreaterThan(2);
    await one.close(true);
    expect(sent).toEqual([]);
  });
});

describe('everything is sent again', () => {
  test.each([
    ['at once after a second', 0, '0.9s', '0.2s'],
    ['within five seconds', 1, '4s', '1.5s'],
  ])('after a start of Home Assistant, %s', async (_name, random, quiet, then) => {
    const one = hub({ random });
    await started(one);
    sent = [];
    await one.hear({ topic: 'homeassistant/status', payload: 'online' });
    await one.hear({ topic: 'homeassistant/status', payload: 'online' });
    await passes(one, quiet);
    expect(sent).toEqual([]);
    await passes(one, then);
    expect(topics()).toEqual(['homeassistant/device/lastgood/config', CONFIG, 'lastgood/house/state', STATE]);
    await passes(one, '1h');
    expect(sent).toHaveLength(4);
    await one.close(false);
  });

  test('after the broker node has connected, once, though that is heard twice', async () => {
    const one = hub({ random: 1 });
    one.flowsStarted({ plans: [PHOTOS], hasMqtt: true, hasAvailability: true });
    await one.hear({ topic: 'lastgood/availability', payload: 'online', retain: true });
    await one.hear({ topic: 'lastgood/availability', payload: 'online' });
    await passes(one, '1s');
    expect(sent).toHaveLength(4);
    await passes(one, '1m');
    expect(sent).toHaveLength(4);
    await one.close(false);
  });
});

test('a state that changes while the hub’s file is written is not sent as it was before', async () => {
  const one = hub();
  one.flowsStarted({ plans: [PHOTOS], hasMqtt: true, hasAvailability: true });
  await settled();
  await house.passes('1s');
  await house.asks('pause');
  await one.settled();
  expect(statesSent().at(-1)).toMatchObject({ paused: true });
  await one.close(false);
});

test('a plan that waits for an old restic to end is shown as what is known of it, and the others too', async () => {
  await house.asks('pause');
  const one = hub();
  // As after a start: its record is read, and it has not opened yet.
  house.record.detachPlan();
  await started(one);
  expect(one.isComplete).toBe(true);
  expect(statesSent().at(-1)).toMatchObject({ paused: true, problem: false });
  await one.close(false);
});

describe('a plan that is no longer there', () => {
  const forgotten = (): string[] =>
    sent.filter(({ payload, retain }) => payload === '' && retain).map(({ topic }) => topic);

  test('is taken away, its device first, and again until the broker was surely there', async () => {
    const one = hub();
    await started(one);
    sent = [];
    house.removed();
    await started(one, { plans: [] }, '1s');
    expect(forgotten()).toEqual([CONFIG, STATE]);
    expect(gone).toEqual(['photos']);
    await started(one, { plans: [] }, '1m');
    expect(forgotten()).toHaveLength(2);
    // The broker may have been away.
    await one.hear({ topic: 'lastgood/availability', payload: 'online' });
    await passes(one, '1m');
    expect(forgotten()).toHaveLength(4);
    await one.hear({ topic: 'lastgood/availability', payload: 'online' });
    await passes(one, '1m');
    expect(forgotten()).toHaveLength(4);
    await one.close(false);
  });

  test('is taken away by the next process when it was deleted while Node-RED was off', async () => {
    const one = hub();
    await started(one);
    await one.close(false);
    sent = [];
    const next = hub();
    await started(next, { plans: [] });
    expect(forgotten()).toEqual([CONFIG, STATE]);
    await next.close(false);
  });

  test('and what stood under another base topic, are taken away', async () => {
    const one = hub();
    await started(one);
    await one.close(false);
    sent = [];
    const moved = hub({ base: 'home/backups' });
    await started(moved);
    expect(forgotten().toSorted()).toEqual(
      ['homeassistant/device/lastgood/config', CONFIG, 'lastgood/house/state', STATE].toSorted(),
    );
    await moved.close(false);
  });

  test('a plan that is being redeployed is not', async () => {
    const one = hub();
    await started(one);
    sent = [];
    await house.redeploys();
    await started(one);
    expect(sent).toEqual([]);
    expect(gone).toEqual([]);
    await one.close(false);
  });

  test('a hub that is deleted takes all away, one that is redeployed nothing', async () => {
    const one = hub();
    await started(one);
    sent = [];
    await one.close(false);
    expect(sent).toEqual([]);
    const again = hub();
    await started(again);
    sent = [];
    await again.close(true);
    expect(forgotten()).toHaveLength(4);
  });
});

test('an entity that a device no longer has is removed by its platform, once', async () => {
  const one = hub({ hasProgress: true });
  await started(one);
  await one.close(false);
  sent = [];
  const next = hub();
  await started(next);
  const configs = sent
    .filter(({ topic }) => topic === CONFIG)
    .map(({ payload }) => (JSON.parse(payload) as { cmps: Record<string, unknown> }).cmps['progress']);
  expect(configs).toEqual([{ p: 'sensor' }, undefined]);
  await next.close(false);
});

test('a plan that cannot be run is a problem in the house, and its device shows no old good news', async () => {
  const one = hub();
  await started(one, { plans: [PHOTOS, { key: 'broken', name: 'Broken', isUsable: false }] });
  const payload = (topic: string): unknown =>
    JSON.parse(sent.findLast((message) => message.topic === topic)?.payload ?? 'null');
  expect(payload('lastgood/plan/broken/state')).toMatchObject({ problem: true, last_successful: null });
  expect(payload('lastgood/house/state')).toMatchObject({ all_well: false, plans: 2, problems: 1 });
  expect(one.house().summary).toContain('Broken');
  await one.close(false);
});

describe('commands', () => {
  test('reach the plan; what is refused is answered "not now" with the reason', async () => {
    const one = hub();
    await started(one);
    await one.hear({ topic: 'lastgood/plan/photos/cmd', payload: 'pause' });
    expect(house.state.paused).not.toBeNull();
    await one.hear({ payload: { command: 'resume', plan: 'photos' } });
    expect(house.state.paused).toBeNull();
    await settled();
    const before = told.length;
    await one.hear({ payload: 'cancel' });
    expect(told).toHaveLength(before + 1);
    expect(told.at(-1)).toMatchObject({ topic: 'photos', backup: { event: 'not-now' } });
    expect(told.at(-1)?.backup.reason).toMatch(/nothing/i);
    await one.close(false);
  });

  test('for a plan that the hub does not have are an error, and no other plan does anything', async () => {
    const one = hub();
    await started(one);
    await expect(
      one.hear({ payload: { command: 'pause', plans: ['photos', 'other'] } }),
    ).rejects.toMatchObject({ code: 'unknown-plan' });
    expect(house.state.paused).toBeNull();
    await one.close(false);
  });

  test('the user’s own properties travel with the run, those of MQTT do not', async () => {
    const one = hub();
    await started(one);
    await one.hear({ topic: 'lastgood/plan/photos/cmd', payload: 'run', qos: 1, retain: false, mine: 7 });
    await passes(one, '1m');
    const { message } = house.sent.findLast(({ port }) => port === 'run') ?? { message: {} };
    expect(message).toMatchObject({ mine: 7, topic: 'Photos' });
    expect(message).not.toHaveProperty('retain');
    await one.close(false);
  });

  test('what is sent comes back without end when somebody wires it so, and nothing follows from it', async () => {
    const one = hub();
    await started(one);
    await house.asks('pause');
    const count = sent.length + told.length;
    for (const message of [...sent, ...told]) {
      const answer = await one.hear({ ...message });
      expect(answer).toBeUndefined();
    }
    await passes(one, '1h');
    expect(sent.length + told.length).toBe(count);
    await one.close(false);
  });
});

test('a hub that was closed has no timer left and tells nothing more', async () => {
  const before = house.clock.pendingTimers;
  const one = hub();
  one.flowsStarted({ plans: [PHOTOS], hasMqtt: true, hasAvailability: true });
  await one.hear({ topic: 'homeassistant/status', payload: 'online' });
  await one.close(false);
  expect(house.clock.pendingTimers).toBe(before);
  const count = told.length;
  await house.asks('pause');
  await house.passes('1h');
  expect(told).toHaveLength(count);
  expect(sent).toEqual([]);
});
