import { translate } from '../language.ts';
import type { TextValues } from '../problem.ts';
import type { Look, Verdict } from './verdict.ts';
import { verdict } from './verdict.ts';

/**
 * The verdict of what cannot be known here (not supported, not permitted, asleep): `unknown`, unless the user decided
 * what it is taken for; then the reason says so.
 */
export function notKnown(
  unknownIs: 'yes' | 'no' | undefined,
  look: Look,
  key: string,
  values: TextValues = {},
): Verdict {
  const said = verdict('unknown', look, key, values);
  if (unknownIs !== 'yes' && unknownIs !== 'no') return said;
  const reason = translate(look.language, `checks:not-known.${unknownIs}`, { reason: said.reason });
  return { answer: unknownIs, reason };
}
