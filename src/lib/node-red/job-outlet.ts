import type { Node } from 'node-red';
import { ADOPTION_MS } from '../job.ts';
import type { Household } from './household.ts';

/** Node-RED waits 15 s for a node to close, a container is shot after 10 s in all. */
const STOP_WITHIN_MS = 8000;

/**
 * Closes a node that may have work under way. A redeploy leaves the work to the next instance of the node; work that
 * nobody takes up is stopped. When the node was removed its work is stopped, and when Node-RED itself stops (which has
 * already told all jobs), restic gets the time it needs to remove its lock.
 */
export function closeJobs(household: Household, node: Node, removed: boolean, done: () => void): void {
  const jobs = household.jobs.of(node.id);
  for (const job of jobs) {
    job.detach();
    if (removed) job.stop('cancel');
  }
  if (household.stopping && jobs.length > 0) {
    const settled = Promise.allSettled(jobs.map((job) => job.finished));
    const limit = new Promise<void>((resolve) => setTimeout(resolve, STOP_WITHIN_MS).unref());
    void Promise.race([settled, limit]).then(() => done());
    return;
  }
  if (!removed && jobs.length > 0) {
    setTimeout(() => {
      for (const job of jobs) if (job.isOrphan) job.stop('changed');
    }, ADOPTION_MS).unref();
  }
  done();
}
