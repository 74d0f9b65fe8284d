// How long after the drive's arrival restic is started: by the plug's own message, and by looking every so often.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PlanState } from '../src/lib/plan/state.ts';
import { Broker } from '../test/runtime/broker.ts';
import {
  check,
  type FlowNode,
  gate,
  node,
  plan,
  probe,
  repository,
  run,
  TAB,
  tab,
} from '../test/runtime/flows.ts';
import { NodeRed } from '../test/runtime/node-red.ts';
import { type Figure, figure, median, milliseconds, scaled, seconds } from './figures.ts';
import { Material, PASSWORD } from './material.ts';
import { untilAlone } from './process-cost.ts';
import { TimedRestic } from './timed-restic.ts';

export const title =
  'From the arrival of the drive to the start of restic: message of the plug against looking every so often';

const EVENTS = scaled(60);
/** As they come in a home: our processes that look at drives have gone to rest, which takes them half a minute. */
const RARE_EVENTS = scaled(5);
/** What people do today is once a minute; here sixty times as often, or this bench would take an hour. */
const LOOK_EVERY_SECONDS = 1;
const USUALLY_EVERY_SECONDS = 60;
const LONGEST_MS = 60_000;
const PLUG = 'stat/backup-drive/POWER';

export async function measure(): Promise<Figure[]> {
  await using told = await Told.start();
  await using looking = await Looking.start();
  // What is loaded once is not the price of an event.
  await told.arrival();
  await looking.arrival();
  const byMessage: number[] = [];
  const byLooking: Arrival[] = [];
  for (let at = 0; at < EVENTS; at += 1) {
    // In turns: both have the same load of the machine.
    byMessage.push(await told.arrival());
    byLooking.push(await looking.arrival());
  }
  const rare: number[] = [];
  for (let at = 0; at < RARE_EVENTS; at += 1) {
    await untilAlone(told.nodeRed.pid);
    rare.push(await told.arrival());
  }
  const waits = byLooking.map(({ waited }) => waited / 1000);
  // From the look that found the drive; what came before is chance.
  const cost = byLooking.map(({ sinceLook }) => sinceLook);
  const costSeconds = median(cost) / 1000;
  return [
    figure('message of the plug', byMessage, milliseconds),
    figure('message of the plug, p99', [p99(byMessage)], milliseconds),
    figure('message of the plug, the first for half a minute', rare, milliseconds),
    figure(`looking every ${LOOK_EVERY_SECONDS} s`, waits, seconds),
    figure(`looking every ${LOOK_EVERY_SECONDS} s, p99`, [p99(waits)], seconds),
    figure('looking: from the look that finds the drive', cost, milliseconds),
    figure(
      `looking every ${USUALLY_EVERY_SECONDS} s, computed from it: median`,
      [USUALLY_EVERY_SECONDS / 2 + costSeconds],
      seconds,
    ),
    figure(
      `looking every ${USUALLY_EVERY_SECONDS} s, computed from it: p99`,
      [USUALLY_EVERY_SECONDS * 0.99 + costSeconds],
      seconds,
    ),
  ];
}

/** By nearest rank: of 60 values the greatest. */
function p99(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.ceil(values.length * 0.99) - 1] ?? Number.NaN;
}

/** With one file to back up: what follows the start of restic does not matter here. */
function somethingSmall(): Material {
  const material = new Material('empty');
  writeFileSync(join(material.source, 'letter.txt'), 'Dear grandmother');
  return material;
}

/** Our nodes, told by a plug with Tasmota; the drive is there. */
class Told implements AsyncDisposable {
  readonly nodeRed: NodeRed;
  readonly #material: Material;
  readonly #broker: Broker;
  readonly #restic: TimedRestic;

  private constructor(nodeRed: NodeRed, material: Material, broker: Broker) {
    this.nodeRed = nodeRed;
    this.#material = material;
    this.#broker = broker;
    this.#restic = new TimedRestic(material.folder);
  }

  static async start(): Promise<Told> {
    const told = new Told(await NodeRed.start(), somethingSmall(), await Broker.start());
    await told.nodeRed.deploy(told.#flow());
    await told.#broker.untilSubscribed(PLUG);
    await told.nodeRed.untilStatus('plan', ({ text }) => text !== undefined && text !== 'starting');
    return told;
  }

  /** ms from the plug's message to the start of `restic backup`. The plan is at rest before and after. */
  async arrival(): Promise<number> {
    this.#restic.forget();
    await this.#broker.publish(PLUG, 'OFF');
    const told = Date.now();
    await this.#broker.publish(PLUG, 'ON');
    const { payload, backup } = await this.nodeRed.next('end', undefined, LONGEST_MS);
    if ((backup as { event?: string }).event !== 'good-backup')
      throw new Error(`no good backup: ${String(payload)}`);
    await this.nodeRed.untilContext<PlanState>(TAB, 'backup_plan', ({ run: now }) => now === null);
    return this.#restic.backupStarted() - told;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.nodeRed[Symbol.asyncDispose]();
    await this.#broker[Symbol.asyncDispose]();
    this.#material[Symbol.dispose]();
  }

  #flow(): FlowNode[] {
    const { folder, source, repository: url, cache: cacheFolder } = this.#material;
    const marker = join(folder, 'marker');
    writeFileSync(marker, '');
    return [
      tab(),
      repository('repository', { url, cacheFolder, binary: this.#restic.path }, { password: PASSWORD }),
      { id: 'broker', type: 'mqtt-broker', broker: '127.0.0.1', port: this.#broker.port },
      node(
        'mqtt in',
        { id: 'plug', wires: [['plan']] },
        { topic: PLUG, qos: '0', datatype: 'auto-detect', broker: 'broker' },
      ),
      plan(
        { id: 'plan', wires: [['check'], [], []] },
        { repository: 'repository', paths: [source], scheduleKind: 'event', deviceStarts: 'always' },
      ),
      check({ id: 'check', wires: [['run'], []] }, { checks: [{ kind: 'marker', path: marker }] }),
      run({ id: 'run', wires: [['gate'], [], []] }),
      gate({ id: 'gate', wires: [[], ['end'], ['end'], []] }),
      probe('end'),
    ];
  }
}

/** ms. */
interface Arrival {
  readonly waited: number;
  readonly sinceLook: number;
}

/** Nodes of Node-RED alone, as people wire them: look for the marker every so often; where it is new, run restic. */
class Looking implements AsyncDisposable {
  readonly #nodeRed: NodeRed;
  readonly #material: Material;
  readonly #marker: string;
  readonly #restic: TimedRestic;

  private constructor(nodeRed: NodeRed, material: Material) {
    this.#nodeRed = nodeRed;
    this.#material = material;
    this.#marker = join(material.folder, 'marker');
    this.#restic = new TimedRestic(material.folder);
  }

  static async start(): Promise<Looking> {
    const material = somethingSmall();
    const env = {
      RESTIC_REPOSITORY: material.repository,
      RESTIC_PASSWORD: PASSWORD,
      RESTIC_CACHE_DIR: material.cache,
    };
    const looking = new Looking(await NodeRed.start({ env }), material);
    await looking.#nodeRed.deploy(looking.#flow());
    return looking;
  }

  /** From the drive's arrival, at any moment between two looks, to the start of `restic backup`. */
  async arrival(): Promise<Arrival> {
    await this.#nodeRed.next('gone');
    await new Promise((resolve) => setTimeout(resolve, Math.random() * LOOK_EVERY_SECONDS * 1000));
    this.#restic.forget();
    const arrived = Date.now();
    writeFileSync(this.#marker, '');
    const { looked, payload } = await this.#nodeRed.next('end', undefined, LONGEST_MS);
    const { code } = payload as { code: number };
    if (code !== 0) throw new Error(`restic ended with ${code}`);
    rmSync(this.#marker);
    const started = this.#restic.backupStarted();
    return { waited: started - arrived, sinceLook: started - Number(looked) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#nodeRed[Symbol.asyncDispose]();
    this.#material[Symbol.dispose]();
  }

  #flow(): FlowNode[] {
    const exec = { addpay: '', append: '', useSpawn: 'false', timer: '', oldrc: false };
    const there = { t: 'eq', v: '0', vt: 'num' };
    return [
      tab(),
      node(
        'inject',
        { id: 'every-so-often', wires: [['look']] },
        {
          props: [{ p: 'looked', v: '', vt: 'date' }],
          repeat: String(LOOK_EVERY_SECONDS),
          crontab: '',
          once: false,
          onceDelay: 0.1,
          topic: '',
        },
      ),
      node(
        'exec',
        { id: 'look', wires: [[], [], ['changed']] },
        { command: `test -e ${this.#marker}`, ...exec },
      ),
      node(
        'rbe',
        { id: 'changed', wires: [['there']] },
        {
          func: 'rbe',
          gap: '',
          start: '',
          inout: 'out',
          septopics: false,
          property: 'payload.code',
          topi: 'topic',
        },
      ),
      node(
        'switch',
        { id: 'there', wires: [['restic'], ['gone']] },
        {
          property: 'payload.code',
          propertyType: 'msg',
          rules: [there, { t: 'else' }],
          checkall: 'true',
          repair: false,
          outputs: 2,
        },
      ),
      node(
        'exec',
        { id: 'restic', wires: [[], [], ['end']] },
        { command: `${this.#restic.path} backup ${this.#material.source}`, ...exec },
      ),
      probe('end'),
      probe('gone'),
    ];
  }
}
