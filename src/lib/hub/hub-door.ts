import type { ServerResponse } from 'node:http';
import { TOKEN_HEADER } from '../../protocol/protocol.ts';
import type { Clock } from '../clock.ts';
import { Refusal, refuse } from './answer.ts';
import type { HubServer } from './hub-server.ts';
import { RateLimit } from './rate-limit.ts';
import type { HubRequest } from './request.ts';
import { wishOf } from './request.ts';

/** From each address. A client with a wrong token that tries again every half minute stays below it. */
const WRONG_TOKENS = { most: 10, withinMs: 60_000, mostKeys: 1000 };
/** A hub that is being redeployed is back by then, or has gone. */
const RETURN_MS = 15_000;

/** What a door works with. */
export interface DoorServices {
  readonly clock: Clock;
  /** Something failed that is no client's fault. */
  report(error: unknown): void;
}

/** The one way in to all hubs of this Node-RED: the token says to which of them. */
export class HubDoor {
  private readonly services: DoorServices;
  private readonly hubs = new Set<HubServer>();
  private readonly wrongTokens = new RateLimit(WRONG_TOKENS);
  private began = false;

  constructor(services: DoorServices) {
    this.services = services;
  }

  /** Flows were started once: what is not here by now is not there at all. */
  begin(): void {
    this.began = true;
  }

  /** Lets clients in to a hub, until it is closed. */
  add(hub: HubServer): void {
    for (const former of this.hubs)
      if (former.isClosed && former.hubId === hub.hubId) this.hubs.delete(former);
    this.hubs.add(hub);
  }

  /**
   * Closes a hub. One that is only being redeployed keeps its place for a moment: to its clients, which take a wrong
   * token for final, it is not ready, and its token is right.
   */
  close(hub: HubServer, options: { forGood: boolean }): void {
    hub.close();
    if (options.forGood) this.hubs.delete(hub);
    else this.services.clock.after(RETURN_MS, () => this.hubs.delete(hub));
  }

  /**
   * Answers a request; false where no hub lets anybody in, and the path is as unknown as all others.
   *
   * @param unreadable why its body could not be read by who came before us
   */
  handle(request: HubRequest, response: ServerResponse, unreadable?: Refusal): boolean {
    if (this.began && this.hubs.size === 0) return false;
    this.serve(request, response, unreadable).catch((error: unknown) => {
      if (!(error instanceof Refusal)) this.services.report(error);
      refuse(response, error);
    });
    return true;
  }

  private async serve(request: HubRequest, response: ServerResponse, unreadable?: Refusal): Promise<void> {
    if (!this.began) throw Refusal.later('not-ready', 'Node-RED is still starting.', 1000);
    const hub = this.hubOf(request);
    const wish = wishOf(request);
    if (unreadable !== undefined) throw unreadable;
    await hub.follow(wish, request, response);
  }

  /** The hub whose token the request shows. Every hub is asked, so that the time tells nothing of which one it was. */
  private hubOf({ headers, socket }: HubRequest): HubServer {
    const address = networkOf(socket.remoteAddress ?? '');
    const now = this.services.clock.now();
    const waitMs = this.wrongTokens.waitMs(address, now);
    if (waitMs > 0) {
      throw Refusal.later('too-many-requests', 'Too many wrong tokens came from this address.', waitMs);
    }
    const offered = headers[TOKEN_HEADER.toLowerCase()];
    const known = [...this.hubs].filter((one) => typeof offered === 'string' && one.knows(offered));
    const hub = known.find((one) => !one.isClosed) ?? known[0];
    if (hub !== undefined) return hub;
    this.wrongTokens.count(address, now);
    throw new Refusal('wrong-token', `Send the token of the backup-hub in the header ${TOKEN_HEADER}.`, {
      'WWW-Authenticate': TOKEN_HEADER,
    });
  }
}

/** An address; of IPv6 the network, since one machine has as many addresses in it as it likes. */
function networkOf(address: string): string {
  if (!address.includes(':') || address.startsWith('::ffff:')) return address;
  const [front = ''] = address.split('::', 1);
  return front.split(':').slice(0, 4).join(':');
}
