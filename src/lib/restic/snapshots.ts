import type { Failure, Snapshot } from './outcome.ts';
import type { ResticRepository } from './repository.ts';
import { DOCUMENT_BYTES } from './repository.ts';

/** A repository that does not answer within this time cannot be asked now. */
const ANSWER_WITHIN_MS = 60_000;

/** Tag of a snapshot that is not all of what its plan wanted. */
export const INCOMPLETE_TAG = 'incomplete';
/** Tag of a snapshot of a stream that had not yet proven whole; such a one is `incomplete` as well. */
export const UNFINISHED_TAG = 'unfinished';

/** The tags that connect snapshots with plans and runs; `plan:` and `created-by:` are those of Backrest. */
export const planTag = (planKey: string): string => `plan:${planKey}`;
export const runTag = (runId: string): string => `run:${runId}`;
export const CREATED_BY_TAG = 'created-by:lastgood';

/** Which snapshots; all that is set must hold. */
export interface SnapshotFilter {
  readonly planKey?: string;
  readonly runId?: string;
  readonly host?: string;
  /** Ids or beginnings of ids, or `latest`. */
  readonly ids?: readonly string[];
}

/** Arguments of `snapshots`, `find` and `stats` for a filter, without the ids. */
export function filterArguments(filter: SnapshotFilter): string[] {
  const tags = [
    ...(filter.planKey === undefined ? [] : [planTag(filter.planKey)]),
    ...(filter.runId === undefined ? [] : [runTag(filter.runId)]),
  ];
  return [
    // One --tag with a comma: both; two --tag: either.
    ...(tags.length === 0 ? [] : ['--tag', tags.join(',')]),
    ...(filter.host === undefined ? [] : ['--host', filter.host]),
  ];
}

/** restic's answer, or why there is none. */
export type Answer<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly failure: Failure };

/**
 * The repository's snapshots in restic's order. One restic process, in no lane and without a lock, so that it also
 * works on a read-only drive; ids that are not there are simply not in the list. Never rejects.
 */
export async function listSnapshots(
  repository: ResticRepository,
  filter: SnapshotFilter,
  signal?: AbortSignal,
): Promise<Answer<Snapshot[]>> {
  try {
    const { result, failure } = await repository.run({
      arguments: [
        'snapshots',
        '--json',
        '--no-lock',
        ...filterArguments(filter),
        '--',
        ...(filter.ids ?? []),
      ],
      collectStdout: DOCUMENT_BYTES,
      readsOnly: true,
      ...(signal === undefined ? {} : { signal }),
    });
    if (failure !== undefined) return { ok: false, failure };
    const snapshots = parseSnapshots(result.stdout);
    if (snapshots !== undefined) return { ok: true, value: snapshots };
    return { ok: false, failure: { class: 'unknown', reason: repository.text('snapshots.unreadable') } };
  } catch (error) {
    return { ok: false, failure: repository.failureOf(error) };
  }
}

/** What a repository says about a plan whose records were lost. */
export interface Testimony {
  /** The newest complete snapshot of the plan and host. */
  readonly newest?: Snapshot;
  /** Other hosts with snapshots of this plan's key: perhaps the first machine of a copied flow. */
  readonly otherHosts: readonly string[];
}

/** Lists that are being asked for, by repository. */
const listing = new WeakMap<ResticRepository, Promise<Answer<Snapshot[]>>>();

/** All snapshots of a repository; plans that ask at the same time (a house of plans after a loss) share one answer. */
function listShared(repository: ResticRepository): Promise<Answer<Snapshot[]>> {
  const present = listing.get(repository);
  if (present !== undefined) return present;
  const asked = listInLane(repository, {}, AbortSignal.timeout(ANSWER_WITHIN_MS)).finally(() =>
    listing.delete(repository),
  );
  listing.set(repository, asked);
  return asked;
}

/**
 * The last witness: the plan's newest snapshot by tag and host that is not tagged `incomplete`. Enters the
 * repository's lane (shared); one restic process however many plans ask at once. A failure, such as no answer within
 * a minute, never means "there is none".
 */
export async function newestGoodSnapshot(
  repository: ResticRepository,
  plan: { readonly planKey: string; readonly host: string },
): Promise<Answer<Testimony>> {
  const answer = await listShared(repository);
  if (!answer.ok) return answer;
  const ofPlan = answer.value.filter(({ tags }) => tags.includes(planTag(plan.planKey)));
  const mine = ofPlan.filter((snapshot) => snapshot.host === plan.host);
  const others = ofPlan.map((snapshot) => snapshot.host).filter((host) => host !== plan.host);
  const newest = newestOf(mine.filter((snapshot) => !snapshot.tags.includes(INCOMPLETE_TAG)));
  return {
    ok: true,
    value: { ...(newest === undefined ? {} : { newest }), otherHosts: [...new Set(others)].toSorted() },
  };
}

async function listInLane(
  repository: ResticRepository,
  filter: SnapshotFilter,
  signal?: AbortSignal,
): Promise<Answer<Snapshot[]>> {
  const hold = await repository.enterLane('shared', {}, signal);
  if (hold === undefined) {
    return { ok: false, failure: { class: 'interrupted', reason: repository.text('cancelled.queued') } };
  }
  try {
    return await listSnapshots(repository, filter, signal);
  } finally {
    hold.release();
  }
}

function newestOf(snapshots: readonly Snapshot[]): Snapshot | undefined {
  return snapshots.reduce<Snapshot | undefined>(
    (best, snapshot) => (best === undefined || snapshot.time > best.time ? snapshot : best),
    undefined,
  );
}

interface SnapshotJson {
  readonly id: string;
  readonly time: string;
  readonly hostname: string;
  readonly tags?: readonly string[] | null;
  readonly paths?: readonly string[] | null;
}

/** The list that `snapshots --json` prints; undefined when it is not one. Empty output is an empty list. */
export function parseSnapshots(stdout: string): Snapshot[] | undefined {
  if (stdout.trim() === '') return [];
  try {
    const list: unknown = JSON.parse(stdout);
    if (!Array.isArray(list)) return undefined;
    const entries: SnapshotJson[] = list;
    return entries.map((json) => ({
      id: json.id,
      time: new Date(json.time).toISOString(),
      host: json.hostname,
      tags: json.tags ?? [],
      paths: json.paths ?? [],
    }));
  } catch {
    return undefined;
  }
}
