import { newSightings, type Sightings } from './sightings.ts';
import { SLOTS } from './week.ts';

/** Ages of an absence are told apart by their length, each bin half as long again as the one before. */
export const AGE_BINS = 24;
/** Opinions of when a device comes back: evenly, by the week, by the length of the absence, by both. */
export const OPINIONS = 4;

/**
 * What was learned about when a device is there. Of a fixed size. Sums fade with a half-life, so that habits may
 * change. Times in ms since the epoch, durations within the sums in hours.
 */
export interface Model {
  /** Returns by half-hour of the local week. */
  readonly returns: Float32Array;
  /** Hours watched while it was away, likewise. */
  readonly away: Float32Array;
  /** Returns by age of the absence. */
  readonly ageReturns: Float32Array;
  /** Returns that the week alone would have had at that age. */
  readonly ageExpected: Float32Array;
  /** How far each opinion was right about the returns so far, log likelihood against the even one. */
  readonly merit: Float64Array;
  /** Returns that each opinion expected in the present absence. */
  readonly expected: Float64Array;
  /** Of the root of the hazard while away, relative to the even one: its sum, and hours. */
  rootSum: number;
  rootHours: number;
  /** Day since the epoch that the sums have faded to; -1: nothing is known. */
  day: number;
  /** The last look; -1: none yet. */
  lookedAt: number;
  /** First look of the present absence; -1: it is there, or nothing is known. */
  awaySince: number;
  /** Attempts of the last day, fading with it, at the moment `spentAt`. */
  spent: number;
  spentAt: number;
  readonly sightings: Sightings;
}

/** A model that knows nothing: it looks at even intervals. */
export function newModel(): Model {
  return {
    returns: new Float32Array(SLOTS),
    away: new Float32Array(SLOTS),
    ageReturns: new Float32Array(AGE_BINS),
    ageExpected: new Float32Array(AGE_BINS),
    merit: new Float64Array(OPINIONS),
    expected: new Float64Array(OPINIONS),
    rootSum: 24,
    rootHours: 24,
    day: -1,
    lookedAt: -1,
    awaySince: -1,
    spent: 0,
    spentAt: 0,
    sightings: newSightings(),
  };
}
