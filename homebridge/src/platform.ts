import type { API, DynamicPlatformPlugin, Logging, PlatformAccessory, PlatformConfig } from 'homebridge';
import type { HubEvent, HubSnapshot, PlanStatus } from '../../src/protocol/protocol.ts';
import { accessoryName } from './accessory-name.ts';
import { type Clock, systemClock } from './clock.ts';
import { isPrivate, readAccess, readSettings, type Settings } from './config.ts';
import { Connection } from './connection.ts';
import { HubClient } from './hub-client.ts';
import { sendToHub } from './hub-request.ts';
import { PlanAccessory, type PlanContext, type Surroundings } from './plan-accessory.ts';
import { MOST_ACCESSORIES, PLATFORM_NAME, PLUGIN_NAME } from './settings.ts';
import { type Texts, textsIn } from './texts.ts';
import { version } from './version.ts';

/** `Categories.SWITCH` of HAP. */
const CATEGORY_SWITCH = 8;
/** A plan that a snapshot does not have is removed after this time, unless another snapshot has it again: a wrong list
 * must not cost rooms and automations. */
const PRUNE_AFTER_MS = 10_000;
/** How often the freshness of batteries is worked out. */
const AGE_EVERY_MS = 60_000;

/** The plans of one backup-hub as accessories of one bridge. */
export class BackupPlatform implements DynamicPlatformPlugin {
  readonly #log: Logging;
  readonly #api: API;
  readonly #clock: Clock = systemClock;
  readonly #texts: Texts;
  /** By UUID of the accessory. */
  readonly #plans = new Map<string, PlanAccessory>();
  readonly #connection: Connection;
  readonly #around: Surroundings | null = null;
  #hubId = '';
  /** Plans that found no place on the bridge. */
  readonly #left = new Set<string>();
  #cancelPruning: () => void = () => undefined;
  #cancelAging: () => void = () => undefined;

  constructor(log: Logging, config: PlatformConfig, api: API) {
    this.#log = log;
    this.#api = api;
    const read = readSettings(config, process.env);
    this.#texts = textsIn('problem' in read ? read.language : read.settings.language);
    this.#connection = new Connection(this.#clock, log, this.#texts, () => this.#away());
    if ('problem' in read) {
      log.warn(`${this.#texts.notStarted} ${read.problem}`);
      return;
    }
    const client = this.#clientFor(read.settings);
    this.#around = this.#surroundings(read.settings, client);
    api.on('didFinishLaunching', () => this.#start(read.settings, client));
    api.on('shutdown', () => this.#stop(client));
  }

  /** Homebridge brings an accessory back that was there when it stopped. */
  configureAccessory(accessory: PlatformAccessory): void {
    // Without settings nothing is removed either: the accessories wait for them.
    if (this.#around === null) return;
    try {
      this.#adopt(accessory as PlatformAccessory<PlanContext>, this.#around);
    } catch (error) {
      this.#mistake(error);
    }
  }

  #clientFor(settings: Settings): HubClient {
    return new HubClient(
      {
        base: settings.base,
        access: () => readAccess(settings),
        send: sendToHub,
        clock: this.#clock,
        random: Math.random,
      },
      {
        heard: (event) => this.#heard(event),
        lost: (problem) => {
          this.#cancelPruning();
          this.#connection.lost(problem);
        },
        threw: (error) => this.#mistake(error),
      },
    );
  }

  #surroundings(settings: Settings, client: HubClient): Surroundings {
    return {
      api: this.#api,
      log: this.#log,
      texts: this.#texts,
      clock: this.#clock,
      version,
      withBattery: settings.battery,
      cancelBySwitch: settings.cancelBySwitch,
      isKnown: () => this.#connection.isKnown,
      command: (planId, command) => client.command(planId, command),
    };
  }

  #start({ base, battery }: Settings, client: HubClient): void {
    if (!isPrivate(base)) this.#log.warn(this.#texts.plainHttp(base.hostname));
    client.run().catch((error: unknown) => this.#mistake(error));
    if (battery) this.#age();
  }

  #stop(client: HubClient): void {
    client.stop();
    this.#connection.stop();
    this.#cancelPruning();
    this.#cancelAging();
    for (const plan of this.#plans.values()) plan.stop();
  }

  #age(): void {
    this.#cancelAging = this.#clock.after(AGE_EVERY_MS, () => {
      for (const plan of this.#plans.values()) plan.age();
      this.#age();
    });
  }

  #heard(event: HubEvent): void {
    if (event.event === 'snapshot') this.#snapshot(event.data);
    if (event.event === 'plan') this.#show(event.data);
    if (event.event === 'removed') {
      this.#left.delete(event.data.id);
      this.#remove(this.#uuid(event.data.id));
    }
  }

  #snapshot({ hubId, plans }: HubSnapshot): void {
    this.#hubId = hubId;
    this.#connection.heardSnapshot(plans.length);
    const present = new Set(plans.map(({ id }) => this.#uuid(id)));
    for (const id of this.#left) if (!present.has(this.#uuid(id))) this.#left.delete(id);
    const missing = [...this.#plans.keys()].filter((uuid) => !present.has(uuid));
    for (const uuid of missing) this.#plans.get(uuid)?.forget();
    this.#add(plans.filter(({ id }) => !this.#plans.has(this.#uuid(id))));
    for (const plan of plans) this.#plans.get(this.#uuid(plan.id))?.show(plan);
    this.#cancelPruning();
    if (missing.length === 0) return;
    this.#cancelPruning = this.#clock.after(PRUNE_AFTER_MS, () => {
      // One that was heard of since was only late.
      for (const uuid of missing) if (this.#plans.get(uuid)?.isHeardOf === false) this.#remove(uuid);
      // Those that found no place may have one now.
      for (const plan of plans) if (this.#left.has(plan.id)) this.#show(plan);
    });
  }

  #show(status: PlanStatus): void {
    const uuid = this.#uuid(status.id);
    if (!this.#plans.has(uuid)) this.#add([status]);
    this.#plans.get(uuid)?.show(status);
  }

  /** New accessories, as many as the bridge takes. */
  #add(plans: readonly PlanStatus[]): void {
    const before = this.#left.size;
    const free = MOST_ACCESSORIES - this.#plans.size;
    for (const { id } of plans.slice(free)) this.#left.add(id);
    this.#register(plans.slice(0, free));
    if (this.#left.size > before) this.#log.warn(this.#texts.tooMany(this.#left.size));
  }

  /** All at once, because Homebridge writes all accessories to its disk each time; one by one if that does not go. */
  #register(plans: readonly PlanStatus[]): void {
    const added = plans.map((status) => this.#make(status));
    if (added.length === 0) return;
    try {
      this.#api.registerPlatformAccessories(
        PLUGIN_NAME,
        PLATFORM_NAME,
        added.map(({ accessory }) => accessory),
      );
    } catch (error) {
      // Other plugins of this bridge have taken the places. What was added of these comes off again.
      this.#log.debug(String(error));
      for (const plan of added) this.#drop(plan);
      if (plans.length > 1) for (const status of plans) this.#register([status]);
      else for (const { id } of plans) this.#left.add(id);
      return;
    }
    for (const plan of added) {
      this.#left.delete(plan.accessory.context.planId);
      this.#log.info(this.#texts.added(plan.name));
    }
  }

  #make({ id, name }: PlanStatus): PlanAccessory {
    if (this.#around === null) throw new Error('no settings');
    const shown = accessoryName(name, id, this.#texts.noun);
    const accessory = new this.#api.platformAccessory<PlanContext>(shown, this.#uuid(id), CATEGORY_SWITCH);
    accessory.context = { hubId: this.#hubId, planId: id, name: shown };
    return this.#adopt(accessory, this.#around);
  }

  #adopt(accessory: PlatformAccessory<PlanContext>, around: Surroundings): PlanAccessory {
    const plan = new PlanAccessory(accessory, around);
    this.#plans.set(accessory.UUID, plan);
    return plan;
  }

  #remove(uuid: string): void {
    const plan = this.#plans.get(uuid);
    if (plan === undefined) return;
    this.#log.info(this.#texts.deleted(plan.name));
    this.#drop(plan);
  }

  #drop(plan: PlanAccessory): void {
    plan.stop();
    this.#plans.delete(plan.accessory.UUID);
    try {
      this.#api.unregisterPlatformAccessories(PLUGIN_NAME, PLATFORM_NAME, [plan.accessory]);
    } catch (error) {
      // It never was on the bridge; Homebridge has forgotten it all the same.
      this.#log.debug(String(error));
    }
  }

  #away(): void {
    for (const plan of this.#plans.values()) plan.lose();
  }

  #uuid(planId: string): string {
    return this.#api.hap.uuid.generate(`${PLUGIN_NAME}:${this.#hubId}:${planId}`);
  }

  #mistake(error: unknown): void {
    this.#log.error(
      `${this.#texts.mistake} ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    );
  }
}
