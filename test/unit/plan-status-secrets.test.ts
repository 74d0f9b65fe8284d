import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SEVERITIES } from '../../src/lib/alerts/alert.ts';
import { FAILURE_CLASSES } from '../../src/lib/failure.ts';
import { obeyFromHub } from '../../src/lib/hub/plan-command.ts';
import { publicStatus, type StatusFacts } from '../../src/lib/hub/plan-status.ts';
import { LANGUAGES, type Language } from '../../src/lib/language.ts';
import { Sentences } from '../../src/lib/plan/sentences.ts';
import type { PlanState } from '../../src/lib/plan/state.ts';
import { HUB_COMMANDS, isPlanStatus, PLAN_WORDS } from '../../src/protocol/protocol.ts';
import { settled } from './fake-clock.ts';
import { House } from './fake-house.ts';

const SECRET = 'hunter2';
const PLACE = '/mnt/usb-drive/photos';
const ADDRESS = 'rest:https://me:pass@nas.local:8000/photos';
const planted = fc
  .tuple(fc.string(), fc.constantFrom(SECRET, PLACE, ADDRESS), fc.string())
  .map((parts) => parts.join(' '));
const moment = fc
  .date({ noInvalidDate: true, min: new Date('2020-01-01'), max: new Date('2035-01-01') })
  .map((date) => date.toISOString());
const orNull = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(arbitrary, { nil: null });
const failure = fc.constantFrom(...FAILURE_CLASSES);
const outcomes = [
  'succeeded',
  'partial',
  'blocked',
  'failed',
  'unverified',
  'cancelled',
  'interrupted',
  'lost',
] as const;
const phases = [
  'handed-out',
  'checking',
  'ready',
  'queued',
  'backing-up',
  'verifying',
  'retention',
  'deciding',
  'waiting',
] as const;
const figures = fc.constant(null);
const success = fc.record({
  at: moment,
  snapshotId: planted,
  repositoryId: planted,
  run: orNull(fc.constantFrom('a', 'b')),
  figures,
});

/** Any state of a plan, with secrets wherever a text comes from outside. */
const anyState: fc.Arbitrary<PlanState> = fc.record({
  schema: fc.constant(1 as const),
  revision: fc.nat(),
  changedAt: orNull(moment),
  plan: fc.constant('photos'),
  name: fc.constant('Photos'),
  schedule: planted,
  dueAt: orNull(moment),
  nextAttemptAt: orNull(moment),
  waitingFor: fc.constant(null),
  why: planted,
  pending: orNull(
    fc.record({
      attempt: fc.integer({ min: 1 }),
      at: moment,
      budget: fc.constant('failure' as const),
      used: fc.nat(),
      allowed: orNull(fc.nat()),
      because: planted,
    }),
  ),
  paused: orNull(fc.record({ since: moment, until: orNull(moment) })),
  run: orNull(
    fc.record({
      id: fc.constantFrom('a', 'b'),
      trigger: fc.constant('schedule' as const),
      startedAt: moment,
      attempt: fc.integer({ min: 1, max: 1000 }),
      attemptStartedAt: moment,
      phase: fc.constantFrom(...phases),
      checked: fc.boolean(),
      outcome: orNull(fc.constantFrom(...outcomes)),
      failureClass: orNull(failure),
      // A kind of check that a newer version had.
      blockedBy: fc.constantFrom('mount' as const, 'moon' as 'mount', null),
      reason: planted,
      failures: fc.nat(),
      waits: fc.nat(),
      everFailed: fc.boolean(),
      freeRestartUsed: fc.boolean(),
      process: fc.constant(null),
      abandoned: fc.constant(null),
      claim: fc.constant(null),
      nextSlotAt: orNull(moment),
    }),
  ),
  lastSuccessAt: orNull(moment),
  lastPartialAt: orNull(moment),
  lastFailureAt: orNull(moment),
  lastBlockedAt: orNull(moment),
  lastCancelledAt: orNull(moment),
  lastInterruptedAt: orNull(moment),
  lastAttemptAt: orNull(moment),
  lastDeviceAt: orNull(moment),
  lastSuccess: orNull(success),
  lastPartial: orNull(success),
  acceptedRepositories: fc.array(planted, { maxLength: 2 }),
  drives: fc.constant([]),
  testimonyOwed: fc.boolean(),
  alerts: fc.record({
    troubles: fc.record(
      {
        backup: fc.record({
          since: moment,
          lastSuccessAt: orNull(moment),
          causes: fc.array(fc.constantFrom('gave-up', 'gave-up:auth', 'power-up-failed', 'held-back')),
          severity: fc.constantFrom(...SEVERITIES),
          isTold: fc.boolean(),
        }),
      },
      { requiredKeys: [] },
    ),
    pending: fc.constant([]),
    pauseToldAt: fc.constant(null),
  }),
  history: fc.array(
    fc.record(
      {
        at: moment,
        run: fc.constantFrom('a', 'b'),
        attempt: fc.nat(),
        outcome: fc.constantFrom(...outcomes, 'unmet' as const, 'gave-up' as const),
        reason: planted,
        failureClass: failure,
        snapshotId: planted,
      },
      { requiredKeys: ['at', 'run', 'attempt', 'outcome', 'reason'] },
    ),
    { maxLength: 5 },
  ),
});

async function factsOf(): Promise<(state: PlanState, language: Language, fraction: number) => StatusFacts> {
  const house = new House();
  await house.plan({ every: '24h' });
  const { record } = house;
  const settings = {
    ...record.settings,
    contents: { ...record.settings.contents, paths: [PLACE], host: SECRET },
  };
  return (state, language, fraction) => ({
    key: 'photos',
    settings,
    state,
    progress: { ...PROGRESS, fraction },
    sentences: new Sentences(language),
    clock: house.clock,
    alerts: record.alerts,
    gateDoor: record.gateDoor,
  });
}
const PROGRESS = {
  filesDone: 0,
  filesTotal: 0,
  bytesDone: 0,
  bytesTotal: 0,
  bytesPerSecond: 0,
  elapsedSeconds: 0,
};

test('nothing of what restic, a check or a setting said is in a status, whatever the state is', async () => {
  const facts = await factsOf();
  fc.assert(
    fc.property(
      anyState,
      fc.constantFrom(...LANGUAGES),
      fc.double({ min: -1, max: 2 }),
      (state, language, fraction) => {
        const text = JSON.stringify(publicStatus(facts(state, language, fraction)));
        for (const word of [SECRET, PLACE, ADDRESS, 'nas.local', '/mnt']) expect(text).not.toContain(word);
        // No text is missing, and nothing in one was left empty.
        expect(text).not.toMatch(/plan-status:|status:|\{\w+\}/);
      },
    ),
    { numRuns: 2000 },
  );
});

test('nothing of it is in an answer to a command either', async () => {
  for (const passes of [true, false]) {
    const house = new House();
    house.check.passes = passes;
    house.check.reason = `${PLACE} ${SECRET} ${ADDRESS}`;
    await house.plan({ every: '24h' });
    const told: unknown[] = [];
    for (const command of [...HUB_COMMANDS, ...HUB_COMMANDS.toReversed()]) {
      told.push(obeyFromHub(house.record, command), publicStatus(house.record));
      await settled();
    }
    for (const word of [SECRET, PLACE, ADDRESS]) expect(JSON.stringify(told)).not.toContain(word);
  }
});

test('every status is one of the protocol, and comes through JSON as it was', async () => {
  const facts = await factsOf();
  const words = new Set<string>();
  fc.assert(
    fc.property(anyState, fc.double(), (state, fraction) => {
      const status = publicStatus(facts(state, 'en-US', fraction));
      const read: unknown = JSON.parse(JSON.stringify(status));
      expect(isPlanStatus(read)).toBe(true);
      expect(read).toEqual(status);
      words.add(status.state);
    }),
    { numRuns: 2000 },
  );
  expect([...words].toSorted()).toEqual([...PLAN_WORDS].toSorted());
});
