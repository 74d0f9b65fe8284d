import { createHash, timingSafeEqual } from 'node:crypto';
import { SHORTEST_TOKEN } from '../../protocol/protocol.ts';
import { Problem } from '../problem.ts';

/** A token that is known again without being kept. */
export class Token {
  private readonly hash: Buffer;

  /** @throws Problem `token-short` */
  constructor(token: string) {
    if (token.length < SHORTEST_TOKEN) throw new Problem('token-short', { shortest: SHORTEST_TOKEN });
    this.hash = digest(token);
  }

  /** Takes as long whatever was offered: what is compared has one length, and is no part of the token. */
  is(offered: string): boolean {
    return timingSafeEqual(this.hash, digest(offered));
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
