/** Where the work of a node sends what it has to say: the present instance of that node. */
export interface JobOutlet {
  /** Sends a message from an output, numbered from 0. */
  send(port: number, message: Record<string, unknown>): void;
}

/** Why a job is stopped. */
export type JobStop = 'cancel' | 'changed' | 'device' | 'shutdown';

/** A new instance of a node takes up the work of its predecessor within this time, or the work is stopped. */
export const ADOPTION_MS = 15_000;

/** Work that outlives the node instance that began it: a redeploy replaces nodes, not backups. */
export class Job {
  readonly nodeId: string;
  readonly controller: AbortController = new AbortController();
  /** Resolves when the work is over and everything was sent. */
  readonly finished: Promise<void>;
  /** What the work was begun with; undefined when its node, plan or repository is gone. */
  readonly fingerprint: () => string | undefined;
  private readonly begunWith: string | undefined;
  private outlet: JobOutlet | undefined;
  private over = false;
  private readonly kept: { port: number; message: Record<string, unknown> }[] = [];

  constructor(
    nodeId: string,
    outlet: JobOutlet,
    fingerprint: () => string | undefined,
    work: (job: Job) => Promise<void>,
  ) {
    this.nodeId = nodeId;
    this.outlet = outlet;
    this.fingerprint = fingerprint;
    this.begunWith = fingerprint();
    this.finished = work(this).finally(() => {
      this.over = true;
    });
  }

  /** The work is over and nothing waits to be sent. */
  get isDone(): boolean {
    return this.over && this.kept.length === 0;
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Why it was stopped, if it was. */
  get stopped(): JobStop | undefined {
    return this.signal.aborted ? (this.signal.reason as JobStop) : undefined;
  }

  stop(reason: JobStop): void {
    if (!this.signal.aborted) this.controller.abort(reason);
  }

  /** Sends by the present instance; kept for the next one while there is none. */
  send(port: number, message: Record<string, unknown>): void {
    if (this.outlet === undefined) this.kept.push({ port, message });
    else this.outlet.send(port, message);
  }

  /** The instance went away; another is expected. */
  detach(): void {
    this.outlet = undefined;
  }

  /** Whether it still does what the present configuration would do. */
  isUnchanged(): boolean {
    return this.begunWith !== undefined && this.fingerprint() === this.begunWith;
  }

  /** No instance has it. */
  get isOrphan(): boolean {
    return this.outlet === undefined;
  }

  /** A new instance takes over; what was kept leaves by it. */
  adopt(outlet: JobOutlet): void {
    this.outlet = outlet;
    for (const { port, message } of this.kept.splice(0)) outlet.send(port, message);
  }
}

/** The jobs of this process by node. */
export class Jobs {
  private readonly jobs = new Set<Job>();

  /** Begins work for a node. */
  begin(
    nodeId: string,
    outlet: JobOutlet,
    fingerprint: () => string | undefined,
    work: (job: Job) => Promise<void>,
  ): Job {
    const job = new Job(nodeId, outlet, fingerprint, work);
    this.jobs.add(job);
    const forget = (): void => this.forgetDone();
    job.finished.then(forget, forget);
    return job;
  }

  /** A new instance of a node takes over what its predecessor began. */
  adopt(nodeId: string, outlet: JobOutlet): void {
    for (const job of this.of(nodeId)) job.adopt(outlet);
    this.forgetDone();
  }

  of(nodeId: string): Job[] {
    return this.all().filter((job) => job.nodeId === nodeId);
  }

  all(): Job[] {
    return [...this.jobs];
  }

  private forgetDone(): void {
    for (const job of this.jobs) if (job.isDone) this.jobs.delete(job);
  }
}
