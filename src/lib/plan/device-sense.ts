import type { Power, PowerReading } from '../events/reading.ts';

/** What is new in a word about power: `repeated` is a change that was known already. */
export type News = 'appeared' | 'vanished' | 'repeated' | undefined;

/** Most entities that are told apart; the one that was silent longest is forgotten. */
export const MOST_ENTITIES = 64;

interface Entity {
  known: Power | undefined;
  /** It was unavailable just before. */
  lost: boolean;
  /** It has said "off" before: it will say so again. */
  saysOff: boolean;
  /** It is switched, not only measured. */
  switched: boolean;
  strip: string | undefined;
}

/**
 * What the devices of one plan said last, and what is new in their next word. In memory only: the first change that is
 * reported after a start is new, while a mere state is only taken down.
 */
export class DeviceSense {
  private readonly entities = new Map<string, Entity>();

  /** Takes a word down and tells what is new in it. */
  hear(reading: PowerReading): News {
    const { power } = reading;
    const entity = this.entity(reading.entity);
    const { known, lost } = entity;
    entity.known = power;
    entity.lost = false;
    if (power === 'off') entity.saysOff = true;
    if (reading.source !== 'watts') entity.switched = true;
    entity.strip = reading.strip;
    if (reading.kind === 'sync') {
      if (reading.initial || known === undefined || known === power) return undefined;
      if (power === 'off') return 'vanished';
      return lost ? undefined : 'appeared';
    }
    if (known === power) return 'repeated';
    if (power === 'off') return 'vanished';
    // Back from nowhere: it may have been on all the time.
    return lost ? undefined : 'appeared';
  }

  /** An entity, or everything of a device, cannot be heard: it is neither on nor off, and what comes back did not come. */
  lose(name: string): void {
    this.entity(name).lost = true;
    for (const [other, entity] of this.entities) if (isPartOf(other, name)) entity.lost = true;
  }

  known(name: string): Power | undefined {
    return this.entities.get(name)?.known;
  }

  /** Whether an entity, or an outlet of it, says in words whether it is on. */
  isSwitched(name: string): boolean {
    for (const [other, entity] of this.entities) {
      if (entity.switched && (other === name || isPartOf(other, name))) return true;
    }
    return false;
  }

  /** Whether two are outlets of one strip. */
  areNeighbours(one: string, other: string): boolean {
    const strip = this.entities.get(one)?.strip;
    return one !== other && strip !== undefined && this.entities.get(other)?.strip === strip;
  }

  /** The device was found to be gone: whoever never says "off" is believed anew when it says "on". */
  doubtSilent(): void {
    for (const entity of this.entities.values()) {
      if (entity.known === 'on' && !entity.saysOff) entity.known = undefined;
    }
  }

  private entity(name: string): Entity {
    const entity = this.entities.get(name) ?? {
      known: undefined,
      lost: this.isLostWithDevice(name),
      saysOff: false,
      switched: false,
      strip: undefined,
    };
    this.entities.delete(name);
    this.entities.set(name, entity);
    const [oldest] = this.entities.keys();
    if (this.entities.size > MOST_ENTITIES && oldest !== undefined) this.entities.delete(oldest);
    return entity;
  }

  private isLostWithDevice(name: string): boolean {
    for (const [other, { lost }] of this.entities) if (lost && isPartOf(name, other)) return true;
    return false;
  }
}

/** `plug/POWER1` is part of `plug`. */
export function isPartOf(name: string, device: string): boolean {
  return device !== '' && name.startsWith(`${device}/`);
}
