import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FAILURE_CLASSES } from '../../src/lib/failure.ts';
import { BACKUP_EVENTS, eventMark, eventsSince } from '../../src/lib/hub/backup-event.ts';
import type { DiscoveryWishes } from '../../src/lib/hub/discovery.ts';
import { houseDiscovery, planDiscovery } from '../../src/lib/hub/discovery.ts';
import { houseState } from '../../src/lib/hub/house.ts';
import { mqttPlanState } from '../../src/lib/hub/mqtt-state.ts';
import { publicStatus, unusableStatus } from '../../src/lib/hub/plan-status.ts';
import { hubTopics } from '../../src/lib/hub/topics.ts';
import { LANGUAGES } from '../../src/lib/language.ts';
import type { PlanRecord } from '../../src/lib/plan/record.ts';
import { Sentences } from '../../src/lib/plan/sentences.ts';
import type { PlanState, RunPhase, RunState, SuccessRecord } from '../../src/lib/plan/state.ts';
import { newPlanState } from '../../src/lib/plan/state.ts';
import { isPlanStatus, PLAN_WORDS } from '../../src/protocol/protocol.ts';
import { discoveryFaults, keysRead } from '../runtime/discovery-schema.ts';
import { FakeClock } from './fake-clock.ts';
import { planSettings } from './fake-house.ts';

// What Home Assistant is told of plans and of the house.

const NOW = '2026-11-29T12:00:00.000Z';
const clock = new FakeClock(NOW);
const topics = hubTopics('lastgood', 'homeassistant');
const wishes = (more: Partial<DiscoveryWishes> = {}): DiscoveryWishes => ({
  topics,
  language: 'en-US',
  hasAvailability: true,
  hasProgress: true,
  ...more,
});

const PHASES: readonly RunPhase[] = [
  ...(['handed-out', 'checking', 'ready', 'queued', 'backing-up', 'verifying'] as const),
  ...(['retention', 'deciding', 'waiting'] as const),
];

const moment = fc
  .integer({ min: Date.parse('2026-01-01'), max: Date.parse('2027-01-01') })
  .map((ms) => new Date(ms).toISOString());
const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(arbitrary, { nil: null });
const outcome = fc.constantFrom(
  ...([
    'succeeded',
    'partial',
    'blocked',
    'failed',
    'unverified',
    'cancelled',
    'interrupted',
    'lost',
  ] as const),
);
const failureClass = fc.constantFrom(...FAILURE_CLASSES);
const count = fc.nat({ max: 10_000_000 });
const success: fc.Arbitrary<SuccessRecord> = fc.record({
  at: moment,
  snapshotId: fc.stringMatching(/^[0-9a-f]{64}$/),
  repositoryId: fc.string(),
  run: maybe(fc.constantFrom('a', 'b')),
  figures: maybe(
    fc.record({
      filesNew: count,
      filesChanged: count,
      filesUnmodified: count,
      filesTotal: count,
      bytesTotal: count,
      bytesAdded: count,
      durationMs: count,
    }),
  ),
});
const run: fc.Arbitrary<RunState> = fc.record({
  id: fc.constantFrom('a', 'b'),
  trigger: fc.constantFrom('schedule', 'catch-up', 'command', 'device'),
  startedAt: moment,
  attempt: fc.integer({ min: 1, max: 50 }),
  attemptStartedAt: moment,
  phase: fc.constantFrom(...PHASES),
  checked: fc.boolean(),
  outcome: maybe(outcome),
  failureClass: maybe(failureClass),
  blockedBy: maybe(fc.constantFrom('mount', 'marker', 'port')),
  reason: fc.string({ maxLength: 2000 }),
  failures: count,
  waits: count,
  everFailed: fc.boolean(),
  freeRestartUsed: fc.boolean(),
  process: fc.constant(null),
  abandoned: fc.constant(null),
  claim: fc.constant(null),
  nextSlotAt: maybe(moment),
});
const anyState: fc.Arbitrary<PlanState> = fc
  .record({
    dueAt: maybe(moment),
    nextAttemptAt: maybe(moment),
    why: fc.string({ maxLength: 2000 }),
    paused: maybe(fc.record({ since: moment, until: maybe(moment) })),
    run: maybe(run),
    lastSuccess: maybe(success),
    lastPartial: maybe(success),
    lastFailureAt: maybe(moment),
    lastAttemptAt: maybe(moment),
    alarmed: fc.boolean(),
    history: fc.array(
      fc.record({
        at: moment,
        run: fc.constantFrom('a', 'b', 'c'),
        attempt: fc.integer({ min: 1, max: 9 }),
        outcome: fc.oneof(outcome, fc.constantFrom('unmet' as const, 'gave-up' as const)),
        reason: fc.string({ maxLength: 2000 }),
      }),
      { maxLength: 50 },
    ),
  })
  .map((facts) => ({
    ...newPlanState('plan', 'Plan'),
    ...facts,
    lastSuccessAt: facts.lastSuccess?.at ?? null,
  }));

const recordOf = (
  plan: PlanState,
  language: 'en-US' | 'zh-CN' = 'en-US',
): Parameters<typeof publicStatus>[0] => ({
  key: 'plan',
  settings: planSettings({ every: '24h' }),
  state: plan,
  progress: null,
  sentences: new Sentences(language),
  clock,
  alerts: { cadenceMs: () => 86_400_000 } as unknown as PlanRecord['alerts'],
  gateDoor: undefined,
});

describe('discovery', () => {
  test.each(LANGUAGES)('passes Home Assistant’s schema in %s, and every entity has a name', (language) => {
    for (const more of [{}, { hasAvailability: false, hasProgress: false }]) {
      const asked = wishes({ language, ...more });
      const plan = planDiscovery({ key: 'nas-usb', name: 'NAS USB' }, asked);
      const house = houseDiscovery(asked);
      const planTopic = topics.discovery(topics.device('nas-usb'));
      expect(discoveryFaults(planTopic, JSON.stringify(plan))).toEqual([]);
      expect(discoveryFaults(topics.discovery(topics.device()), JSON.stringify(house))).toEqual([]);
      for (const { cmps } of [plan, house]) {
        // A key that has no text comes back as itself.
        expect(Object.values(cmps).filter(({ name }) => String(name).includes(':'))).toEqual([]);
      }
      expect('availability' in plan).toBe(asked.hasAvailability);
      expect('progress' in plan.cmps).toBe(asked.hasProgress);
    }
  });

  test('the schema of the tests rejects what Home Assistant rejects', () => {
    const plan = planDiscovery({ key: 'photos', name: 'Photos' }, wishes());
    const topic = topics.discovery(topics.device('photos'));
    const faults = (payload: object): string[] => discoveryFaults(topic, JSON.stringify(payload));
    expect(faults({ ...plan, expire_after: 5 })).toEqual(['root: unknown key expire_after']);
    expect(faults({ ...plan, o: {} })).toEqual(['origin.name']);
    expect(faults({ ...plan, dev: { name: 'x' } })).toEqual(['device.ids']);
    expect(faults({ ...plan, cmps: { one: { p: 'sensor', name: 'x' } } })).not.toEqual([]);
    expect(faults({ ...plan, cmps: { one: { p: 'sensor' } } })).toEqual([]);
  });

  test('ids stay when a plan is renamed or the language changes, and belong to the key', () => {
    const ids = (name: string, language: 'en-US' | 'zh-CN'): unknown[] => {
      const { dev, cmps } = planDiscovery({ key: 'photos', name }, wishes({ language }));
      return [
        dev['ids'],
        ...Object.values(cmps).flatMap((one) => [one['unique_id'], one['default_entity_id']]),
      ];
    };
    expect(ids('Fotos', 'zh-CN')).toEqual(ids('Photos', 'en-US'));
  });

  test('the event types begin with those of Home Assistant’s own backup', () => {
    expect(BACKUP_EVENTS).toEqual(expect.arrayContaining(['completed', 'failed', 'in_progress']));
    const { cmps } = planDiscovery({ key: 'photos', name: 'Photos' }, wishes());
    expect(cmps['backup']).toMatchObject({ p: 'event', event_types: BACKUP_EVENTS });
    expect(cmps['state']).toMatchObject({ options: PLAN_WORDS });
  });
});

describe('the state of a plan', () => {
  const withoutPlan = mqttPlanState(unusableStatus({ key: 'plan', name: 'Plan' }, 'en-US'), undefined);
  const read = keysRead(JSON.stringify(planDiscovery({ key: 'plan', name: 'Plan' }, wishes())));

  test('has every key that a template reads, in any state, and nothing that Home Assistant refuses', () => {
    const keys = new Set<string>();
    fc.assert(
      fc.property(anyState, fc.constantFrom(...LANGUAGES), (plan, language) => {
        const status = publicStatus(recordOf(plan, language));
        expect(isPlanStatus(status)).toBe(true);
        const told = mqttPlanState(status, plan);
        const all = JSON.parse(JSON.stringify(told)) as Record<string, unknown>;
        expect(Object.keys(all)).toEqual(Object.keys(withoutPlan));
        expect(read.filter((key) => !(key in all))).toEqual([]);
        expect(PLAN_WORDS).toContain(told.state);
        for (const text of [told.reason, told.failed_reason ?? ''])
          expect(text.length).toBeLessThanOrEqual(255);
        for (const time of [told.last_successful, told.last_attempted, told.next_due, told.next_attempt]) {
          if (time !== null) expect(new Date(time).toISOString()).toBe(time);
        }
        expect(told.problem).toBe(status.failed || status.overdue);
        expect(told.retries).toBeGreaterThanOrEqual(0);
        keys.add(told.state);
      }),
      { numRuns: 200, seed: 6 },
    );
    expect([...keys].toSorted()).toEqual([...PLAN_WORDS].toSorted());
  });

  test('of a plan that cannot be run is a problem and no yesterday’s good news', () => {
    expect(withoutPlan).toMatchObject({ problem: true, last_successful: null, size: null });
    expect(withoutPlan.failed_reason).toMatch(/cannot be run/);
  });
});

describe('events', () => {
  test('tell only known types, with every key, whatever follows whatever', () => {
    fc.assert(
      fc.property(anyState, anyState, (before, after) => {
        const events = eventsSince(eventMark(before), after);
        expect(events.length).toBeLessThanOrEqual(2);
        for (const event of events) {
          expect(BACKUP_EVENTS).toContain(event.event_type);
          expect(Object.keys(event)).toEqual(['event_type', 'backup_stage', 'failed_reason']);
        }
        // What was told once is not told again.
        expect(eventsSince(eventMark(after, eventMark(before)), after)).toEqual([]);
      }),
      { numRuns: 150, seed: 6 },
    );
  });
});

describe('the house', () => {
  const sentences = new Sentences('en-US');
  const status = (name: string, more: object = {}): ReturnType<typeof publicStatus> => ({
    ...publicStatus(recordOf(newPlanState('plan', 'Plan'))),
    id: name.toLowerCase(),
    name,
    lastSuccessAt: NOW,
    ...more,
  });
  const house = (plans: readonly ReturnType<typeof status>[]): ReturnType<typeof houseState> =>
    houseState(plans, sentences, clock.now());

  test('is as well as its worst plan, and says which that is', () => {
    const good = status('Photos');
    const old = status('Music', { lastSuccessAt: '2026-11-27T01:00:00.000Z' });
    expect(house([good, old])).toMatchObject({
      all_well: true,
      problems: 0,
      plans: 2,
      oldest_successful: '2026-11-27T01:00:00.000Z',
    });
    expect(house([good, old]).summary).toMatch(/^All is well; the oldest good backup is Music, /);
    const failed = status('Mail', { failed: true, reason: 'The disk is full.' });
    const late = status('Films', { overdue: true, reason: 'Waiting: not mounted.' });
    expect(house([good, failed, late])).toMatchObject({
      all_well: false,
      problems: 2,
      summary: 'Films: Waiting: not mounted. 1 more with a problem.',
    });
  });

  test('is not well while a plan cannot be run, and does not claim to know the oldest backup', () => {
    const state = house([status('Photos'), unusableStatus({ key: 'broken', name: 'Broken' }, 'en-US')]);
    expect(state).toMatchObject({ all_well: false, problems: 1, plans: 2, oldest_successful: null });
    expect(state.summary).toContain('Broken');
  });

  test('without plans, or with one that has no good backup yet, says so', () => {
    expect(house([]).summary).toBe('There is no backup plan.');
    expect(house([status('Photos', { lastSuccessAt: null })])).toMatchObject({
      oldest_successful: null,
      summary: 'All is well; Photos has no good backup yet.',
    });
  });
});
