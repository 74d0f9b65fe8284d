import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { runBackup } from '../../src/lib/restic/backup.ts';
import type { BackupOutcome } from '../../src/lib/restic/outcome.ts';
import { ResticRepository } from '../../src/lib/restic/repository.ts';
import type { RecordedProcess } from '../../src/lib/system-process.ts';
import { isAlive } from '../../src/lib/system-process.ts';
import { FakeClock } from '../unit/fake-clock.ts';
import { backupOf, Home, RESTICS } from '../unit/restic-fixtures.ts';
import { count } from './counts.ts';
import type { FaultyRestic } from './scripted-faults.ts';
import { FAULTS_WITHOUT_END, faultyRestic } from './scripted-faults.ts';

// Restics that never end by themselves: real processes, under a clock that the test moves.

const MINUTE_MS = 60_000;
/** Long enough for a busy machine. */
const PATIENCE = { timeout: 60_000, interval: 20 };

describe.each(RESTICS.slice(0, 1))('a restic that does not end', (restic) => {
  const home = new Home(restic);
  const url = home.path('repository');
  const documents = home.files('documents/a.txt', 'documents/b.txt');
  const hits = new Set<string>();
  let violations = 0;
  let cases = 0;

  beforeAll(async () => {
    await home.created(url);
  });
  afterAll(() => {
    home.remove();
    count(7, 'restics that never end', cases, violations);
  });

  interface Standing {
    readonly clock: FakeClock;
    readonly faulty: FaultyRestic;
    readonly process: RecordedProcess;
    readonly stop: AbortController;
    readonly outcome: Promise<BackupOutcome>;
    /** Set when it is known. */
    readonly ended: () => BackupOutcome | undefined;
  }

  /** A backup whose restic stands in its fault. */
  async function standing(fault: string): Promise<Standing> {
    const faulty = faultyRestic(home.path(`faulty-${cases}`), fault, { restic: restic.path });
    const clock = new FakeClock('2026-03-01T12:00:00Z');
    const plain = home.repository(url, { binary: faulty.binary });
    const repository = new ResticRepository(plain.settings, { ...plain.host, clock });
    const stop = new AbortController();
    let process: RecordedProcess | undefined;
    let known: BackupOutcome | undefined;
    const hooks = { onStarted: (started: RecordedProcess) => void (process = started) };
    const outcome = runBackup(repository, backupOf([documents]), hooks, stop.signal).then((result) => {
      known = result.outcome;
      return result.outcome;
    });
    await vi.waitUntil(() => faulty.hits().includes(fault) && process !== undefined, PATIENCE);
    if (process === undefined) throw new Error('restic was not started');
    for (const hit of faulty.hits()) hits.add(hit);
    return { clock, faulty, process, stop, outcome, ended: () => known };
  }

  async function judged(work: () => Promise<void>): Promise<void> {
    cases += 1;
    violations += 1;
    await work();
    violations -= 1;
  }

  const stalls = FAULTS_WITHOUT_END.filter((fault) => fault !== 'ignores SIGINT');
  test.each(stalls)('%s: stopped after half an hour without progress, and not before', (fault) =>
    judged(async () => {
      const { clock, process, outcome, ended } = await standing(fault);
      await clock.pass(29 * MINUTE_MS);
      expect(isAlive(process)).toBe(true);
      expect(ended()).toBeUndefined();
      // What it said until now was progress of a kind; from now on it is silent.
      await clock.pass(31 * MINUTE_MS);
      await vi.waitUntil(() => !isAlive(process), PATIENCE);
      await clock.pass(MINUTE_MS);
      expect(await outcome).toMatchObject({
        kind: 'failed',
        failure: { class: 'stalled', reason: expect.stringMatching(/\w/) },
      });
    }),
  );

  test('ignores SIGINT: a cancel shoots it after the grace of 80 s, and is a cancel', () =>
    judged(async () => {
      const { clock, faulty, process, stop, outcome } = await standing('ignores SIGINT');
      stop.abort('cancel');
      await vi.waitUntil(() => faulty.hits().includes('got SIGINT'), PATIENCE);
      await clock.pass(79_000);
      expect(isAlive(process)).toBe(true);
      await clock.pass(1000);
      await vi.waitUntil(() => !isAlive(process), PATIENCE);
      await clock.pass(MINUTE_MS);
      expect((await outcome).kind).toBe('cancelled');
    }));

  test('every fault without an end was really hit, and no success was made of one', () =>
    judged(async () => {
      expect([...hits].filter((hit) => hit !== 'got SIGINT').toSorted()).toEqual(
        [...FAULTS_WITHOUT_END].toSorted(),
      );
      expect(home.run(url, 'list', 'locks', '--no-lock').trim()).toBe('');
    }));
});
