import { createHash } from 'node:crypto';
import type { Journal } from '../journal/journal.ts';
import { Problem } from '../problem.ts';
import type { Component, Discovery } from './discovery.ts';

/** Version of the shape below. */
export const RETAINED_SCHEMA = 1;

/** A message as a core `mqtt out` sends it. */
export interface MqttMessage {
  readonly topic: string;
  /** JSON; empty with `retain`: the broker forgets what it kept. */
  readonly payload: string;
  readonly qos: 0 | 1;
  readonly retain: boolean;
}

/** What a broker keeps on one topic. */
interface KeptTopic {
  readonly topic: string;
  /** Of a device: its entities and their platforms. Empty for a state. */
  readonly components: Readonly<Record<string, string>>;
}

/** What a hub has the broker keep: remembered, because a plan may be deleted while Node-RED is off. */
export interface RetainedMemory {
  readonly schema: typeof RETAINED_SCHEMA;
  readonly topics: readonly KeptTopic[];
}

/** Tells a whole memory from garbage. */
export function isRetainedMemory(value: unknown): value is RetainedMemory {
  const { schema, topics } = Object(value) as Partial<RetainedMemory>;
  return (
    schema === RETAINED_SCHEMA &&
    Array.isArray(topics) &&
    topics.every((kept: unknown) => {
      const { topic, components } = Object(kept) as Partial<KeptTopic>;
      return typeof topic === 'string' && typeof components === 'object' && components !== null;
    })
  );
}

/** Everything that the broker is to keep now. Discovery comes first: a state means nothing before it. */
export interface Wanted {
  readonly discoveries: ReadonlyMap<string, Discovery>;
  /** JSON by topic; a topic without a state yet is kept as it is. */
  readonly states: ReadonlyMap<string, string | undefined>;
}

/**
 * The retained messages of a hub: sends what changed, and takes away what is no longer wanted, with what earlier
 * processes left. Holds a digest for each topic, not the messages.
 */
export class Retained {
  private readonly name: string;
  private readonly journal: Journal<RetainedMemory>;
  private readonly send: (message: MqttMessage) => void;
  private readonly warn: (problem: Problem) => void;
  private readonly digests = new Map<string, string>();
  /** What the broker keeps, and what it was told to forget and may not have heard. */
  private kept = new Map<string, KeptTopic>();
  /** Those that the broker was told to forget, and may not have heard. */
  private readonly forgotten = new Set<string>();
  private loaded = false;
  /** Written by a newer version: read no more and never overwritten. */
  private isNewer = false;

  /** @param name of the hub's file in the journal */
  constructor(
    name: string,
    journal: Journal<RetainedMemory>,
    send: (message: MqttMessage) => void,
    warn: (problem: Problem) => void,
  ) {
    this.name = name;
    this.journal = journal;
    this.send = send;
    this.warn = warn;
  }

  /** One state, if it is another one than the broker has. */
  state(topic: string, payload: string): void {
    this.publish({ topic, payload, qos: 1, retain: true });
  }

  /**
   * Has the broker keep what is wanted and nothing else of ours. What it is to keep is remembered first.
   *
   * @param want asked again after that: what is sent is of now
   * @param anew send also what did not change: the broker or Home Assistant may have lost it
   * @param heard the broker was there a moment ago, so that what is taken away now need not be remembered
   */
  async bring(
    want: () => Wanted,
    how: { readonly anew?: boolean; readonly heard?: boolean } = {},
  ): Promise<void> {
    const { anew = false, heard = false } = how;
    await this.load();
    const topics = keptTopics(want());
    const gone = [...this.kept.values()].filter(({ topic }) => !topics.has(topic));
    const before = this.kept;
    const kept = new Map(topics);
    if (!heard) for (const one of gone) kept.set(one.topic, one);
    await this.remember(kept);
    if (anew) this.digests.clear();
    // A device goes before its state does, or it would be shown as unknown for a moment.
    for (const { topic } of gone.toSorted((a, b) => sizeOf(b) - sizeOf(a))) {
      this.digests.delete(topic);
      if (anew || !this.forgotten.has(topic)) this.send({ topic, payload: '', qos: 1, retain: true });
      if (heard) this.forgotten.delete(topic);
      else this.forgotten.add(topic);
    }
    for (const topic of topics.keys()) this.forgotten.delete(topic);
    const wanted = want();
    for (const [topic, discovery] of wanted.discoveries) {
      this.removeComponents(topic, discovery, before.get(topic));
      this.publish({ topic, payload: JSON.stringify(discovery), qos: 1, retain: true });
    }
    for (const [topic, payload] of wanted.states) if (payload !== undefined) this.state(topic, payload);
  }

  /** Home Assistant removes an entity when its component has nothing but the platform, once. */
  private removeComponents(topic: string, discovery: Discovery, before: KeptTopic | undefined): void {
    const gone = Object.entries(before?.components ?? {}).filter(([name]) => !(name in discovery.cmps));
    if (gone.length === 0) return;
    const removed = Object.fromEntries(gone.map(([name, p]) => [name, { p } as Component]));
    const payload = JSON.stringify({ ...discovery, cmps: { ...discovery.cmps, ...removed } });
    this.publish({ topic, payload, qos: 1, retain: true });
  }

  private publish(message: MqttMessage): void {
    const digest = createHash('sha1').update(message.payload).digest('base64');
    if (this.digests.get(message.topic) === digest) return;
    this.digests.set(message.topic, digest);
    this.send(message);
  }

  private async load(): Promise<void> {
    if (this.loaded) return;
    this.loaded = true;
    try {
      const entry = await this.journal.load(this.name);
      if (entry.found === 'state') this.kept = new Map(entry.state.topics.map((kept) => [kept.topic, kept]));
      this.isNewer = entry.found === 'newer';
    } catch (error) {
      // Without it, what earlier processes left on the broker stays there.
      this.tell(error);
    }
  }

  private async remember(kept: Map<string, KeptTopic>): Promise<void> {
    const isSame = JSON.stringify([...kept.values()]) === JSON.stringify([...this.kept.values()]);
    this.kept = kept;
    if (isSame || this.isNewer) return;
    try {
      await this.journal.save(this.name, { schema: RETAINED_SCHEMA, topics: [...kept.values()] });
    } catch (error) {
      this.tell(error);
    }
  }

  private tell(cause: unknown): void {
    this.warn(cause instanceof Problem ? cause : new Problem('journal-unwritable', { path: '' }, { cause }));
  }
}

function keptTopics({ discoveries, states }: Wanted): Map<string, KeptTopic> {
  const topics = new Map<string, KeptTopic>();
  for (const [topic, { cmps }] of discoveries) {
    const platforms = Object.entries(cmps).map(([name, { p }]) => [name, p]);
    topics.set(topic, { topic, components: Object.fromEntries(platforms) });
  }
  for (const topic of states.keys()) topics.set(topic, { topic, components: {} });
  return topics;
}

function sizeOf({ components }: KeptTopic): number {
  return Object.keys(components).length;
}
