import type { API, Characteristic, CharacteristicProps, PlatformAccessory, Service } from 'homebridge';
import type { HubCommand, PlanStatus } from '../../src/protocol/protocol.ts';
import { accessoryName } from './accessory-name.ts';
import type { Clock } from './clock.ts';
import type { Log } from './connection.ts';
import type { CommandResult } from './hub-client.ts';
import { causeOf } from './hub-problem.ts';
import {
  isUnderWay,
  type Part,
  planParts,
  planToServices,
  type Quality,
  type ServiceKind,
  UNKNOWN,
} from './plan-services.ts';
import { HAP_STATUS, type StatusName, statusOfProblem, statusOfResult } from './reply-status.ts';
import type { Texts } from './texts.ts';

/** Of our characteristic for the time of the last good backup. */
const LAST_SUCCESS_UUID = 'E19CFCAD-0DB8-4425-B4CB-88067CF76DA2';
/** So long after a command the switch shows again what is, whatever the command came to. */
const SETTLE_MS = 3_000;

/** What Homebridge keeps with an accessory. */
export interface PlanContext extends Record<string, unknown> {
  hubId: string;
  planId: string;
  /** The plan's name as we gave it to HomeKit. */
  name: string;
}

/** What the accessories of all plans share. */
export interface Surroundings {
  readonly api: API;
  readonly log: Log;
  readonly texts: Texts;
  readonly clock: Clock;
  readonly version: string;
  readonly withBattery: boolean;
  readonly cancelBySwitch: boolean;
  /** Is what the hub said last to be believed? */
  readonly isKnown: () => boolean;
  /** @throws HubProblem */
  readonly command: (planId: string, command: HubCommand) => Promise<CommandResult>;
}

/** One plan in HomeKit. Its handlers are attached from the beginning, so that it never answers with stale values. */
export class PlanAccessory {
  readonly accessory: PlatformAccessory<PlanContext>;
  readonly #around: Surroundings;
  readonly #services = new Map<Part, Service>();
  readonly #lastSuccess: Characteristic;
  #status: PlanStatus | null = null;
  /** Somebody switched the present run off; it is coming to its end. */
  #isCancelling = false;
  #cancelSettling: () => void = () => undefined;

  constructor(accessory: PlatformAccessory<PlanContext>, around: Surroundings) {
    this.accessory = accessory;
    this.#around = around;
    this.#describe();
    const parts = planParts(around.withBattery);
    for (const { kind, part } of parts) this.#services.set(part, this.#service(kind, part));
    this.#forgetOtherServices();
    this.#lastSuccess = this.#lastSuccessOf(this.#part('run'));
    this.#attach();
  }

  get name(): string {
    return this.accessory.context.name;
  }

  /** Has the hub said how the plan is, and not taken it back by a list without it? */
  get isHeardOf(): boolean {
    return this.#status !== null;
  }

  /** The hub says how the plan is. */
  show(status: PlanStatus): void {
    const before = this.#status;
    this.#status = status;
    if (!isUnderWay(status)) this.#isCancelling = false;
    this.#rename(status);
    if (before !== null) this.#logChanges(before, status);
    this.#push();
  }

  /** Nothing is known of the plan any more. */
  lose(): void {
    for (const [part, service] of this.#services) {
      if (part !== 'run' && part !== 'freshness') this.#update(service, UNKNOWN);
    }
  }

  /** The plan is not in the hub's list, which may be because it is being deployed. */
  forget(): void {
    this.#status = null;
    this.lose();
  }

  /** The freshness changes with time alone. */
  age(): void {
    if (this.#around.isKnown()) this.#push();
  }

  /** No more timers of this accessory. */
  stop(): void {
    this.#cancelSettling();
  }

  #describe(): void {
    const { Service, Characteristic } = this.#around.api.hap;
    const { accessory } = this;
    const information =
      accessory.getService(Service.AccessoryInformation) ??
      accessory.addService(Service.AccessoryInformation);
    information
      .setCharacteristic(Characteristic.Manufacturer, 'Lastgood')
      .setCharacteristic(Characteristic.Model, 'restic backup plan')
      .setCharacteristic(Characteristic.SerialNumber, accessory.context.planId)
      .setCharacteristic(Characteristic.FirmwareRevision, this.#around.version);
  }

  #service(kind: ServiceKind, part: Part): Service {
    const { hap } = this.#around.api;
    const present = this.accessory.getServiceById(hap.Service[kind], part);
    if (present !== undefined) return present;
    const name = this.#partName(part, this.name);
    const service = this.accessory.addService(hap.Service[kind], name, part);
    service.addOptionalCharacteristic(hap.Characteristic.ConfiguredName);
    service.setCharacteristic(hap.Characteristic.ConfiguredName, name);
    return service;
  }

  /** Services of an earlier version or setting. */
  #forgetOtherServices(): void {
    const { AccessoryInformation } = this.#around.api.hap.Service;
    const ours = new Set(this.#services.values());
    const others = this.accessory.services.filter(
      (service) => service.UUID !== AccessoryInformation.UUID && !ours.has(service),
    );
    for (const service of others) this.accessory.removeService(service);
  }

  #lastSuccessOf(service: Service): Characteristic {
    const { Characteristic } = this.#around.api.hap;
    const present = service.characteristics.find(({ UUID }) => UUID === LAST_SUCCESS_UUID);
    if (present !== undefined) return present;
    return service.addCharacteristic(
      new Characteristic(this.#around.texts.lastSuccess, LAST_SUCCESS_UUID, {
        format: 'string',
        // Read by those who are paired, and told of changes.
        perms: ['pr', 'ev'],
      } as CharacteristicProps),
    );
  }

  #attach(): void {
    const { Characteristic } = this.#around.api.hap;
    const main: Record<Part, Quality[]> = {
      run: ['On'],
      running: ['OccupancyDetected'],
      failed: ['ContactSensorState'],
      overdue: ['ContactSensorState'],
      freshness: ['BatteryLevel', 'StatusLowBattery', 'ChargingState'],
    };
    for (const [part, service] of this.#services) {
      for (const quality of main[part]) {
        service.getCharacteristic(Characteristic[quality]).onGet(() => this.#value(part, quality));
      }
    }
    this.#lastSuccess.onGet(() => lastSuccessText(this.#known(), this.#around.texts));
    this.#part('run')
      .getCharacteristic(Characteristic.On)
      .onSet((value) => (value === true || value === 1 ? this.#start() : this.#cancel()));
  }

  /** The plan's status; throws what HomeKit shows as "No Response" when it is not known. */
  #known(): PlanStatus {
    if (this.#status === null || !this.#around.isKnown())
      throw this.#refusal('SERVICE_COMMUNICATION_FAILURE');
    return this.#status;
  }

  #value(part: Part, quality: Quality): boolean | number {
    return this.#valuesOf(this.#known()).find((service) => service.part === part)?.values[quality] ?? 0;
  }

  #valuesOf(status: PlanStatus): ReturnType<typeof planToServices> {
    const services = planToServices(status, this.#around.clock.now());
    if (!this.#isCancelling) return services;
    return services.map((service) =>
      service.part === 'run' ? { ...service, values: { On: false } } : service,
    );
  }

  async #start(): Promise<void> {
    await this.#ask('run');
    this.#isCancelling = false;
  }

  async #cancel(): Promise<void> {
    if (!isUnderWay(this.#known())) return;
    if (!this.#around.cancelBySwitch) {
      this.#around.log.info(this.#around.texts.cancelNotAllowed(this.name));
      this.#settle(0);
      throw this.#refusal('NOT_ALLOWED_IN_CURRENT_STATE');
    }
    await this.#ask('cancel');
    this.#isCancelling = this.#status !== null && isUnderWay(this.#status);
  }

  /** Sends a command; throws what HomeKit shall be told when it was not followed. */
  async #ask(command: 'run' | 'cancel'): Promise<void> {
    const { log, texts } = this.#around;
    let refused: StatusName | null;
    try {
      const result = await this.#around.command(this.accessory.context.planId, command);
      refused = statusOfResult(result);
      if (!result.ok) log.warn(texts.refused(this.name, result.error.message));
      else if (result.reply.result === 'accepted') log.info(texts.asked(this.name, command));
    } catch (error) {
      refused = statusOfProblem(error);
      log.warn(`${texts.unanswered(this.name)} (${causeOf(error)}).`);
    }
    this.#settle(refused === null ? SETTLE_MS : 0);
    if (refused !== null) throw this.#refusal(refused);
  }

  /** Tells everybody what the switch really is: HomeKit thinks that a command came true, and remembers one that did not. */
  #settle(ms: number): void {
    this.#cancelSettling();
    this.#cancelSettling = this.#around.clock.after(ms, () => {
      if (this.#status === null || !this.#around.isKnown()) return;
      const on = this.#part('run').getCharacteristic(this.#around.api.hap.Characteristic.On);
      const isOn = isUnderWay(this.#status) && !this.#isCancelling;
      on.updateValue(isOn);
      // An update to the same value reaches nobody, so it is said aloud.
      if (ms === 0) on.sendEventNotification(isOn);
    });
  }

  #push(): void {
    if (this.#status === null) return;
    for (const { part, values } of this.#valuesOf(this.#status)) {
      const service = this.#services.get(part);
      if (service !== undefined) this.#update(service, values);
    }
    this.#lastSuccess.updateValue(lastSuccessText(this.#status, this.#around.texts));
  }

  #update(service: Service, values: Readonly<Partial<Record<Quality, boolean | number>>>): void {
    const { Characteristic } = this.#around.api.hap;
    for (const [quality, value] of Object.entries(values) as [Quality, boolean | number][]) {
      service.getCharacteristic(Characteristic[quality]).updateValue(value);
    }
  }

  /** A new name of the plan goes to HomeKit, except where a person chose another one there. */
  #rename({ id, name }: PlanStatus): void {
    const { api, texts } = this.#around;
    const { Characteristic, Service } = api.hap;
    const before = this.name;
    const now = accessoryName(name, id, texts.noun);
    if (now === before) return;
    this.accessory.context.name = now;
    this.accessory.displayName = now;
    this.accessory.getService(Service.AccessoryInformation)?.updateCharacteristic(Characteristic.Name, now);
    for (const [part, service] of this.#services) {
      const configured = service.getCharacteristic(Characteristic.ConfiguredName);
      if (configured.value === this.#partName(part, before))
        configured.updateValue(this.#partName(part, now));
    }
    api.updatePlatformAccessories([this.accessory]);
  }

  #logChanges(before: PlanStatus, now: PlanStatus): void {
    const { log, texts } = this.#around;
    if (now.failed && !before.failed) log.warn(texts.failed(this.name, now.reason));
    if (now.overdue && !before.overdue) log.warn(texts.overdue(this.name));
    const wasBad = before.failed || before.overdue;
    if (wasBad && !now.failed && !now.overdue) log.info(texts.good(this.name));
  }

  #part(part: Part): Service {
    const service = this.#services.get(part);
    if (service === undefined) throw new Error(`the accessory has no service ${part}`);
    return service;
  }

  #partName(part: Part, name: string): string {
    return this.#around.texts.parts[part].replace('{plan}', () => name);
  }

  #refusal(status: StatusName): Error {
    const { HapStatusError } = this.#around.api.hap;
    return new HapStatusError(HAP_STATUS[status]);
  }
}

/** When the last good backup was made, in the time zone of this machine. */
function lastSuccessText({ lastSuccessAt }: PlanStatus, texts: Texts): string {
  return lastSuccessAt === null ? texts.never : new Date(lastSuccessAt).toLocaleString('sv-SE').slice(0, 16);
}
