import type { Clock } from '../clock.ts';
import { LONGEST_TIMER_MS } from '../clock.ts';
import type { Power } from '../events/reading.ts';
import { isPartOf, MOST_ENTITIES } from './device-sense.ts';
import type { WattLimits } from './settings.ts';

/** On at the upper limit, off at the lower one; undefined between them, where nothing changes. */
export function powerAt(watts: number, limits: WattLimits): Power | undefined {
  if (watts >= limits.on) return 'on';
  return watts <= limits.off ? 'off' : undefined;
}

interface Hold {
  readonly power: Power;
  readonly cancel: () => void;
}

/** Watts beyond a limit count when they stayed there for a while. */
export class WattHold {
  private readonly holds = new Map<string, Hold>();

  /** Calls `then` when the entity's watts have stayed so for `ms`, counted from the first that were so. */
  begin(entity: string, power: Power, ms: number, clock: Clock, then: () => void): void {
    if (this.holds.get(entity)?.power === power) return;
    this.end(entity);
    if (this.holds.size >= MOST_ENTITIES) return;
    const cancel = clock.after(Math.min(ms, LONGEST_TIMER_MS), () => {
      this.holds.delete(entity);
      then();
    });
    this.holds.set(entity, { power, cancel });
  }

  /** They did not stay. */
  end(entity: string): void {
    this.holds.get(entity)?.cancel();
    this.holds.delete(entity);
  }

  /** The entity, or everything of a device, cannot be heard. */
  endAll(device: string): void {
    for (const entity of this.holds.keys()) {
      if (entity === device || isPartOf(entity, device)) this.end(entity);
    }
  }
}
