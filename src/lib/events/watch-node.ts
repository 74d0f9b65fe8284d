import type { Reading, Said } from './reading.ts';
import { entityName } from './reading.ts';

/**
 * The core watch node, on `/dev/disk/by-uuid`: the entity is the path that came or went. It tells of every drive; one that
 * was never seen to come is not missed when it goes.
 */
export function watchNode({ message, payload }: Said): Reading | undefined {
  const { event, file, filename } = message;
  if ((event !== 'update' && event !== 'remove') || typeof file !== 'string') return undefined;
  const entity = entityName(filename ?? payload);
  if (event === 'update') return { kind: 'edge', power: 'on', entity, source: 'watch' };
  return { kind: 'sync', power: 'off', entity, source: 'watch', initial: false };
}
