import type { PlanCredentials, PlanDefinition } from '../../nodes/backup-plan/definition.ts';
import { httpTarget } from '../http-address.ts';
import { Problem } from '../problem.ts';
import type { StreamSource } from '../restic/stream.ts';

/** What a plan saves that saves no folders; undefined for folders. Throws Problem that names the field. */
export function planStream(
  definition: PlanDefinition,
  credentials: PlanCredentials,
  plan: string,
): StreamSource | undefined {
  const { source } = definition;
  if (source !== 'command' && source !== 'download') return undefined;
  const name = (definition.sourceName ?? '').trim() || definition.key;
  if (!isFileName(name)) throw new Problem('plan-file-name', { plan, value: name.slice(0, 100) });
  if (source === 'command') {
    const [program = '', ...words] = definition.sourceCommand ?? [];
    if (program.trim() === '') throw new Problem('plan-command', { plan });
    return { kind: 'command', name, command: [program, ...words] };
  }
  const url = (definition.sourceUrl ?? '').trim();
  if (httpTarget(url) === undefined) throw new Problem('plan-download', { plan });
  return { kind: 'download', name, url, headers: credentials.sourceHeaders ?? '' };
}

/** restic makes folders of slashes, and takes no name of dots. */
function isFileName(name: string): boolean {
  return !/[/\0]/.test(name) && name !== '.' && name !== '..' && name.length <= 200;
}
