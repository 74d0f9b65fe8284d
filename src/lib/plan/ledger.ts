import type { Journal } from '../journal/journal.ts';
import { Problem } from '../problem.ts';
import type { PlanState } from './state.ts';

/**
 * The present state of a plan and its way to the disk. A change counts at once for every later decision, and what
 * follows from it (messages, mirror) happens only after the journal has it, in the order of the changes. A journal that
 * cannot be written is said aloud and stops nothing: a backup without a journal is better than no backup.
 */
export class Ledger {
  private current: PlanState;
  private tail: Promise<void> = Promise.resolve();
  private readonly journal: Journal<PlanState>;
  private readonly warn: (problem: Problem) => void;
  private readonly committed: (state: PlanState) => void;

  /**
   * @param committed called after each state has been written
   * @param warn called when the journal could not be written
   */
  constructor(
    state: PlanState,
    journal: Journal<PlanState>,
    committed: (state: PlanState) => void,
    warn: (problem: Problem) => void,
  ) {
    this.current = state;
    this.journal = journal;
    this.committed = committed;
    this.warn = warn;
  }

  get state(): PlanState {
    return this.current;
  }

  /** Takes a new state. `then` runs once it is on the disk; the promise resolves after that and never rejects. */
  commit(next: PlanState, then?: () => void): Promise<void> {
    const state: PlanState = { ...next, revision: this.current.revision + 1 };
    this.current = state;
    this.tail = this.tail.then(async () => {
      try {
        await this.journal.save(state.plan, state);
      } catch (error) {
        this.warn(
          error instanceof Problem
            ? error
            : new Problem('journal-unwritable', { path: '' }, { cause: error }),
        );
      }
      this.attempt(() => this.committed(state));
      if (then !== undefined) this.attempt(then);
    });
    return this.tail;
  }

  /** Resolves when everything that was committed so far is on the disk. */
  settled(): Promise<void> {
    return this.tail;
  }

  /** A node that throws while it is told must not stop the plan. */
  private attempt(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.warn(new Problem('internal', { detail: String(error) }, { cause: error }));
    }
  }
}
