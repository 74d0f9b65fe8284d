import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { Home } from '../runtime/restic.ts';
import { Chance, seedOfRun } from './chance.ts';
import { count } from './counts.ts';
import { fuse, TRANSITIONS } from './kill-cases.ts';
import { killFlow } from './kill-flow.ts';
import { KillRig } from './kill-rig.ts';
import type { Broken } from './promises.ts';

// Three things that a person does, at every transition of a run: stop Node-RED, cancel, deploy. Each must leave no restic
// and no lock behind; what was stopped goes on, what was cancelled has ended, and a deploy loses nothing.

const SEED = seedOfRun();
const counts = new Map<string, { cases: number; violations: number }>();

afterAll(() => {
  for (const [what, { cases, violations }] of counts) count(5, what, cases, violations);
});

async function rigOfOne(): Promise<KillRig> {
  const plan = { key: 'plan-1', home: await Home.make(), kept: 3, planted: [] };
  const rig = await KillRig.start([plan], new Chance(SEED));
  await rig.succeeded(new Map());
  return rig;
}

/** Does something at each transition of a run of its own, and sees what came of it. */
async function atEach(
  what: string,
  labels: readonly string[],
  act: (rig: KillRig, label: string) => Promise<Broken[]>,
): Promise<void> {
  await using rig = await rigOfOne();
  const broken: string[] = [];
  for (const label of labels) {
    rig.arm(fuse(label, 'after', 'nobody'));
    await rig.ask();
    await rig.fired();
    const found = await act(rig, label);
    broken.push(...[...found, ...(await rig.inspect())].map((one) => `${label}: ${one.what}`));
  }
  counts.set(what, { cases: labels.length, violations: broken.length });
  expect(broken, `seed ${SEED}`).toEqual([]);
}

const hasLocks = ({ plans }: KillRig): Broken[] =>
  plans.flatMap(({ home }) =>
    readdirSync(join(home.repository, 'locks'))
      .filter((name) => /^[0-9a-f]{64}$/.test(name))
      .map((lock) => ({
        promise: 5 as const,
        what: `lock ${lock}`,
      })),
  );

const hasRestics = (rig: KillRig): Broken[] =>
  rig.restics().map(({ command }) => ({ promise: 5 as const, what: `restic ${command} still runs` }));

test('Node-RED is stopped at every transition: the next start brings a good backup', async () => {
  await atEach('Node-RED stopped at a transition', TRANSITIONS, async (rig) => {
    const since = rig.successes();
    const code = await rig.nodeRed.stop();
    // Stopping is an interruption like a death, and costs at most one attempt more.
    rig.allow({ attempts: 1 });
    await rig.restart();
    await rig.succeedAgain(since);
    return code === 0 ? [] : [{ promise: 5, what: `exit code ${code}` }];
  });
});

test('cancel at every transition: no restic and no lock is left, and the debt stays unless it was paid', async () => {
  // restic forgets its own lock when it is stopped just after making it.
  const labels = [...TRANSITIONS.filter((label) => label !== 'idle'), 'backing-up'];
  const justLocked = labels.length - 1;
  let at = -1;
  await atEach('cancelled at a transition', labels, async (rig) => {
    at += 1;
    const paid = rig.successes().get('plan-1');
    if (at === justLocked)
      await expect.poll(() => hasLocks(rig), { interval: 2, timeout: 60_000 }).toHaveLength(1);
    await rig.command('cancel');
    const { lastSuccess, history } = await rig.until('plan-1', 'to have ended', ({ run }) => run === null);
    const broken = [...hasRestics(rig), ...hasLocks(rig)];
    const end = history.at(-1)?.outcome;
    const isPaid = end === 'succeeded' && (lastSuccess?.snapshotId === paid || lastSuccess !== null);
    if (end !== 'cancelled' && !isPaid) broken.push({ promise: 1, what: `it ended ${end}` });
    return broken;
  });
});

test('a deploy at every transition: the same attempt comes to its good end', async () => {
  let deploys = 0;
  await atEach('deployed at a transition', TRANSITIONS, async (rig) => {
    deploys += 1;
    const { run } = rig.state('plan-1') ?? {};
    const renamed = killFlow(rig.plans).map((node) =>
      node['type'] === 'restic-run' ? { ...node, name: `deploy ${deploys}` } : node,
    );
    await rig.nodeRed.deploy(renamed);
    const { history } = await rig.until('plan-1', 'to have ended', (state) => state.run === null);
    const last = history.at(-1);
    if (run == null) return [];
    const isItsEnd = last?.run === run.id && last.attempt === run.attempt && last.outcome === 'succeeded';
    return isItsEnd ? [] : [{ promise: 5, what: `run ${run.id} ended ${JSON.stringify(last)}` }];
  });
});
