// `npm run bench:homebridge`: how long it takes from a change at the hub to an event in Apple Home, and until the plugin
// is back after a break; with a real Homebridge 2, a hub that is played, and 100 plans.
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { FakeHub, TOKEN } from '../test/fake-hub.ts';
import { packedPlugin } from '../test/packed.ts';
import { plan } from '../test/plan.ts';
import { Home } from '../test/real/home.ts';
import { Homebridge } from '../test/real/homebridge.ts';

const PLANS = 100;
const CHANGES = 300;
const BREAKS = 10;

/** Prints the median and the 99th percentile of times in ms. */
function print(what: string, times: readonly number[]): void {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.ceil(share * sorted.length) - 1] ?? NaN).toFixed(1);
  process.stdout.write(`${what}: median ${at(0.5)} ms, p99 ${at(0.99)} ms (${sorted.length} times)\n`);
}

async function timesOf(count: number, once: (index: number) => Promise<void>): Promise<number[]> {
  const times: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const started = performance.now();
    await once(index);
    times.push(performance.now() - started);
  }
  return times;
}

async function untilConnected(hub: FakeHub): Promise<void> {
  while (hub.streams === 0) await sleep(1);
}

const { plugins, remove } = packedPlugin();
const plans = Array.from({ length: PLANS }, (_, index) =>
  plan({ id: `plan-${index}`, name: `Plan ${index}` }),
);
const hub = new FakeHub(...plans);
const homebridge = new Homebridge('homebridge', 1, plugins);
try {
  await hub.start();
  homebridge.configure({ url: hub.url, token: TOKEN });
  const started = performance.now();
  const port = await homebridge.start();
  await untilConnected(hub);
  process.stdout.write(`start to connection: ${((performance.now() - started) / 1000).toFixed(2)} s\n`);
  const home = await Home.pair(homebridge.username, port);
  while ((await home.plans()).length < PLANS) await sleep(10);
  process.stdout.write(
    `start to ${PLANS} accessories: ${((performance.now() - started) / 1000).toFixed(2)} s\n`,
  );
  await home.listen();
  const changed = (quality: 'failed' | 'running', service: string, type: 'ContactSensorState' | 'On') =>
    timesOf(CHANGES, async (index) => {
      const isSo = index % 2 === 0;
      hub.change('plan-50', { [quality]: isSo });
      await home.hears(service, type, Number(isSo));
    });
  print(
    'state change to event, failed sensor',
    await changed('failed', 'Plan 50 failed', 'ContactSensorState'),
  );
  print(
    'state change to event, switch (HomeKit gathers these for 250 ms)',
    await changed('running', 'Plan 50', 'On'),
  );
  const back: number[] = [];
  for (let index = 0; index < BREAKS; index += 1) {
    // A connection is good after 5 s.
    await sleep(5_500);
    hub.break();
    while (hub.streams > 0) await sleep(1);
    back.push(...(await timesOf(1, () => untilConnected(hub))));
  }
  print('connection broken to connected again', back);
  await home.close();
} finally {
  await homebridge.remove();
  await hub.stop();
  remove();
}
