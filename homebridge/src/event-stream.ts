/** One message of a stream of server-sent events. */
export interface StreamMessage {
  readonly event: string;
  readonly data: string;
}

/** A message may have so many characters; 500 plans need a tenth of it. */
const LARGEST_MESSAGE = 4_000_000;

/**
 * Reads server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html) from pieces of text that end
 * anywhere. Ids and retry times are not used by our protocol and are skipped.
 */
export class EventStreamReader {
  #rest = '';
  #event = '';
  #data: string[] = [];
  #size = 0;

  /**
   * The messages that this piece completes.
   *
   * @throws Error when a message is too large to be one of ours
   */
  read(piece: string): StreamMessage[] {
    const lines = (this.#rest + piece).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? '';
    const messages = lines.flatMap((line) => this.#line(line) ?? []);
    if (this.#size + this.#rest.length > LARGEST_MESSAGE)
      throw new Error('a message of the stream is too large');
    return messages;
  }

  #line(line: string): StreamMessage | undefined {
    if (line === '') return this.#end();
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') this.#event = value;
    if (field === 'data') {
      this.#data.push(value);
      this.#size += value.length;
    }
    return undefined;
  }

  #end(): StreamMessage | undefined {
    const message = { event: this.#event || 'message', data: this.#data.join('\n') };
    const isEmpty = this.#data.length === 0;
    this.#event = '';
    this.#data = [];
    this.#size = 0;
    return isEmpty ? undefined : message;
  }
}
