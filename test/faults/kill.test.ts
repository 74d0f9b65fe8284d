import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { Home } from '../runtime/restic.ts';
import { Chance, seedOfRun } from './chance.ts';
import type { PromiseNumber } from './counts.ts';
import { count, note } from './counts.ts';
import { type KillCase, killCases, nameOf } from './kill-cases.ts';
import type { KillPlan } from './kill-flow.ts';
import { KillRig } from './kill-rig.ts';
import type { Broken } from './promises.ts';
import { plantLock } from './strangers.ts';

// Real Node-RED and real restic die by SIGKILL at every recorded transition and at random moments. After each death
// Node-RED starts again, all must come to a good backup, and what is on the disk and in the repositories must agree with
// what is promised. `KILLS=200` kills more; `SEED=…` repeats what chance did.

const KILLS = Number(process.env['KILLS'] ?? '') || 75;
const SEED = seedOfRun();
/** Only the cases whose names match, to look closer at one. */
const ONLY = new RegExp(process.env['ONLY'] ?? '');
/** Two at a time: each is mostly waiting for restic. */
const LANES = 2;
/** After so many cases the flow, the repositories and Node-RED's user directory are new ones. */
const CASES_PER_RIG = 9;

const chance = new Chance(SEED);
const violations: (Broken & { name: string })[] = [];
let kills = 0;

afterAll(() => {
  for (const promise of [1, 2, 3, 4] satisfies PromiseNumber[]) {
    count(promise, 'kills', kills, violations.filter((broken) => broken.promise === promise).length);
  }
  note(`${kills} kills, ${violations.length} violations (SEED=${SEED})`);
});

/** One plan with everything; beside it one that shares its repository, or one whose repository others have locked. */
async function plansFor(isShared: boolean): Promise<KillPlan[]> {
  const plan: KillPlan = { key: 'plan-1', home: await Home.make(), kept: 3, planted: [] };
  if (isShared) return [plan, { ...plan, key: 'plan-2' }];
  const home = await Home.make();
  const planted = [await plantLock(home, 'elsewhere'), await plantLock(home, 'here')];
  return [plan, { key: 'plan-3', home, kept: 0, planted: planted.filter((lock) => lock !== undefined) }];
}

/** The flow of a lane's turn: each is another mixture of plans, context store and a restic that is slow to start. */
async function newRig(number: number, turn: number): Promise<KillRig> {
  const plans = await plansFor((number + turn) % 2 === 0);
  const contextStorage = turn % 3 === 2 ? 'localfilesystem' : 'memory';
  const rig = await KillRig.start(plans, new Chance(SEED + turn * LANES + number), { contextStorage });
  if (turn % 2 === 1) rig.restic.pause(0.3);
  await rig.succeeded(new Map());
  return rig;
}

/** Kills as the case says, brings everything back, and tells what was broken. */
async function play(rig: KillRig, killCase: KillCase): Promise<Broken[]> {
  if (killCase.kind === 'transitions') await atTransitions(rig, killCase);
  else await atMoment(rig, killCase);
  await rig.succeedAgain(rig.successes());
  return await rig.inspect();
}

async function atTransitions(
  rig: KillRig,
  { fuses }: Extract<KillCase, { kind: 'transitions' }>,
): Promise<void> {
  rig.arm(...fuses);
  await rig.ask();
  for (const { victims } of fuses) {
    await rig.fired();
    if (victims !== 'restic') await rig.restart(true);
  }
}

async function atMoment(
  rig: KillRig,
  { victims, after, againAfter }: Extract<KillCase, { kind: 'moment' }>,
): Promise<void> {
  await rig.ask();
  await wait(after);
  await rig.kill(victims);
  if (victims === 'restic') return;
  if (againAfter !== undefined) {
    const starting = rig.restart(true);
    await wait(againAfter);
    await rig.kill(victims);
    await starting;
  }
  await rig.restart();
}

/** Plays cases until none is left. */
async function lane(cases: KillCase[], number: number): Promise<void> {
  for (let turn = 0; cases.length > 0; turn += 1) {
    await using rig = await newRig(number, turn);
    for (let played = 0; played < CASES_PER_RIG; played += 1) {
      const killCase = cases.shift();
      if (killCase === undefined) return;
      const name = nameOf(killCase);
      const before = rig.killed;
      const started = performance.now();
      try {
        const broken = await play(rig, killCase);
        violations.push(...broken.map((one) => ({ ...one, name })));
        const lines = broken.map(({ promise, what }) => `\n  promise ${promise}: ${what}`);
        console.log(`${name}: ${Math.round(performance.now() - started)} ms${lines.join('')}`);
      } catch (error) {
        violations.push({ promise: 2, what: String(error), name });
        console.log(`${name}: ${String(error)}`);
        break;
      } finally {
        kills += rig.killed - before;
      }
      if (rig.isSpent) break;
    }
  }
}

test(
  `${KILLS} kills, seed ${SEED}`,
  async () => {
    const cases = killCases(KILLS, chance).filter((killCase) => ONLY.test(nameOf(killCase)));
    await Promise.all(
      Array.from({ length: LANES }, (_, number) =>
        lane(
          cases.filter((_case, index) => index % LANES === number),
          number,
        ),
      ),
    );
    if (process.env['ONLY'] === undefined) expect(kills).toBeGreaterThanOrEqual(Math.min(KILLS, 60));
    expect(violations.map(({ name, promise, what }) => `${name}\n  promise ${promise}: ${what}`)).toEqual([]);
  },
  Math.max(KILLS, 75) * 60_000,
);
