import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Node, NodeAPI } from 'node-red';
import { systemClock } from '../clock.ts';
import type { RetainedMemory } from '../hub/retained.ts';
import { isRetainedMemory, RETAINED_SCHEMA } from '../hub/retained.ts';
import { Jobs } from '../job.ts';
import { Journal } from '../journal/journal.ts';
import { claimFolder } from '../journal/ownership.ts';
import type { Language } from '../language.ts';
import { nearestLanguage } from '../language.ts';
import type { Carried } from '../message.ts';
import { readTicket } from '../message.ts';
import type { GateDoor } from '../plan/doors.ts';
import type { PlanRecord } from '../plan/record.ts';
import type { GateClaim } from '../plan/registry.ts';
import { PlanRegistry } from '../plan/registry.ts';
import type { PlanSettings } from '../plan/settings.ts';
import type { PlanState } from '../plan/state.ts';
import { STATE_SCHEMA } from '../plan/state.ts';
import { isPlanState } from '../plan/state-shape.ts';
import { DEVICE_SCHEMA, isDeviceState } from '../power/device-state.ts';
import { Devices } from '../power/devices.ts';
import { Problem } from '../problem.ts';
import { isRepositoryMemory } from '../restic/memory-shape.ts';
import type { ResticRepository } from '../restic/repository.ts';
import { MEMORY_SCHEMA, RepositoryMemories } from '../restic/repository-memory.ts';
import { asProblem } from './input.ts';
import { onProcessStop } from './process-stop.ts';
import type { RepositoryNode } from './repository-node.ts';
import type { NodeStatus } from './status.ts';

/** A plan node that is deployed, whether or not its settings are good. */
export interface PlanMember {
  readonly node: Node;
  readonly key: string;
  /** Id of its config node. */
  readonly repositoryId: string;
  /** Undefined while they are wrong. */
  readonly settings: PlanSettings | undefined;
  /** Says on the node itself why the plan does not run. */
  refuse(problem: Problem): void;
}

/** A retry-gate that is deployed. */
export interface GateMember {
  readonly node: Node;
  /** Ids of plan nodes; empty: all plans of its tab. */
  readonly planIds: readonly string[];
  readonly contextStore: string;
  /** Undefined while its settings are wrong: it then owns nothing. */
  readonly door: GateDoor | undefined;
  /** The plans it owns, and those that another gate claims too. */
  claimed(owned: readonly PlanMember[], contested: readonly PlanMember[]): void;
}

/** A backup-hub that is deployed. */
export interface HubMember {
  readonly node: Node;
  /** Flows run: all plans, wires and config nodes are there. */
  flowsStarted(): void;
}

/** The newest instance of a node: where work that an earlier one began shows itself, and what it is held against. */
export interface NodeInstance {
  show(status: NodeStatus): void;
  /** Its settings, to notice an edit. */
  readonly settings: string;
}

/**
 * All of Lastgood in one Node-RED: what the nodes of a user directory share, and what stays while they are
 * redeployed. The nodes join and leave; this is where they find each other.
 */
export class Household {
  readonly red: NodeAPI;
  readonly language: Language;
  readonly registry: PlanRegistry;
  readonly jobs: Jobs = new Jobs();
  /** What is switched on for plans. */
  readonly devices: Devices;
  /** What is remembered of repositories. */
  readonly memories: RepositoryMemories;
  /** Node-RED is being stopped, not redeployed. */
  stopping = false;
  /** Flows were started once in this process. */
  private begun = false;
  /** Plan nodes by node id. */
  readonly plans: Map<string, PlanMember> = new Map();
  /** Newest instances of nodes whose work outlives a redeploy, by node id. */
  readonly instances: Map<string, NodeInstance> = new Map();
  /** Gates by node id. */
  readonly gates: Map<string, GateMember> = new Map();
  /** Hubs by node id. */
  readonly hubs: Map<string, HubMember> = new Map();
  /** What hubs have on their brokers. */
  readonly retained: Journal<RetainedMemory>;
  /** Caches; kept out of Home Assistant's backups by the name of the folder, and kept by npm. */
  readonly cacheFolder: string;
  /** The Node-RED process that has this user directory; undefined when it is ours. */
  private readonly otherOwner: Promise<Problem | undefined>;

  constructor(red: NodeAPI, userFolder: string) {
    this.red = red;
    this.language = serverLanguage(red);
    const folder = join(userFolder, 'lastgood');
    this.cacheFolder = join(userFolder, 'node_modules', '.cache', 'lastgood');
    this.registry = new PlanRegistry({
      clock: systemClock,
      language: this.language,
      journal: new Journal<PlanState>(join(folder, 'plans'), STATE_SCHEMA, isPlanState),
      newRunId: () => randomBytes(6).toString('hex'),
    });
    this.memories = new RepositoryMemories(
      new Journal(join(folder, 'repositories'), MEMORY_SCHEMA, isRepositoryMemory),
    );
    this.devices = new Devices(
      systemClock,
      new Journal(join(folder, 'devices'), DEVICE_SCHEMA, isDeviceState),
      (problem) => red.log.warn(problem.in(this.language).message),
    );
    this.retained = new Journal(join(folder, 'hubs'), RETAINED_SCHEMA, isRetainedMemory);
    this.otherOwner = claimFolder(folder).then(
      (owner) => (owner === undefined ? undefined : new Problem('other-process', { pid: owner.pid })),
      (cause: unknown) => {
        // A full disk must not keep backups from being made: nobody else can claim the folder there either.
        red.log.warn(
          new Problem('journal-unwritable', { path: folder }, { language: this.language, cause }).message,
        );
        return undefined;
      },
    );
    red.events.on('flows:started', () => this.flowsStarted());
    onProcessStop(() => this.stop());
  }

  /**
   * The record of a plan that a message names.
   * @throws Problem `unknown-plan` or `plan-not-ready`
   */
  record(key: string): PlanRecord {
    const record = this.registry.find(key);
    if (record !== undefined) return record;
    const deployed = [...this.plans.values()].some((plan) => plan.key === key);
    throw new Problem(deployed ? 'plan-not-ready' : 'unknown-plan', { plan: key.slice(0, 64) });
  }

  /** The plan member of a node id as the editor knows it. */
  planByNodeId(id: string): PlanMember | undefined {
    return knownBy(id, this.plans.values());
  }

  planByKey(key: string): PlanMember | undefined {
    return [...this.plans.values()].find((plan) => plan.key === key && plan.settings !== undefined);
  }

  /** Where a plan's snapshots go; undefined without a usable repository. */
  repositoryOfPlan(key: string): ResticRepository | undefined {
    const id = this.planByKey(key)?.repositoryId;
    const node = id === undefined ? null : (this.red.nodes.getNode(id) as RepositoryNode | null);
    return node?.restic;
  }

  /** An operation on a repository went well; what can be learned from it is kept. Never rejects. */
  async remember(operation: string, repository: ResticRepository, repositoryId?: string): Promise<void> {
    try {
      await this.memories.wentWell(repository, operation, systemClock.now(), repositoryId);
    } catch (error) {
      this.red.log.warn(asProblem(error, this.language).message);
    }
  }

  /** The gate that will own a plan, by configuration; undefined when there is none or more than one. */
  gateOf(plan: PlanMember): GateMember | undefined {
    const claiming = [...this.gates.values()].filter((gate) => claims(gate, plan));
    return claiming.length === 1 ? claiming[0] : undefined;
  }

  /** An outcome whose port has no wire reaches the plan's gate by itself; without a gate its story ends here. */
  toGate(message: Carried): void {
    const ticket = readTicket(message);
    if (ticket === undefined) return;
    this.registry.find(ticket.plan)?.arrivedAtGate(ticket, message);
  }

  private flowsStarted(): void {
    if (this.plans.size > 0) void loadWhatRunsLater();
    for (const job of this.jobs.all()) if (!job.isUnchanged()) job.stop('changed');
    const members = [...this.plans.values()];
    const gateClaims: GateClaim[] = [];
    for (const gate of this.gates.values()) {
      const wanted = members.filter((plan) => claims(gate, plan));
      const owned = wanted.filter((plan) => this.gateOf(plan) === gate);
      gate.claimed(
        owned,
        wanted.filter((plan) => !owned.includes(plan)),
      );
      if (gate.door !== undefined)
        gateClaims.push({ door: gate.door, planKeys: owned.map((plan) => plan.key) });
    }
    this.otherOwner
      .then((problem) => {
        if (problem === undefined) return this.start(gateClaims);
        for (const plan of members) plan.refuse(problem);
        return undefined;
      })
      .catch((error: unknown) => this.red.log.error(`lastgood: ${String(error)}`));
  }

  private async start(gateClaims: readonly GateClaim[]): Promise<void> {
    const isFirst = !this.begun;
    this.begun = true;
    // Before plans open: what they do then is news to a hub.
    for (const hub of this.hubs.values()) hub.flowsStarted();
    await this.registry.flowsStarted(gateClaims);
    await this.devices.begin();
    if (isFirst) await this.unlockAfterDeath();
  }

  /** A repository that our death left locked may have other users: it does not wait for its next backup. */
  private async unlockAfterDeath(): Promise<void> {
    const repositories: ResticRepository[] = [];
    this.red.nodes.eachNode(({ id, type }) => {
      if (type !== 'restic-repository') return;
      const { restic } = (this.red.nodes.getNode(id) as RepositoryNode | null) ?? {};
      if (restic !== undefined) repositories.push(restic);
    });
    await Promise.all(
      repositories.map(async (repository) => {
        if ((await repository.leftBehind()).isEmpty) return;
        const { runOperation } = await import('../restic/operations.ts');
        await runOperation(repository, { kind: 'unlock' });
      }),
    );
  }

  /** Node-RED is told to stop: restic is asked to finish at once, and keeps the time it needs for its clean-up. */
  private stop(): void {
    this.stopping = true;
    for (const job of this.jobs.all()) job.stop('shutdown');
  }
}

function claims(gate: GateMember, plan: PlanMember): boolean {
  if (gate.planIds.length === 0) return gate.node.z === plan.node.z;
  return isAmong(plan.node, gate.planIds);
}

/** Whether a node is one of those that a dialog names: in a subflow, by the id that the editor knows. */
export function isAmong(node: Node, ids: readonly string[]): boolean {
  return ids.includes(node.id) || ids.includes(aliasOf(node) ?? '');
}

/** The one that the editor knows by an id: in a subflow, instances have ids of their own. */
export function knownBy<T extends { readonly node: Node }>(id: string, members: Iterable<T>): T | undefined {
  const all = [...members];
  return all.find(({ node }) => node.id === id) ?? all.find(({ node }) => aliasOf(node) === id);
}

/** The id that the editor knows a node of a subflow's instance by. */
function aliasOf(node: Node): string | undefined {
  return (node as Node & { _alias?: string })._alias;
}

/**
 * Loads what the first look and the first backup need. Flows run already, so that Node-RED's start does not wait for
 * it; and a later update of the package on the disk cannot mix its modules with those of this process.
 */
async function loadWhatRunsLater(): Promise<void> {
  const loading = [
    import('../checks/run-checks.ts'),
    import('../restic/backup.ts'),
    import('../restic/operations.ts'),
    import('../restic/process/run.ts'),
  ];
  // Who needs one of them will hear why it cannot be loaded.
  await Promise.allSettled(loading);
}

/** The language that Node-RED's own log and texts are in: its setting, else the environment's (its i18n.js). */
function serverLanguage(red: NodeAPI): Language {
  const { lang } = red.settings as { lang?: string };
  const { LC_ALL, LC_MESSAGES, LANG } = process.env;
  return nearestLanguage(lang ?? LC_ALL ?? LC_MESSAGES ?? LANG);
}

const households = new Map<string, Household>();

/** The household of this Node-RED's user directory. */
export function householdOf(red: NodeAPI): Household {
  const userFolder = red.settings.userDir ?? process.cwd();
  let household = households.get(userFolder);
  if (household === undefined) {
    household = new Household(red, userFolder);
    households.set(userFolder, household);
  }
  return household;
}
