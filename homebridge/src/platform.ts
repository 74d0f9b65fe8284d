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
    if (event.event === 'removed') this.#remove(this.#uuid(event.data.id));
  }

  #snapshot({ hubId, plans }: HubSnapshot): void {
    this.#hubId = hubId;
    this.#connection.heardSnapshot(plans.length);
    const present = new Set(plans.map(({ id }) => this.#uuid(id)));
    const missing = [...this.#plans.keys()].filter((uuid) => !present.has(uuid));
    for (const uuid of missing) this.#plans.get(uuid)?.forget();
    for (const plan of plans) this.#show(plan);
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
    const plan = this.#plans.get(this.#uuid(status.id)) ?? this.#add(status);
    plan?.show(status);
  }

  /** A new accessory; undefined when the bridge takes no more. */
  #add(status: PlanStatus): PlanAccessory | undefined {
    if (this.#around === null) return undefined;
    const name = accessoryName(status.name, status.id, this.#texts.noun);
    const { platformAccessory } = this.#api;
    const accessory = new platformAccessory<PlanContext>(name, this.#uuid(status.id), CATEGORY_SWITCH);
    accessory.context = { hubId: this.#hubId, planId: status.id, name };
    if (this.#plans.size >= MOST_ACCESSORIES) return this.#noPlace(status.id);
    const plan = this.#adopt(accessory, this.#around);
    try {
      this.#api.registerPlatformAccessories(PLUGIN_NAME, PLATFORM_NAME, [accessory]);
    } catch (error) {
      // Other plugins of this bridge have taken the places.
      this.#log.debug(String(error));
      this.#drop(plan);
      return this.#noPlace(status.id);
    }
    this.#left.delete(status.id);
    this.#log.info(this.#texts.added(name));
    return plan;
  }

  #adopt(accessory: PlatformAccessory<PlanContext>, around: Surroundings): PlanAccessory {
    const plan = new PlanAccessory(accessory, around);
    this.#plans.set(accessory.UUID, plan);
    return plan;
  }

  #noPlace(id: string): undefined {
    if (!this.#left.has(id)) {
      this.#left.add(id);
      this.#log.warn(this.#texts.tooMany(this.#left.size));
    }
    return undefined;
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
