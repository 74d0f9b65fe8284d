import type { DayWindow } from '../day-window.ts';
import type { Tiers } from './tiers.ts';

/** When a gate speaks about its plans. */
export interface AlertPolicy {
  readonly tiers: Tiers;
  /** Holds back all but what is critical; null: none. */
  readonly quiet: DayWindow | null;
  /** Plans that wait for the same device are told in one alert. */
  readonly gathers: boolean;
}
