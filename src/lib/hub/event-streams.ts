import type { ServerResponse } from 'node:http';
import type { HubEvent } from '../../protocol/protocol.ts';
import { HEARTBEAT_MS } from '../../protocol/protocol.ts';
import type { Clock } from '../clock.ts';
import { prepare, Refusal } from './answer.ts';

/** More than any house has; who comes later is refused, so that those who are served stay served. */
export const MOST_STREAMS = 100;
/** What a reader may leave unread beyond its snapshot. Slower ones are dropped, and start with a snapshot again. */
const MOST_UNREAD_BYTES = 256 * 1024;
/** What a stream may take to end when the hub closes. */
const FAREWELL_MS = 1000;

/** The open event streams of one hub. */
export class EventStreams {
  private readonly clock: Clock;
  /** With what each of them may leave unread, bytes. */
  private readonly open = new Map<ServerResponse, number>();
  private cancelHeartbeat: (() => void) | undefined;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  get size(): number {
    return this.open.size;
  }

  /**
   * Answers with a stream that begins with `first`.
   *
   * @throws Refusal when there are too many
   */
  add(response: ServerResponse, first: HubEvent): void {
    if (response.destroyed) return;
    if (this.open.size >= MOST_STREAMS) {
      throw Refusal.later('too-many-streams', `This hub keeps ${MOST_STREAMS} open streams.`, HEARTBEAT_MS);
    }
    prepare(response);
    // nginx would hold events back; and a connection whose stream has ended is of no use to anybody.
    response.setHeader('X-Accel-Buffering', 'no');
    response.setHeader('Connection', 'close');
    response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8' });
    const text = message(first);
    this.open.set(response, Buffer.byteLength(text) + MOST_UNREAD_BYTES);
    const gone = (): void => this.forget(response);
    response.on('close', gone);
    response.on('error', gone);
    response.socket?.setNoDelay(true);
    response.write(text);
    this.cancelHeartbeat ??= this.clock.after(HEARTBEAT_MS, () => this.beat());
  }

  /** To all of them. */
  send(event: HubEvent): void {
    this.write(message(event));
  }

  /** Ends all of them; those who do not take leave in time are cut. */
  end(): void {
    const leaving = [...this.open.keys()];
    for (const response of leaving) {
      this.forget(response);
      response.end();
    }
    if (leaving.length === 0) return;
    this.clock.after(FAREWELL_MS, () => {
      for (const response of leaving) response.destroy();
    });
  }

  private beat(): void {
    this.cancelHeartbeat = this.clock.after(HEARTBEAT_MS, () => this.beat());
    this.write(':\n\n');
  }

  private write(text: string): void {
    const bytes = Buffer.from(text);
    for (const [response, mostUnread] of this.open) {
      if (response.writableLength + bytes.length > mostUnread) {
        this.forget(response);
        response.destroy();
      } else {
        response.write(bytes);
      }
    }
  }

  private forget(response: ServerResponse): void {
    this.open.delete(response);
    if (this.open.size > 0) return;
    this.cancelHeartbeat?.();
    this.cancelHeartbeat = undefined;
  }
}

/** In the form of server-sent events: JSON has no line breaks of its own. */
function message({ event, data }: HubEvent): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
