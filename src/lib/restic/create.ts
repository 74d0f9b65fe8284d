import { randomInt } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { mountOf, readMounts } from '../drive/mountinfo.ts';
import type { ProbeStat } from '../drive/probe.ts';
import { probe } from '../drive/probe.ts';
import type { Language } from '../language.ts';
import { translate } from '../language.ts';
import { repositoryIdentity } from './identity.ts';
import { localPath } from './lane.ts';
import type { OperationContext, OperationResult } from './operation.ts';
import { refused, resultOf } from './operation.ts';
import { isAbsent, LOOK_TIMEOUT_MS, place } from './place.ts';
import type { ResticRepository } from './repository.ts';

/** Something a person should know before a repository is created; `already-a-repository` forbids it. */
export interface PlaceWarning {
  readonly code:
    | 'already-a-repository'
    | 'not-empty'
    | 'same-file-system'
    | 'not-a-mount'
    | 'no-answer'
    | 'relative';
  readonly sentence: string;
}

/**
 * What speaks against a new repository at `url`, in the language; empty when nothing does, and for remote ones, which
 * only restic can look at. `dataPaths`: what would be backed up there. Never rejects.
 */
export async function inspectNewPlace(
  url: string,
  dataPaths: readonly string[],
  language: Language,
): Promise<PlaceWarning[]> {
  const path = localPath(url);
  if (path === undefined) return [];
  const warn = (code: PlaceWarning['code'], data = ''): PlaceWarning => ({
    code,
    sentence: translate(language, `restic:create.${code}`, { path, data }),
  });
  const [look, nearest, data] = await Promise.all([
    place(path),
    nearestFolder(path),
    Promise.all(dataPaths.map((source) => probe({ op: 'stat', path: source }, LOOK_TIMEOUT_MS))),
  ]);
  if (look.found === 'repository') return [warn('already-a-repository')];
  if (look.found === 'unknown' || nearest === undefined) return [warn('no-answer')];
  const warnings: PlaceWarning[] = [];
  if (!url.replace(/^local:/, '').startsWith('/')) warnings.push(warn('relative'));
  const content = look.found === 'no-repository' ? await readdir(path).catch(() => []) : [];
  if (content.length > 0) warnings.push(warn('not-empty'));
  const shared = dataPaths.find((_, index) => {
    const source = data[index];
    return source?.ok === true && source.device === nearest.device;
  });
  if (shared !== undefined) warnings.push(warn('same-file-system', shared));
  if (mountOf(nearest.realPath, await readMounts())?.mountPoint === '/') warnings.push(warn('not-a-mount'));
  return warnings;
}

/** The path itself or the nearest folder above it that exists; undefined when it does not answer. */
export async function nearestFolder(path: string): Promise<ProbeStat | undefined> {
  const found = await probe({ op: 'stat', path }, LOOK_TIMEOUT_MS);
  if (found.ok) return found;
  const parent = dirname(path);
  return isAbsent(found) && parent !== path ? nearestFolder(parent) : undefined;
}

/** Without i, l, o, 0 and 1, which are taken for one another. */
const LETTERS = 'abcdefghjkmnpqrstuvwxyz23456789';
const GROUPS = 6;
const GROUP_LENGTH = 4;

/** A password that is easy to type and has 118 bits: six groups of four, such as `k7qd-…`. */
export function proposePassword(): string {
  const letters = Array.from(
    { length: GROUPS * GROUP_LENGTH },
    () => LETTERS[randomInt(LETTERS.length)] ?? '',
  );
  const groups = Array.from({ length: GROUPS }, (_, at) =>
    letters.slice(at * GROUP_LENGTH, (at + 1) * GROUP_LENGTH),
  );
  return groups.map((group) => group.join('')).join('-');
}

/** Payload of `init`. */
export interface CreatedRepository {
  readonly repositoryId: string;
}

/**
 * `restic init`, the only thing that ever creates a repository, and only when a person asks for it. Refuses where
 * there is one already. The caller holds the lane (`runOperation` with `init` does).
 */
export async function createRepository(
  repository: ResticRepository,
  context: OperationContext,
): Promise<OperationResult> {
  const { localPath: path = '' } = repository;
  if (path !== '' && (await place(path)).found === 'repository') {
    return refused({ class: 'config', reason: repository.text('create.already-a-repository', { path }) });
  }
  const { hooks, signal } = context;
  const ended = await repository.run({
    arguments: ['init', '--json'],
    hooks,
    ...(signal === undefined ? {} : { signal }),
  });
  if (ended.failure !== undefined) return resultOf(repository, ended, undefined);
  // restic gives no id below 0.15, and the id of a local one is not restic's.
  const { id } = ended.result.initialized ?? {};
  if (typeof id === 'string' && path === '') return { kind: 'done', payload: { repositoryId: id } };
  const identity = await repositoryIdentity(repository);
  if (!identity.ok) return refused(identity.failure);
  return { kind: 'done', payload: { repositoryId: identity.value } satisfies CreatedRepository };
}
