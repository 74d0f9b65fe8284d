import type { Reading, Said } from './reading.ts';
import { entityName } from './reading.ts';

/** The core watch node, on `/dev/disk/by-uuid` or on a mount point: the entity is the path that came or went. */
export function watchNode({ message, payload }: Said): Reading | undefined {
  const { event, file, filename } = message;
  if ((event !== 'update' && event !== 'remove') || typeof file !== 'string') return undefined;
  const entity = entityName(filename ?? payload);
  return { kind: 'edge', power: event === 'update' ? 'on' : 'off', entity, source: 'watch' };
}
