import { chmodSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { type FlowNode, inject, node, plan, probe } from '../runtime/flows.ts';
import { backupOf, mainFlow, untilReady } from '../runtime/main-flow.ts';
import { NodeRed } from '../runtime/node-red.ts';
import { Home } from '../runtime/restic.ts';
import type { ResticEnd } from '../unit/fake-house.ts';
import { House } from '../unit/fake-house.ts';
import { count, note } from './counts.ts';

// The same plan over and over: what it costs to keep must not grow. The second half is compared with the first, because
// the first cycles load code and fill caches and rings.

const CYCLES = Number(process.env['CYCLES'] ?? 10_000);
const REAL_CYCLES = Number(process.env['REAL_CYCLES'] ?? 150);

const CYCLES_OF_A_PLAN = 50;

/** Heap may grow by so much in the second half: compiled code, and what a measurement itself leaves. */
const HEAP_TOLERANCE = 1_500_000;

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

/** How a cycle goes; all ends that a plan has, good ones most often. */
const ENDS: readonly ResticEnd[] = [
  'succeeded',
  'network',
  'succeeded',
  'partial',
  'succeeded',
  'unverified',
  'succeeded',
  'auth',
  'succeeded',
  'ghost',
];

test(
  `${CYCLES} cycles of the domain on a fast clock`,
  async () => {
    const house = new House();
    await house.plan({ every: '1h' });
    let violations = 0;
    let successes = 0;
    /** Heap at the end of each tenth, and timers. */
    const seen: { heap: number; timers: number; bytes: number }[] = [];
    for (let cycle = 0; cycle < CYCLES; cycle += 1) {
      house.restic.ends = ENDS[cycle % ENDS.length] ?? 'succeeded';
      house.check.passes = cycle % 7 !== 3;
      if (cycle % 50 === 0) await house.redeploys();
      if (cycle % 500 === 250) {
        house.dies();
        await house.deploys();
      }
      if (cycle % 11 === 0) await house.asks('run');
      if (cycle % 13 === 0) await house.appears();
      await house.passes('1h');
      if (house.mostRunning > 1) violations += 1;
      if ((cycle + 1) % Math.ceil(CYCLES / 10) !== 0) continue;
      successes += house.ends.filter((end) => end === 'succeeded').length;
      // What the house itself writes down for its stories.
      const { sent, written, warnings, alerts, resticStarts, looks, handedOutAt } = house;
      for (const list of [sent, written, warnings, alerts, resticStarts, looks, handedOutAt]) list.length = 0;
      collectGarbage();
      const bytes = JSON.stringify(house.journalled).length;
      seen.push({ heap: process.memoryUsage().heapUsed, timers: house.clock.pendingTimers, bytes });
    }
    const [first, last] = [seen.slice(2, 5), seen.slice(-3)];
    const most = (list: typeof seen, what: keyof (typeof seen)[number]): number =>
      Math.max(...list.map((one) => one[what]));
    const growth = Math.min(...last.map(({ heap }) => heap)) - Math.min(...first.map(({ heap }) => heap));
    const isFlat =
      growth < HEAP_TOLERANCE &&
      most(last, 'timers') <= most(first, 'timers') &&
      most(last, 'bytes') <= most(first, 'bytes') * 1.1;
    if (!isFlat) violations += 1;
    count(3, 'plan cycles on a fast clock', CYCLES, violations);
    note(`soak: heap ${(growth / 1e6).toFixed(2)} MB more in the second half of ${CYCLES} cycles`);
    expect(successes).toBeGreaterThan(CYCLES / 3);
    expect({ violations }, JSON.stringify({ growth, seen })).toEqual({ violations: 0 });
  },
  20 * 60_000,
);

/** What a function node sees of Node-RED from inside. */
interface Inside {
  readonly heap: number;
  readonly listeners: number;
  readonly resources: Readonly<Record<string, number>>;
}

/** Asked with a message, it answers an {@link Inside}. */
function insideView(): FlowNode[] {
  const libs = ['process', 'v8', 'vm'].map((name) => ({ var: name, module: name }));
  const func = `
    v8.setFlagsFromString('--expose-gc');
    vm.runInNewContext('gc')();
    const listeners = [process, process.stdout].reduce((sum, emitter) =>
      sum + emitter.eventNames().reduce((all, name) => all + emitter.listenerCount(name), 0), 0);
    const resources = {};
    for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1;
    return { payload: { heap: process.memoryUsage().heapUsed, listeners, resources } };`;
  return [
    inject('ask-inside', 'inside'),
    node(
      'function',
      { id: 'inside', wires: [['seen-inside']] },
      { func, outputs: 1, timeout: 0, noerr: 0, initialize: '', finalize: '', libs },
    ),
    probe('seen-inside'),
  ];
}

/** A restic that has always just made the snapshot that its own folder remembers. */
function quickRestic(home: Home): string {
  const path = join(home.folder, 'quick-restic');
  const script = `#!/bin/sh
case "$1" in
version) echo 'restic 0.18.0 compiled with go1.24 on linux/amd64';;
backup)
  id=$(printf '%064x' $$)
  echo snapshot > "$RESTIC_REPOSITORY/snapshots/$id"
  now=$(date -u +%Y-%m-%dT%H:%M:%S.%NZ)
  echo '{"message_type":"status","percent_done":0.5,"total_files":3,"files_done":1,"total_bytes":9,"bytes_done":3}'
  echo "{\\"message_type\\":\\"summary\\",\\"snapshot_id\\":\\"$id\\",\\"backup_start\\":\\"$now\\",\\"total_files_processed\\":3,\\"total_bytes_processed\\":9,\\"data_added\\":9}"
  ;;
*) echo '[]';;
esac
`;
  writeFileSync(path, script);
  chmodSync(path, 0o755);
  return path;
}

test(`${REAL_CYCLES} backups in a real Node-RED`, async () => {
  using home = await Home.make();
  await using nodeRed = await NodeRed.start();
  const nodes = mainFlow(home, { repository: { binary: quickRestic(home) } });
  // As many plans as it takes: of one plan so many backups within an hour are refused.
  const plans = Array.from({ length: Math.ceil(REAL_CYCLES / CYCLES_OF_A_PLAN) }, (_, at) => `plan-${at}`);
  const settings = { repository: 'repository', paths: [home.documents], scheduleKind: 'event' as const };
  await nodeRed.deploy([
    ...nodes,
    ...plans.map((id) => plan({ id, wires: [['check'], ['not-now'], []] }, settings)),
    ...plans.map((id) => inject(`ask-${id}`, id)),
    ...insideView(),
  ]);
  await untilReady(nodeRed, ...plans);
  const descriptors = (): number => readdirSync(`/proc/${nodeRed.pid}/fd`).length;
  const look = async (): Promise<Inside & { descriptors: number }> => {
    await nodeRed.inject('ask-inside');
    const { payload } = await nodeRed.next('seen-inside');
    return { ...(payload as Inside), descriptors: descriptors() };
  };
  const seen: Awaited<ReturnType<typeof look>>[] = [];
  let violations = 0;
  for (let cycle = 0; cycle < REAL_CYCLES; cycle += 1) {
    const id = plans[cycle % plans.length] ?? '';
    await nodeRed.inject(`ask-${id}`, { payload: 'run' });
    const good = backupOf(await nodeRed.next('good', (message) => backupOf(message).plan === id));
    if (good.outcome !== 'succeeded') violations += 1;
    // Copies of what was read already are no part of the measurement.
    if (cycle % Math.ceil(REAL_CYCLES / 10) === 0) seen.push(await look());
  }
  const [first, last] = [seen.slice(2, 5), seen.slice(-3)];
  const least = (list: typeof seen, value: (one: (typeof seen)[number]) => number): number =>
    Math.min(...list.map(value));
  const growth = {
    heap: least(last, ({ heap }) => heap) - least(first, ({ heap }) => heap),
    descriptors: least(last, (one) => one.descriptors) - least(first, (one) => one.descriptors),
    listeners: least(last, ({ listeners }) => listeners) - least(first, ({ listeners }) => listeners),
    timers:
      least(last, ({ resources }) => resources['Timeout'] ?? 0) -
      least(first, ({ resources }) => resources['Timeout'] ?? 0),
  };
  const isFlat =
    growth.heap < 2 * HEAP_TOLERANCE &&
    growth.descriptors <= 0 &&
    growth.listeners <= 0 &&
    growth.timers <= 0;
  if (!isFlat) violations += 1;
  count(3, 'backups in one Node-RED', REAL_CYCLES, violations);
  note(`soak: ${JSON.stringify(growth)} more in the second half of ${REAL_CYCLES} backups`);
  expect({ violations }, JSON.stringify({ growth, seen })).toEqual({ violations: 0 });
});
