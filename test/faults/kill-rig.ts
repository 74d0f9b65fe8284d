import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { PlanState } from '../../src/lib/plan/state.ts';
import type { GateDefinition } from '../../src/nodes/retry-gate/definition.ts';
import type { FlowNode } from '../runtime/flows.ts';
import { backupOf } from '../runtime/main-flow.ts';
import { NodeRed, type NodeRedOptions } from '../runtime/node-red.ts';
import type { Home } from '../runtime/restic.ts';
import type { Chance } from './chance.ts';
import { type KillPlan, killFlow } from './kill-flow.ts';
import type { Broken, Entry } from './promises.ts';
import { brokenByAttempts, brokenBySnapshots, brokenByStates, stamped } from './promises.ts';
import { WatchedRestic } from './watched-restic.ts';

/** Who is killed. */
export type Victims = 'node-red' | 'restic' | 'both' | 'nobody';

/** A kill at the moment when a transition is written. */
export interface Fuse {
  /** A phase, `idle`, `retention:forget`, `repositories`, `started:backup` …; see kill-switch.cjs. */
  readonly label: string;
  readonly when: 'before' | 'torn' | 'after';
  readonly victims: Victims;
  /** Key; undefined: whichever plan is first there. */
  readonly plan?: string;
}

/** What a fuse did. */
export interface Fired extends Fuse {
  /** The commands of the restics that were killed. */
  readonly commands: readonly string[];
}

/** What is otherwise than usual. */
export interface RigOptions extends Pick<NodeRedOptions, 'contextStorage'> {
  readonly gate?: Partial<GateDefinition>;
  /** Instead of `killFlow`. */
  readonly flow?: readonly FlowNode[];
  /** Hears the payload of each message at a probe, once. */
  readonly listener?: { readonly probe: string; readonly hear: (payload: unknown) => void };
}

/** A slow machine that is shared is given time; who waits this long has lost. */
const LIMIT_MS = 240_000;

/** A real Node-RED with a few plans on real repositories, which is killed again and again. Use with `await using`. */
export class KillRig implements AsyncDisposable {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'lastgood-kill-'));
  readonly restic: WatchedRestic = new WatchedRestic(this.folder);
  readonly plans: readonly KillPlan[];
  readonly #chance: Chance;
  readonly #switch: string = join(this.folder, 'switch');
  #nodeRed: NodeRed | undefined;
  /** A step of upkeep was shot, which is tried again only after a day. */
  isSpent = false;
  /** Kills that hit something, so far. */
  killed = 0;
  /** Since the last inspection. */
  #read = 0;
  #wishes = 1;
  #kills = 0;
  #armed: readonly string[] = [];
  #fired = 0;
  #messages = 0;
  #files = 0;

  private constructor(plans: readonly KillPlan[], chance: Chance) {
    this.plans = plans;
    this.#chance = chance;
    mkdirSync(this.#switch);
  }

  /** Starts Node-RED with the plans; each has made a backup when this resolves. */
  static async start(plans: readonly KillPlan[], chance: Chance, options: RigOptions = {}): Promise<KillRig> {
    const rig = new KillRig(plans, chance);
    try {
      rig.#nodeRed = await NodeRed.start({
        contextStorage: options.contextStorage ?? 'memory',
        env: {
          PATH: `${rig.restic.folder}:${process.env['PATH']}`,
          LASTGOOD_KILL_SWITCH: rig.#switch,
          NODE_OPTIONS: `--require=${fileURLToPath(new URL('kill-switch.cjs', import.meta.url))}`,
        },
      });
      const { listener, flow } = options;
      if (listener !== undefined) rig.nodeRed.listen(listener.probe, ({ payload }) => listener.hear(payload));
      await rig.nodeRed.deploy(flow ?? killFlow(plans, options.gate));
      return rig;
    } catch (error) {
      await rig[Symbol.asyncDispose]();
      throw error;
    }
  }

  get nodeRed(): NodeRed {
    if (this.#nodeRed === undefined) throw new Error('Node-RED was not started');
    return this.#nodeRed;
  }

  /** A plan's state as it is on the disk. */
  state(key: string): PlanState | undefined {
    try {
      const text = readFileSync(join(this.nodeRed.userDir, 'lastgood', 'plans', `${key}.json`), 'utf8');
      const state: PlanState = JSON.parse(text);
      return state;
    } catch {
      return undefined;
    }
  }

  /** Waits until a plan's state on the disk is as wanted. The disk tells nobody of changes, so it is looked at often. */
  async until(key: string, what: string, wanted: (state: PlanState) => boolean): Promise<PlanState> {
    return await this.#look(`${key} ${what}`, () => {
      const state = this.state(key);
      return state !== undefined && wanted(state) ? state : undefined;
    });
  }

  /** Asks plans for a run, each with something new to save. */
  async ask(plans: readonly KillPlan[] = this.plans): Promise<void> {
    this.#wishes += 1;
    for (const { home } of plans) {
      this.#files = (this.#files + 1) % 4;
      // Never so much smaller than before that a plan would hold the backup for incomplete.
      const size = this.#chance.between(1_000_000, 1_600_000);
      writeFileSync(join(home.documents, `film-${this.#files}`), noise(this.#chance, size));
    }
    for (const { key } of plans) {
      try {
        await this.nodeRed.inject(`ask-${key}`, { payload: 'run' });
      } catch (error) {
        // What was armed for the first plan kills before the next one is asked.
        if (this.#fired === this.#armed.length) throw error;
        return;
      }
    }
  }

  /** Sends a command that starts no run. */
  async command(command: unknown): Promise<void> {
    for (const { key } of this.plans) await this.nodeRed.inject(`ask-${key}`, { payload: command });
  }

  /** Something else than a kill that takes attempts or runs of its own. */
  allow({ runs = 0, attempts = 0 }: { runs?: number; attempts?: number }): void {
    this.#wishes += runs;
    this.#kills += attempts;
  }

  /** Fuses that are to blow one after the other. */
  arm(...fuses: readonly Fuse[]): void {
    this.#armed = fuses.map(({ when, label }) => `${when} ${label}`);
    writeFileSync(join(this.#switch, 'fired.jsonl'), '');
    writeFileSync(join(this.#switch, 'fuses.json'), JSON.stringify(fuses));
    this.#fired = 0;
  }

  /** Waits until the next of the armed fuses has killed. */
  async fired(): Promise<Fired> {
    const path = join(this.#switch, 'fired.jsonl');
    const fired = await this.#look(
      `a kill ${this.#armed[this.#fired]}`,
      () => {
        const line = readFileSync(path, 'utf8').split('\n')[this.#fired];
        if (line === undefined || line === '') return undefined;
        const value: Fired = JSON.parse(line);
        return value;
      },
      true,
    );
    this.#fired += 1;
    if (fired.victims !== 'nobody') this.#kills += 1;
    this.#noteKill(fired.victims, fired.commands);
    if (fired.victims === 'node-red' || fired.victims === 'both') {
      await this.#ended();
      this.#noteLast();
    }
    return fired;
  }

  /** Kills from outside: now, or as soon as a restic runs where one is to die; none within 5 s: nothing dies. */
  async kill(victims: Victims): Promise<void> {
    this.#kills += 1;
    const until = victims === 'restic' ? performance.now() + 5000 : 0;
    while (this.restics().length === 0 && performance.now() < until) await wait(10);
    const restics = victims === 'node-red' ? [] : this.restics();
    if (victims === 'both') await this.nodeRed.kill9();
    for (const { pid } of restics) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It was quicker.
      }
    }
    if (victims === 'node-red') await this.nodeRed.kill9();
    if (victims !== 'restic') this.#noteLast();
    const commands = restics.map(({ command }) => command);
    this.#noteKill(victims, commands);
  }

  /** A state that reached the disk just before a death, which came before it was noted. */
  #noteLast(): void {
    const lines = this.#ledger();
    for (const { key } of this.plans) {
      const last = lines.findLast(({ state }) => state.plan === key);
      const state = this.state(key);
      if (last === undefined || state === undefined || state.revision === last.state.revision) continue;
      const entry: Entry = { life: last.life, label: labelOf(state), state };
      appendFileSync(join(this.#switch, 'ledger.jsonl'), `${JSON.stringify(entry)}\n`);
    }
  }

  #noteKill(victims: Victims, commands: readonly string[]): void {
    const isHit = victims === 'restic' ? commands.length > 0 : victims !== 'nobody';
    if (isHit) this.killed += 1;
    const isUpkeep = commands.some((command) => command === 'prune' || command === 'check');
    if (victims === 'restic' && isUpkeep) this.isSpent = true;
  }

  /** Living restics that this Node-RED, or one before it, started. */
  restics(): { pid: number; command: string }[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((name) => {
        try {
          if (readFileSync(`/proc/${name}/comm`, 'utf8').trim() !== 'restic') return [];
          if (!readFileSync(`/proc/${name}/environ`, 'utf8').includes(this.nodeRed.userDir)) return [];
          const words = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0');
          const at = words.findIndex((word) => word.endsWith('restic'));
          return [{ pid: Number(name), command: words[at + 1] ?? '' }];
        } catch {
          return [];
        }
      });
  }

  /** Starts Node-RED again. `mayDie`: another kill is on its way, perhaps to this start. */
  async restart(mayDie = false): Promise<void> {
    try {
      await this.nodeRed.start();
    } catch (error) {
      if (!mayDie || !this.#isDead()) throw error;
    }
  }

  /** Waits until each plan is idle and has made a good backup since those of `since`. */
  async succeeded(since: ReadonlyMap<string, string>): Promise<void> {
    for (const { key } of this.plans) {
      const isNew = ({ run, lastSuccess }: PlanState): boolean =>
        run === null && lastSuccess !== null && lastSuccess.snapshotId !== since.get(key);
      await this.until(key, 'to have a new backup', isNew);
    }
  }

  /** As `succeeded`, and asks the plans that are idle without one. */
  async succeedAgain(since: ReadonlyMap<string, string>): Promise<void> {
    for (const { key } of this.plans) await this.until(key, 'to be idle', ({ run }) => run === null);
    // Only those: another run of a plan that is there already would still be going on when this ends.
    const behind = this.plans.filter(
      ({ key }) => this.state(key)?.lastSuccess?.snapshotId === since.get(key),
    );
    if (behind.length > 0) await this.ask(behind);
    await this.succeeded(since);
  }

  /** The last good snapshot of each plan that has one. */
  successes(): Map<string, string> {
    return new Map(
      this.plans.flatMap(({ key }) => {
        const snapshot = this.state(key)?.lastSuccess?.snapshotId;
        return snapshot === undefined ? [] : [[key, snapshot] as const];
      }),
    );
  }

  /**
   * Holds everything that has happened since the last inspection against the promises: the states on the disk, the
   * repositories themselves, the restics that ran. To be called when no plan is busy.
   */
  async inspect(): Promise<Broken[]> {
    const broken: Broken[] = [];
    const lines = await this.#wholeLedger();
    const entries = lines.slice(this.#read);
    const checked = new Set<string>();
    for (const plan of this.plans) {
      const { key, home, kept, planted } = plan;
      const own = entries.filter(({ state }) => state.plan === key);
      const previous = lines.slice(0, this.#read).findLast(({ state }) => state.plan === key);
      const found = [
        ...brokenByStates(previous === undefined ? own : [previous, ...own]),
        ...brokenByAttempts(own, this.#wishes, this.#kills),
        ...brokenBySnapshots(stamped(own), await home.snapshots(), key, kept),
      ];
      if (!checked.has(home.repository)) {
        checked.add(home.repository);
        found.push(...(await this.#repository(home, planted)));
      }
      for (const { promise, what } of found) broken.push({ promise, what: `${key}: ${what}` });
    }
    for (const what of this.restic.overlaps()) broken.push({ promise: 3, what: `two restics: ${what}` });
    broken.push(...this.#maintenance());
    this.#read = lines.length;
    this.#wishes = 0;
    this.#kills = 0;
    return broken;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#nodeRed?.[Symbol.asyncDispose]();
    for (const { pid } of this.#nodeRed === undefined ? [] : this.restics()) process.kill(pid, 'SIGKILL');
    for (const { home } of this.plans) home[Symbol.dispose]();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }

  async #repository(home: Home, planted: readonly string[]): Promise<Broken[]> {
    const broken: Broken[] = [];
    // A lock that was never finished has another name; restic does not count it.
    const locks = readdirSync(join(home.repository, 'locks')).filter((name) => /^[0-9a-f]{64}$/.test(name));
    for (const lock of locks.filter((id) => !planted.includes(id))) {
      broken.push({
        promise: 4,
        what: `is still locked: ${(await home.restic('cat', '--no-lock', 'lock', lock)).trim()}`,
      });
    }
    for (const lock of planted.filter((id) => !locks.includes(id))) {
      broken.push({ promise: 4, what: `somebody else's lock ${lock} was removed` });
    }
    try {
      await home.restic('check', '--no-lock');
    } catch (error) {
      broken.push({ promise: 1, what: `restic check: ${String(error)}` });
    }
    return broken;
  }

  /** What followed good backups, unless its restic was killed itself, went well. */
  #maintenance(): Broken[] {
    const messages = this.nodeRed.messages.get('good') ?? [];
    const since = messages.slice(this.#messages);
    this.#messages = messages.length;
    return since.flatMap((message): Broken[] => {
      const { plan, maintenance } = backupOf(message);
      const planted = this.plans.find(({ key }) => key === plan)?.planted ?? [];
      return (maintenance?.steps ?? [])
        .filter(({ failureClass }) => failureClass === 'locked' && planted.length === 0)
        .map(({ step, reason }) => ({ promise: 4, what: `${plan}: ${step}: ${reason}` }));
    });
  }

  /** The ledger when it has what is on the disk: a state is noted a moment after it got there. */
  async #wholeLedger(): Promise<Entry[]> {
    const isWhole = (lines: Entry[]): boolean =>
      this.plans.every(({ key }) => {
        const last = lines.findLast(({ state }) => state.plan === key);
        return last?.state.revision === this.state(key)?.revision;
      });
    return await this.#look('the ledger to be whole', () => {
      const lines = this.#ledger();
      return isWhole(lines) ? lines : undefined;
    });
  }

  #ledger(): Entry[] {
    return readFileSync(join(this.#switch, 'ledger.jsonl'), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line): Entry => JSON.parse(line));
  }

  async #ended(): Promise<void> {
    await this.#look('Node-RED to end', () => (this.#isDead() ? true : undefined), true);
  }

  #isDead(): boolean {
    const { pid } = this.nodeRed;
    return pid === undefined || !existsSync(`/proc/${pid}`);
  }

  async #look<T>(what: string, find: () => T | undefined, mayDie = false): Promise<T> {
    const deadline = performance.now() + LIMIT_MS;
    for (;;) {
      const value = find();
      if (value !== undefined) return value;
      if (!mayDie && this.#isDead())
        throw new Error(`Node-RED died while waiting for ${what}\n${this.#story()}`);
      if (performance.now() > deadline) throw new Error(`waited in vain for ${what}\n${this.#story()}`);
      await wait(30);
    }
  }

  #story(): string {
    const states = this.plans.map(({ key }) => {
      const { revision, run, why } = this.state(key) ?? {};
      return `${key}: revision ${revision}, ${run?.phase ?? 'idle'}: ${why}`;
    });
    return [...states, this.nodeRed.story().slice(-3000)].join('\n');
  }
}

/** As kill-switch.cjs names it. */
function labelOf({ run }: PlanState): string {
  return run?.phase ?? 'idle';
}

/** Bytes that cannot be compressed. */
function noise(chance: Chance, size: number): Buffer {
  const bytes = Buffer.allocUnsafe(size);
  for (let at = 0; at + 4 <= size; at += 4) bytes.writeUInt32LE(Math.floor(chance.next() * 2 ** 32), at);
  return bytes;
}
