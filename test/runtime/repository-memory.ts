import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RepositoryMemory } from '../../src/lib/restic/repository-memory.ts';
import type { NodeRed } from './node-red.ts';

/** What Node-RED remembers of the only repository, and where. */
export function memory(nodeRed: NodeRed): { file: string; held: RepositoryMemory } {
  const folder = join(nodeRed.userDir, 'lastgood', 'repositories');
  const [name = ''] = readdirSync(folder);
  const file = join(folder, name);
  return { file, held: JSON.parse(readFileSync(file, 'utf8')) as RepositoryMemory };
}

/** As if the repository had been known for years: whatever upkeep is wished for is owed. */
export function ages(nodeRed: NodeRed): void {
  const { file, held } = memory(nodeRed);
  const since = '2020-01-01T00:00:00.000Z';
  const repositories = held.repositories.map((known) => ({ ...known, since }));
  writeFileSync(file, JSON.stringify({ ...held, repositories }));
}
