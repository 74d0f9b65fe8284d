import type { PlanStatus } from '../../protocol/protocol.ts';
import type { Clock } from '../clock.ts';
import type { Journal } from '../journal/journal.ts';
import type { Language } from '../language.ts';
import type { Carried } from '../message.ts';
import { backupMessage } from '../plan/announcement.ts';
import type { PlanCommand } from '../plan/commands.ts';
import { obey } from '../plan/commands.ts';
import type { PlanRegistry } from '../plan/registry.ts';
import { Sentences } from '../plan/sentences.ts';
import type { PlanState } from '../plan/state.ts';
import { newPlanState } from '../plan/state.ts';
import { Problem } from '../problem.ts';
import type { EventMark } from './backup-event.ts';
import { eventMark, eventsSince, NO_RUN } from './backup-event.ts';
import type { DiscoveryWishes } from './discovery.ts';
import { houseDiscovery, planDiscovery } from './discovery.ts';
import type { HouseState } from './house.ts';
import { houseState } from './house.ts';
import { readHubMessage } from './hub-message.ts';
import { mqttPlanState } from './mqtt-state.ts';
import { publicStatus, unusableStatus } from './plan-status.ts';
import type { MqttMessage, RetainedMemory, Wanted } from './retained.ts';
import { Retained } from './retained.ts';
import type { HubTopics } from './topics.ts';

/** A plan becomes late by the passage of time: it is looked at so often. */
const LOOK_AGAIN_MS = 60_000;
/** Progress goes out at most so often. */
const PROGRESS_EVERY_MS = 5000;
/** After a start of Home Assistant or a deploy: not at the same moment as everybody else. */
const WAIT_MS = { from: 1000, to: 5000 } as const;
/** A broker node that connects is heard twice: what the broker kept, and the birth message. */
const AFTER_CONNECT_MS = 500;

/** A plan that a hub shows. */
export interface HubPlan {
  readonly key: string;
  readonly name: string;
  /** False: its settings are wrong, and it cannot be run. */
  readonly isUsable: boolean;
}

/** How a hub is set. */
export interface HubSettings {
  /** Its file in the journal. */
  readonly id: string;
  readonly topics: HubTopics;
  readonly hasProgress: boolean;
}

/** What the deployed flow has for a hub. */
export interface HubSurroundings {
  readonly plans: readonly HubPlan[];
  /** Output 2 leads somewhere. */
  readonly hasMqtt: boolean;
  /** The broker node says on the availability topic whether it is connected. */
  readonly hasAvailability: boolean;
}

/** Where a hub's words go. */
export interface HubOutlet {
  /** Output 1. */
  event(message: Carried): void;
  /** Output 2. */
  mqtt(message: MqttMessage): void;
  /** HTTP: what a plan is doing, progress included. */
  status(status: PlanStatus): void;
  /** HTTP: a plan is no longer one of the hub's. */
  gone(key: string): void;
  /** Show it on the node. */
  refresh(): void;
  warn(problem: Problem): void;
}

/** What a hub works with. */
export interface HubServices {
  readonly registry: PlanRegistry;
  readonly clock: Clock;
  readonly language: Language;
  readonly journal: Journal<RetainedMemory>;
  /** 0 to 1. */
  readonly random: () => number;
}

/** What is known of a plan, and what was told of it. */
interface Shown {
  status: PlanStatus;
  /** Undefined: it cannot be run. */
  state: PlanState | undefined;
  /** The status that left by output 1, in JSON. */
  told: string;
  mark: EventMark;
  /** When its progress was told, ms. */
  progressAt: number;
}

/**
 * Plans for the outside world: tells every change of them once, as events and as MQTT messages with Home Assistant's
 * discovery, and takes commands. One for each hub node and deploy of it.
 */
export class Hub {
  private readonly settings: HubSettings;
  private readonly outlet: HubOutlet;
  private readonly services: HubServices;
  private readonly sentences: Sentences;
  private readonly retained: Retained;
  private readonly shown = new Map<string, Shown>();
  private hasStarted = false;
  private plans = new Map<string, HubPlan>();
  private surroundings: HubSurroundings = { plans: [], hasMqtt: false, hasAvailability: false };
  /** Discovery was sent once: states have a meaning. */
  private isIntroduced = false;
  /** Work on retained messages, one after the other. */
  private tail: Promise<void> = Promise.resolve();
  private pending: { at: number; heard: boolean; cancel: () => void } | undefined;
  private cancelLook: () => void = () => undefined;
  private readonly stopObserving: () => void;
  private closed = false;

  constructor(settings: HubSettings, outlet: HubOutlet, services: HubServices) {
    this.settings = settings;
    this.outlet = outlet;
    this.services = services;
    this.sentences = new Sentences(services.language);
    this.retained = new Retained(
      settings.id,
      services.journal,
      (message) => outlet.mqtt(message),
      (problem) => outlet.warn(problem.in(services.language)),
    );
    this.stopObserving = services.registry.observe((key) => this.changed(key));
    this.lookAgain();
  }

  /** Status of every plan, by name; undefined while some are still being read. */
  statuses(): PlanStatus[] | undefined {
    if (!this.isComplete) return undefined;
    return [...this.shown.values()]
      .map(({ status }) => status)
      .toSorted((a, b) => a.name.localeCompare(b.name) || a.id.localeCompare(b.id));
  }

  /** Something can be said of every plan: none is still being read. */
  get isComplete(): boolean {
    return this.hasStarted && [...this.plans.keys()].every((key) => this.shown.has(key));
  }

  /** How all plans are together. */
  house(): HouseState {
    const statuses = [...this.shown.values()].map(({ status }) => status);
    return houseState(statuses, this.sentences, this.services.clock.now());
  }

  /** Flows run: this is what they have for the hub now. Plans that are gone are taken away. */
  flowsStarted(surroundings: HubSurroundings): void {
    const isFirst = !this.isIntroduced && this.pending === undefined;
    this.surroundings = surroundings;
    this.plans = new Map(surroundings.plans.map((plan) => [plan.key, plan]));
    for (const key of this.shown.keys()) {
      if (this.plans.has(key)) continue;
      this.shown.delete(key);
      this.outlet.gone(key);
    }
    this.hasStarted = true;
    for (const plan of this.plans.values()) this.begin(plan, surroundings);
    if (isFirst) this.introduceWithin(this.politeWait());
    else if (this.isIntroduced) this.bring({});
    this.outlet.refresh();
  }

  /** Shows what is known of a plan now; one that turns out not to run is shown as that. */
  private begin(plan: HubPlan, surroundings: HubSurroundings): void {
    const { registry, language } = this.services;
    const cannotRun = (): void => this.present(plan, unusableStatus(plan, language));
    if (!plan.isUsable) {
      cannotRun();
      return;
    }
    this.changed(plan.key);
    void registry.opened(plan.key).then(() => {
      if (this.surroundings !== surroundings || this.closed || !registry.has(plan.key)) return;
      if (registry.find(plan.key)?.isOpen !== true) cannotRun();
    });
  }

  /**
   * A message at the input. Returns the shape of one that is not understood.
   * @throws Problem `unknown-plan` when a command names a plan that the hub does not have
   */
  async hear(message: Carried): Promise<string | undefined> {
    const reading = readHubMessage(message, this.settings.topics);
    switch (reading.kind) {
      case 'home-assistant-started':
        this.introduceWithin(this.politeWait(), { heard: true });
        return undefined;
      case 'broker-connected':
        this.introduceWithin(AFTER_CONNECT_MS, { heard: true });
        return undefined;
      case 'command': {
        const keys = [...new Set(reading.plans ?? this.plans.keys())];
        const unknown = keys.find((key) => !this.plans.has(key));
        if (unknown !== undefined) throw new Problem('unknown-plan', { plan: unknown.slice(0, 64) });
        for (const key of keys) await this.command(key, reading.command, reading.pauseMs, message);
        return undefined;
      }
      case 'unknown':
        return reading.shape;
      case 'ignored':
        return undefined;
    }
  }

  /** Resolves when the work on retained messages that is due is done. */
  async settled(): Promise<void> {
    await this.tail;
  }

  /** Ends all that goes on. `removed`: for good, so that the broker is told to forget everything. */
  async close(removed: boolean): Promise<void> {
    this.closed = true;
    this.stopObserving();
    this.cancelLook();
    this.pending?.cancel();
    if (removed && this.surroundings.hasMqtt) {
      this.tail = this.tail.then(async () => {
        await this.retained.bring(() => ({ discoveries: new Map(), states: new Map() }), { heard: true });
      });
    }
    await this.tail;
  }

  private async command(
    key: string,
    command: PlanCommand,
    pauseMs: number | undefined,
    message: Carried,
  ): Promise<void> {
    await this.services.registry.opened(key);
    const record = this.services.registry.find(key);
    if (record === undefined) throw new Problem('plan-not-ready', { plan: key });
    const answer = obey(record, command, {
      carried: carriedBy(message),
      ...(pauseMs === undefined ? {} : { pauseMs }),
    });
    const shown = this.shown.get(key);
    if (!answer.accepted && shown !== undefined) this.tell(shown, 'not-now', answer.sentence);
  }

  /** Something about a plan may have changed. */
  private changed(key: string): void {
    const plan = this.plans.get(key);
    const record = this.services.registry.find(key);
    if (plan === undefined || record === undefined || this.closed) return;
    this.present(plan, publicStatus(record), record.state);
  }

  private present(plan: HubPlan, status: PlanStatus, state?: PlanState): void {
    const { key } = plan;
    const before = this.shown.get(key);
    const shown: Shown = {
      status,
      state,
      // Progress changes every second; output 1 tells what happens.
      told: JSON.stringify({ ...status, progress: null }),
      mark: state === undefined ? NO_RUN : eventMark(state, before?.mark),
      progressAt: before?.progressAt ?? 0,
    };
    this.shown.set(key, shown);
    this.outlet.status(status);
    const isNews = shown.told !== before?.told;
    if (isNews) this.tell(shown, 'status', status.reason);
    if (!this.surroundings.hasMqtt) return;
    if (this.isIntroduced) {
      this.retained.state(this.settings.topics.plan(key, 'state'), mqttStateOf(shown));
      if (isNews) this.tellHouse();
    }
    if (before !== undefined && state !== undefined) {
      for (const event of eventsSince(before.mark, state)) this.passing(key, 'event', event, 1);
    }
    this.progress(key, shown);
  }

  private progress(key: string, shown: Shown): void {
    const { progress } = shown.status;
    const now = this.services.clock.now();
    if (!this.settings.hasProgress || progress === null) return;
    // A clock that was set back does not silence it.
    if (Math.abs(now - shown.progressAt) < PROGRESS_EVERY_MS) return;
    shown.progressAt = now;
    this.passing(key, 'progress', { percent: Math.floor(progress * 100) }, 0);
  }

  /** A message that is of now and not to be kept. */
  private passing(key: string, what: 'event' | 'progress', payload: object, qos: 0 | 1): void {
    const topic = this.settings.topics.plan(key, what);
    this.outlet.mqtt({ topic, payload: JSON.stringify(payload), qos, retain: false });
  }

  private tell({ status, state }: Shown, event: 'status' | 'not-now', reason: string): void {
    const backup = backupMessage(state ?? newPlanState(status.id, status.name), event, { reason });
    this.outlet.event({ topic: status.id, payload: status, backup });
    this.outlet.refresh();
  }

  private lookAgain(): void {
    this.cancelLook = this.services.clock.after(LOOK_AGAIN_MS, () => {
      for (const key of this.plans.keys()) this.changed(key);
      // Its sentence has a day of the week in it.
      if (this.isIntroduced) this.tellHouse();
      this.lookAgain();
    });
  }

  private politeWait(): number {
    return WAIT_MS.from + this.services.random() * (WAIT_MS.to - WAIT_MS.from);
  }

  /** Everything is sent again in a moment: the earlier of two moments counts. */
  private introduceWithin(ms: number, { heard = false } = {}): void {
    if (!this.surroundings.hasMqtt || this.closed) return;
    const at = this.services.clock.now() + ms;
    const before = this.pending;
    if (before !== undefined && before.at <= at) {
      before.heard ||= heard;
      return;
    }
    before?.cancel();
    const pending = {
      at,
      heard: heard || before?.heard === true,
      cancel: this.services.clock.after(ms, () => {
        this.pending = undefined;
        this.bring({ anew: true, heard: pending.heard });
      }),
    };
    this.pending = pending;
  }

  private bring(how: { anew?: boolean; heard?: boolean }): void {
    if (!this.surroundings.hasMqtt) return;
    this.tail = this.tail.then(async () => {
      if (this.closed) return;
      await this.retained.bring(() => this.wanted(), how);
      this.isIntroduced = true;
    });
  }

  /** All that the broker is to keep. */
  private wanted(): Wanted {
    const { topics, hasProgress } = this.settings;
    const { hasAvailability } = this.surroundings;
    const { language } = this.services;
    const wishes: DiscoveryWishes = { topics, language, hasAvailability, hasProgress };
    const discoveries = new Map([[topics.discovery(topics.device()), houseDiscovery(wishes)]]);
    const states = new Map([[topics.house, this.isComplete ? JSON.stringify(this.house()) : undefined]]);
    for (const plan of this.plans.values()) {
      const { key } = plan;
      discoveries.set(topics.discovery(topics.device(key)), planDiscovery(plan, wishes));
      const shown = this.shown.get(key);
      states.set(topics.plan(key, 'state'), shown === undefined ? undefined : mqttStateOf(shown));
    }
    return { discoveries, states };
  }

  private tellHouse(): void {
    if (!this.surroundings.hasMqtt || !this.isComplete) return;
    this.retained.state(this.settings.topics.house, JSON.stringify(this.house()));
  }
}

function mqttStateOf({ status, state }: Shown): string {
  return JSON.stringify(mqttPlanState(status, state));
}

/** What the user put on a command; what belongs to its transport stays behind. */
function carriedBy(message: Carried): Carried {
  const { backup: _b, payload: _p, topic: _t, qos: _q, retain: _r, ...rest } = message;
  return rest;
}
