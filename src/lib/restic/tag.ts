import type { OperationContext } from './operation.ts';
import { inContext } from './operation.ts';
import type { Snapshot } from './outcome.ts';
import type { ResticRepository } from './repository.ts';
import type { Answer } from './snapshots.ts';
import { INCOMPLETE_TAG, listSnapshots, runTag, UNFINISHED_TAG } from './snapshots.ts';

/** restic gives a snapshot whose tags change a new id. */
export interface TaggedSnapshot {
  readonly snapshot: Snapshot;
  /** Why the tag is not there; empty when it is. */
  readonly problem: string;
}

/**
 * Marks a snapshot as incomplete, so that it never counts as a good backup, whoever looks. One restic process, a
 * second one below restic 0.18, which does not tell the new id. The caller holds the lane exclusively.
 */
export async function tagIncomplete(
  repository: ResticRepository,
  snapshot: Snapshot,
): Promise<TaggedSnapshot> {
  let newId: unknown;
  try {
    const { failure } = await repository.run({
      arguments: ['tag', '--json', '--add', INCOMPLETE_TAG, '--', snapshot.id],
      onDocument: (json) => {
        if (json['message_type'] === 'changed') newId = json['new_snapshot_id'];
      },
    });
    if (failure !== undefined) return untagged(repository, snapshot, failure.reason);
  } catch (error) {
    return untagged(repository, snapshot, repository.failureOf(error).reason);
  }
  const tags = [...snapshot.tags, INCOMPLETE_TAG];
  if (typeof newId === 'string') return { snapshot: { ...snapshot, id: newId, tags }, problem: '' };
  const [mine] = snapshot.tags.filter((tag) => tag.startsWith(runTag('')));
  const answer = await listSnapshots(
    repository,
    mine === undefined ? {} : { runId: mine.slice(runTag('').length) },
  );
  const found = answer.ok
    ? answer.value.find(
        ({ time, tags: now }) => now.includes(INCOMPLETE_TAG) && sameMoment(time, snapshot.time),
      )
    : undefined;
  return { snapshot: found ?? { ...snapshot, tags }, problem: '' };
}

/**
 * Takes the mark `incomplete` from the snapshot of a run, because a person accepted it as good; its present id, undefined
 * when it is not in the repository any more. Up to three restic processes. The caller holds the lane exclusively.
 */
export async function untagIncomplete(
  repository: ResticRepository,
  filter: { readonly planKey: string; readonly runId: string; readonly host: string },
  context: OperationContext,
): Promise<Answer<string | undefined>> {
  const marked = await listSnapshots(repository, filter, context.signal);
  if (!marked.ok) return marked;
  const incomplete = marked.value
    // Half a stream is nothing that can be accepted.
    .filter(({ tags }) => tags.includes(INCOMPLETE_TAG) && !tags.includes(UNFINISHED_TAG))
    .map(({ id }) => id);
  if (incomplete.length === 0) return { ok: true, value: marked.value[0]?.id };
  try {
    const { failure } = await repository.run({
      arguments: ['tag', '--remove', INCOMPLETE_TAG, '--', ...incomplete],
      ...inContext(context),
    });
    if (failure !== undefined) return { ok: false, failure };
  } catch (error) {
    return { ok: false, failure: repository.failureOf(error) };
  }
  const now = await listSnapshots(repository, filter, context.signal);
  return now.ok ? { ok: true, value: now.value[0]?.id } : now;
}

/**
 * Takes tags from one snapshot, which gets a new id: its id then. `time`: the snapshot's own. The caller holds the lane
 * exclusively. Two restic processes.
 */
export async function removeTags(
  repository: ResticRepository,
  snapshot: { readonly id: string; readonly runId: string; readonly time: string },
  tags: readonly string[],
): Promise<Answer<string>> {
  try {
    const { failure } = await repository.run({
      arguments: ['tag', ...tags.flatMap((tag) => ['--remove', tag]), '--', snapshot.id],
    });
    if (failure !== undefined) return { ok: false, failure };
  } catch (error) {
    return { ok: false, failure: repository.failureOf(error) };
  }
  const answer = await listSnapshots(repository, { runId: snapshot.runId });
  if (!answer.ok) return answer;
  const found = answer.value.find(
    ({ time, tags: now }) => sameMoment(time, snapshot.time) && !tags.some((tag) => now.includes(tag)),
  );
  if (found !== undefined) return { ok: true, value: found.id };
  return { ok: false, failure: { class: 'unknown', reason: repository.text('stream.unmarked') } };
}

/** A snapshot that could not be marked, for a reason. */
export function untagged(repository: ResticRepository, snapshot: Snapshot, reason: string): TaggedSnapshot {
  return { snapshot, problem: repository.text('partial.untagged', { reason }) };
}

function sameMoment(a: string, b: string): boolean {
  return Math.abs(Date.parse(a) - Date.parse(b)) < 1000;
}
