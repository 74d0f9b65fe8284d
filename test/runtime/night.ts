import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, type TestContext, vi } from 'vitest';
import type { PlanState } from '../../src/lib/plan/state.ts';
import { Broker } from './broker.ts';
import { errorsTo, type FlowNode, probe, TAB } from './flows.ts';
import { untilReady, untilState } from './main-flow.ts';
import { NodeRed } from './node-red.ts';
import { Plug, type PlugBehaviour } from './plug.ts';
import { Home, PASSWORD } from './restic.ts';
import { UsbDrive } from './usb-drive.ts';

const EXAMPLE = fileURLToPath(new URL('../../examples/usb-drive-on-smart-plug.json', import.meta.url));
/** The mount point that the example is written for. */
const EXAMPLE_MOUNT_POINT = '/mnt/backup-drive';

/** Ids that tests can read, by the type of the example's nodes. */
const IDS: Readonly<Record<string, string>> = {
  tab: TAB,
  'mqtt-broker': 'broker',
  'restic-repository': 'repository',
  comment: 'comment',
  'mqtt in': 'from-plug',
  'backup-plan': 'plan',
  'mqtt out': 'to-plug',
  'precondition-check': 'check',
  'restic-run': 'run',
  'retry-gate': 'gate',
  debug: 'phone',
};

/** What a test wants otherwise: properties by the type of node, and more nodes. */
export interface NightChanges {
  nodes?: Record<string, Record<string, unknown>>;
  more?: readonly FlowNode[];
}

/**
 * The example of a USB drive on a smart plug as a user has it after filling it in, and everything around it: Node-RED,
 * the broker, the plug, the drive and the documents. Nothing starts by itself; a waiting run is woken only by the
 * device. Probes `power`, `not-now`, `good`, `ended`, `alert`, `errors`. Use with `await using`.
 */
export class Night implements AsyncDisposable {
  readonly home: Home;
  readonly drive: UsbDrive;
  readonly broker: Broker;
  readonly plug: Plug;
  readonly nodeRed: NodeRed;

  private constructor(home: Home, drive: UsbDrive, broker: Broker, plug: Plug, nodeRed: NodeRed) {
    this.home = home;
    this.drive = drive;
    this.broker = broker;
    this.plug = plug;
    this.nodeRed = nodeRed;
  }

  /** Everything is there and switched off; nothing is deployed. */
  static async fall(context: TestContext, behaviour: PlugBehaviour = {}): Promise<Night> {
    const home = await Home.make();
    const drive = UsbDrive.make(home.folder, home.drive, context);
    const broker = await Broker.start();
    const plug = await Plug.plugIn(broker, drive, behaviour);
    return new Night(home, drive, broker, plug, await NodeRed.start());
  }

  /** The example's nodes, filled in for this house. */
  flow({ nodes = {}, more = [] }: NightChanges = {}): FlowNode[] {
    let text = readFileSync(EXAMPLE, 'utf8');
    const example: FlowNode[] = JSON.parse(text);
    for (const { id, type } of example) text = text.replaceAll(id, IDS[type] ?? id);
    text = text.replaceAll(`${EXAMPLE_MOUNT_POINT}/restic`, this.home.repository);
    text = text.replaceAll(EXAMPLE_MOUNT_POINT, this.home.drive);
    const filledIn: FlowNode[] = JSON.parse(text);
    const { behaviour, topics } = this.plug;
    const bySystem = behaviour.mountedBy === 'system';
    const settings: Record<string, Record<string, unknown>> = {
      'mqtt-broker': { broker: '127.0.0.1', port: this.broker.port },
      'mqtt in': { topic: topics.states },
      'mqtt out': { topic: topics.commands },
      'restic-repository': {
        credentials: { password: PASSWORD },
        // The system's fstab does not know this drive.
        ...(bySystem ? { mountCommand: [], unmountCommand: [] } : { mountCommand: this.mountCommand }),
        pruneEvery: '',
        checkEvery: '',
      },
      'backup-plan': {
        paths: [this.home.documents],
        host: 'test-host',
        scheduleKind: 'event',
        minimumGap: '0',
        settle: '0',
        retention: {},
        powerWords: behaviour.dialect === 'tasmota' ? 'ON-OFF' : 'state-json',
        powerUpWithin: '15s',
        powerOffAfter: '1s',
        powerOffMounted: bySystem,
        wires: [['check'], ['not-now'], ['to-plug', 'power']],
      },
      'precondition-check': { waitFor: '10s', lookEvery: '1s' },
      'retry-gate': {
        policy: 'fixed',
        delay: '1h',
        waitDelay: '1h',
        wires: [[], ['good'], ['ended'], ['phone', 'alert']],
      },
    };
    return [
      ...filledIn.map((node) => ({ ...node, ...settings[node.type], ...nodes[node.type] })),
      ...['power', 'not-now', 'good', 'ended', 'alert', 'errors'].map(probe),
      errorsTo('errors'),
      ...more,
    ];
  }

  /** As the entry in fstab would do it. */
  get mountCommand(): string[] {
    return ['mount', this.drive.device, this.home.drive];
  }

  /** Deploys the example and waits until it listens to the plug. */
  async begin(changes: NightChanges = {}, ...plans: readonly string[]): Promise<void> {
    await this.nodeRed.deploy(this.flow(changes));
    await untilReady(this.nodeRed, ...plans);
    await this.broker.untilSubscribed(this.plug.topics.states);
  }

  /** A message at the example's `mqtt in`, such as `run`. */
  async say(command: string): Promise<void> {
    await this.broker.publish(this.plug.topics.states, command);
  }

  /** The state of the plan, once it is as wanted. */
  async state(wanted: (state: PlanState) => boolean, key: string = 'every-night'): Promise<PlanState> {
    return await untilState(this.nodeRed, wanted, key);
  }

  /** A film that takes some seconds to back up at the upload limit `SLOW`. */
  addFilm(): void {
    writeFileSync(join(this.home.documents, 'film.raw'), randomBytes(8_000_000));
  }

  /** Ids of the locks in the repository, whichever process left them. */
  async locks(): Promise<string[]> {
    const listed = await this.drive.restic('list', 'locks', '--no-lock');
    return listed.split('\n').filter((line) => line !== '');
  }

  /** Waits until the drive is unmounted. */
  async released(): Promise<void> {
    await vi.waitFor(() => expect(this.drive.isMounted).toBe(false), { timeout: 60_000, interval: 100 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.plug[Symbol.dispose]();
    await this.nodeRed[Symbol.asyncDispose]();
    await this.broker[Symbol.asyncDispose]();
    this.drive[Symbol.dispose]();
    this.home[Symbol.dispose]();
  }
}

/** KiB/s at which the film takes some seconds. */
export const SLOW = 1024;

/** A place in a script where it waits until the test lets it go on. */
export class Doorstep {
  readonly #folder: string;

  constructor(parent: string) {
    this.#folder = mkdtempSync(join(parent, 'doorstep-'));
  }

  /** A command that waits here, and then is the one that is given. */
  before(command: readonly string[]): string[] {
    return ['sh', '-c', `${this.#wait}; exec "$@"`, 'sh', ...command];
  }

  /** A restic that waits here before it does one of its operations. */
  resticBefore(operation: string): string {
    const binary = join(this.#folder, 'restic');
    const script = `#!/bin/sh\ncase " $* " in *" ${operation} "*) ${this.#wait};; esac\nexec restic "$@"\n`;
    writeFileSync(binary, script, { mode: 0o755 });
    return binary;
  }

  async reached(): Promise<void> {
    await vi.waitFor(() => expect(existsSync(join(this.#folder, 'reached'))).toBe(true), {
      timeout: 60_000,
      interval: 100,
    });
  }

  open(): void {
    writeFileSync(join(this.#folder, 'open'), '');
  }

  get #wait(): string {
    return `touch '${this.#folder}/reached'; while [ ! -e '${this.#folder}/open' ]; do sleep 0.1; done`;
  }
}
