import type { Clock } from '../../clock.ts';
import type { ProgressTracker } from './progress.ts';

/** The stall limit is looked at in so many steps: after a suspend only one of them fires, and no healthy run is shot. */
const STALL_STEPS = 4;

const PROBE_PAUSE_MS = 10_000;
/** The list of mounts is read so often; that touches no drive. */
const MOUNT_LOOK_MS = 2000;

interface Limits {
  readonly clock: Clock;
  readonly stallMs?: number;
  readonly startLimitMs?: number;
  readonly driveProbe?: () => Promise<boolean>;
  readonly isMounted?: () => Promise<boolean>;
}

/**
 * Watches a running restic for what restic itself does not end: a drive that died, a server that never answered, a
 * stand-still. Lines of status are no sign of life, and neither are retries.
 */
export class Watch {
  readonly #limits: Limits;
  readonly #progress: ProgressTracker;
  readonly #stop: (reason: 'stall' | 'device' | 'network') => void;
  #ended = false;
  #timers: (() => void)[] = [];
  #alive = false;
  #seenGrowth = 0;
  #quietSteps = 0;
  #hasOutput = false;
  #retries = 0;
  #startLimitPassed = false;
  #probing = false;
  #probedAt = Number.NaN;

  constructor(
    limits: Limits,
    progress: ProgressTracker,
    stop: (reason: 'stall' | 'device' | 'network') => void,
  ) {
    this.#limits = limits;
    this.#progress = progress;
    this.#stop = stop;
  }

  /** restic runs. */
  start(): void {
    const { clock, stallMs, startLimitMs } = this.#limits;
    if (stallMs !== undefined) this.#step(stallMs / STALL_STEPS);
    if (this.#limits.isMounted !== undefined) this.#lookAtMount(this.#limits.isMounted);
    if (startLimitMs === undefined) return;
    this.#timers.push(
      clock.after(startLimitMs, () => {
        this.#startLimitPassed = true;
        this.#judgeStart();
      }),
    );
  }

  end(): void {
    this.#ended = true;
    for (const cancel of this.#timers) cancel();
    this.#timers = [];
  }

  /** Something came on stdout: restic got through to its repository. */
  output(): void {
    this.#hasOutput = true;
  }

  /** A line that is neither progress nor a retry. */
  life(): void {
    this.#alive = true;
  }

  /** restic said that it will try a back end operation again. */
  retry(): void {
    this.#retries += 1;
    this.#judgeStart();
    void this.#probe();
  }

  #judgeStart(): void {
    if (this.#startLimitPassed && this.#retries > 0 && !this.#hasOutput && !this.#ended)
      this.#stop('network');
  }

  #step(ms: number): void {
    const cancel = this.#limits.clock.after(ms, () => {
      this.#timers = this.#timers.filter((timer) => timer !== cancel);
      if (this.#ended) return;
      const { growth } = this.#progress;
      const quiet = !this.#alive && growth === this.#seenGrowth;
      this.#alive = false;
      this.#seenGrowth = growth;
      this.#quietSteps = quiet ? this.#quietSteps + 1 : 0;
      if (this.#quietSteps >= STALL_STEPS) this.#stop('stall');
      else this.#step(ms);
    });
    this.#timers.push(cancel);
  }

  /** A drive that was unmounted under restic, or pulled out: restic would go on, into nowhere. */
  #lookAtMount(isMounted: () => Promise<boolean>): void {
    const cancel = this.#limits.clock.after(MOUNT_LOOK_MS, () => {
      this.#timers = this.#timers.filter((timer) => timer !== cancel);
      isMounted().then(
        (well) => {
          if (this.#ended) return;
          if (well) this.#lookAtMount(isMounted);
          else this.#stop('device');
        },
        // A list that cannot be read says nothing.
        () => this.#ended || this.#lookAtMount(isMounted),
      );
    });
    this.#timers.push(cancel);
  }

  async #probe(): Promise<void> {
    const { clock, driveProbe } = this.#limits;
    if (driveProbe === undefined || this.#probing || this.#ended) return;
    if (Math.abs(clock.now() - this.#probedAt) < PROBE_PAUSE_MS) return;
    this.#probing = true;
    let well = true;
    try {
      well = await driveProbe();
    } catch {
      // A probe that fails has no answer; only a clear no stops restic.
    }
    this.#probing = false;
    this.#probedAt = clock.now();
    if (!well && !this.#ended) this.#stop('device');
  }
}
