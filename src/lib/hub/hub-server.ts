import type { ServerResponse } from 'node:http';
import type { CommandReply, HubCommand, PlanStatus } from '../../protocol/protocol.ts';
import { PROTOCOL_VERSION } from '../../protocol/protocol.ts';
import type { Clock } from '../clock.ts';
import { answer, Refusal } from './answer.ts';
import { EventStreams } from './event-streams.ts';
import type { CommandAnswer } from './plan-command.ts';
import { RateLimit } from './rate-limit.ts';
import type { HubRequest, Wish } from './request.ts';
import { readPauseMs } from './request.ts';
import { Token } from './token.ts';

/** The plans that a hub shows. */
export interface PlansView {
  /**
   * What they are doing now: all of them, since a client forgets a plan that is missing. Undefined as long as that is
   * not known, after a start or a deploy.
   */
  list(): readonly PlanStatus[] | undefined;
  /**
   * Has a plan of the list do something.
   *
   * @param pauseMs how long a pause lasts; undefined: the default
   * @returns undefined when the plan cannot be run as it is, or has gone meanwhile
   */
  command(id: string, command: HubCommand, pauseMs?: number): Promise<CommandAnswer | undefined>;
}

/** Of each plan; more is no person and no automation, but a circle. */
const COMMANDS = { most: 20, withinMs: 60_000, mostKeys: 10_000 };

/** One hub as its clients see it: the events and commands of its plans, for who has its token. */
export class HubServer {
  readonly hubId: string;
  private readonly token: Token;
  private readonly plans: PlansView;
  private readonly clock: Clock;
  private readonly streams: EventStreams;
  private readonly commands = new RateLimit(COMMANDS);
  /** What was last told of each plan, as JSON: nothing is told twice. */
  private readonly told = new Map<string, string>();
  private closed = false;

  /**
   * @param hub `hubId` names the hub to its clients and should stay the same; `token` as its node's credentials have it
   * @throws Problem `token-short`
   */
  constructor(hub: { hubId: string; token: string; plans: PlansView; clock: Clock }) {
    this.hubId = hub.hubId;
    this.token = new Token(hub.token);
    this.plans = hub.plans;
    this.clock = hub.clock;
    this.streams = new EventStreams(hub.clock);
  }

  /** Open event streams. */
  get clients(): number {
    return this.streams.size;
  }

  get isClosed(): boolean {
    return this.closed;
  }

  /** Is it this hub's token? Takes as long for any other. */
  knows(token: string): boolean {
    return this.token.is(token);
  }

  /** Answers who has shown the token; throws a Refusal where the wish is not followed. */
  async follow(wish: Wish, request: HubRequest, response: ServerResponse): Promise<void> {
    const plans = this.closed ? undefined : this.plans.list();
    if (plans === undefined) {
      throw Refusal.later('not-ready', 'The flows were just deployed; their plans are being read.', 1000);
    }
    if (wish.kind === 'events') this.openStream(plans, response);
    else if (plans.some(({ id }) => id === wish.id))
      await this.obey(wish.id, wish.command, request, response);
    else throw unknownPlan();
  }

  /** A plan is there, or something about it has changed: its clients are told, once. */
  publish(status: PlanStatus): void {
    const text = JSON.stringify(status);
    if (this.closed || this.told.get(status.id) === text) return;
    this.told.set(status.id, text);
    this.streams.send({ event: 'plan', data: status });
  }

  /** A plan was deleted, or is no longer one of this hub's. */
  removed(id: string): void {
    this.told.delete(id);
    if (!this.closed) this.streams.send({ event: 'removed', data: { id } });
  }

  /** Ends all streams, at a redeploy too: clients come again and begin with a new snapshot. */
  close(): void {
    this.closed = true;
    this.streams.end();
    this.told.clear();
  }

  private openStream(plans: readonly PlanStatus[], response: ServerResponse): void {
    // Who is here already is not to know less than who comes now.
    for (const status of plans) this.publish(status);
    const data = { protocol: PROTOCOL_VERSION, hubId: this.hubId, plans } as const;
    this.streams.add(response, { event: 'snapshot', data });
  }

  private async obey(
    id: string,
    command: HubCommand,
    request: HubRequest,
    response: ServerResponse,
  ): Promise<void> {
    const pauseMs = await readPauseMs(request, command);
    const now = this.clock.now();
    const waitMs = this.commands.waitMs(id, now);
    if (waitMs > 0) {
      throw Refusal.later(
        'too-many-requests',
        `A plan takes ${COMMANDS.most} commands a minute. Does an automation go round in a circle?`,
        waitMs,
      );
    }
    this.commands.count(id, now);
    const done = await this.plans.command(id, command, pauseMs);
    if (done === undefined) {
      throw new Refusal('not-now', 'This plan cannot be run as it is. Its node in Node-RED says why.');
    }
    if (done.result === 'refused') throw new Refusal('not-now', done.message);
    const reply: CommandReply = { id, command, result: done.result, message: done.message };
    answer(response, 202, reply);
  }
}

function unknownPlan(): Refusal {
  return new Refusal('unknown-plan', 'This hub has no such plan. Its events say which plans there are.');
}
