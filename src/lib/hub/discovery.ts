import { createRequire } from 'node:module';
import { PLAN_WORDS } from '../../protocol/protocol.ts';
import type { Language } from '../language.ts';
import { translate } from '../language.ts';
import { BACKUP_EVENTS } from './backup-event.ts';
import type { Entity } from './entities.ts';
import { HOUSE_ENTITIES, PROGRESS_ENTITY, planEntities } from './entities.ts';
import type { HubTopics } from './topics.ts';

/** This package, as it presents itself to Home Assistant. */
const PACKAGE = createRequire(import.meta.url)('../../../package.json') as {
  readonly name: string;
  readonly version: string;
  readonly homepage: string;
};

/** An entity as it stands in a discovery message; of one that is to be removed there is only the platform. */
export type Component = Readonly<Record<string, unknown>> & { readonly p: Entity['p'] };

/**
 * A device in Home Assistant's device-based discovery (MQTT integration, since 2024.12). Home Assistant refuses the whole
 * message for any other key at its root.
 */
export interface Discovery {
  readonly dev: Readonly<Record<string, unknown>>;
  readonly o: Readonly<Record<string, unknown>>;
  readonly availability?: readonly { readonly topic: string }[];
  readonly state_topic: string;
  readonly qos: 1;
  readonly cmps: Readonly<Record<string, Component>>;
}

/** What a hub was set to. */
export interface DiscoveryWishes {
  readonly topics: HubTopics;
  readonly language: Language;
  /** The broker node says there whether it is connected; without that entities would never be available. */
  readonly hasAvailability: boolean;
  readonly hasProgress: boolean;
}

/** The device of a plan. */
export function planDiscovery(plan: { key: string; name: string }, wishes: DiscoveryWishes): Discovery {
  const { topics } = wishes;
  const { key } = plan;
  const entities: Readonly<Record<string, Entity>> = {
    ...planEntities(PLAN_WORDS, BACKUP_EVENTS),
    ...(wishes.hasProgress ? { progress: PROGRESS_ENTITY } : {}),
  };
  const cmps = Object.entries(entities).map(([name, entity]) => [
    name,
    {
      ...component(name, entity, 'plan', topics.device(key), wishes.language),
      ...(entity.topic === undefined ? {} : { state_topic: topics.plan(key, entity.topic) }),
      ...(entity.isCommanded === true ? { command_topic: topics.plan(key, 'cmd') } : {}),
      ...('json_attributes_template' in entity.more
        ? { json_attributes_topic: topics.plan(key, 'state') }
        : {}),
    },
  ]);
  return {
    ...device(topics.device(key), plan.name, 'plan', wishes),
    state_topic: topics.plan(key, 'state'),
    qos: 1,
    cmps: Object.fromEntries(cmps),
  };
}

/** The device of the house: all plans of the hub together. */
export function houseDiscovery(wishes: DiscoveryWishes): Discovery {
  const { topics, language } = wishes;
  const cmps = Object.entries(HOUSE_ENTITIES).map(([name, entity]) => [
    name,
    component(name, entity, 'house', topics.device(), language),
  ]);
  return {
    ...device(topics.device(), translate(language, 'hub:device.house'), 'house', wishes),
    state_topic: topics.house,
    qos: 1,
    cmps: Object.fromEntries(cmps),
  };
}

function device(
  id: string,
  name: string,
  kind: 'plan' | 'house',
  { topics, hasAvailability, language }: DiscoveryWishes,
): Pick<Discovery, 'dev' | 'o' | 'availability'> {
  const model = translate(language, `hub:model.${kind}`);
  return {
    dev: { ids: [id], name, mf: 'Lastgood', mdl: model, sw: PACKAGE.version },
    o: { name: PACKAGE.name, sw: PACKAGE.version, url: PACKAGE.homepage },
    ...(hasAvailability ? { availability: [{ topic: topics.availability }] } : {}),
  };
}

function component(
  name: string,
  entity: Entity,
  kind: 'plan' | 'house',
  deviceId: string,
  language: Language,
): Component {
  const uniqueId = `${deviceId}_${name}`;
  return {
    p: entity.p,
    unique_id: uniqueId,
    default_entity_id: `${entity.p}.${uniqueId.toLowerCase().replaceAll('-', '_')}`,
    name: translate(language, `hub:entity.${kind}.${name}`),
    ...entity.more,
  };
}
