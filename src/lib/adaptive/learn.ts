import type { ZoneOffset } from '../time-zone.ts';
import { ageBin, type Hazard, hazardOf, mixed, opinionsAt, weightsOf } from './hazard.ts';
import { AGE_BINS, type Model, OPINIONS } from './model.ts';
import { sight } from './sightings.ts';
import { DAY_MS, HOUR_MS, SLOTS, slotEnd, weekMoment } from './week.ts';

const HALF_LIFE_DAYS = 42;
/** Between looks that are further apart it may have come and gone: nothing is said about the time between. */
const LONGEST_GAP_MS = DAY_MS / 2;
const MERIT_FADE = 0.95;
const MOST_MERIT = 4;
/** One return changes a merit by at most so much. */
const MERIT_STEP = 1.5;

/** Somebody looked at this moment (ms since the epoch), and it was there or not. */
export function learn(model: Model, at: number, there: boolean, offsetAt: ZoneOffset): void {
  fade(model, at);
  const gap = at - model.lookedAt;
  const isAway = model.awaySince !== -1;
  if (isAway && gap < 0) model.awaySince = Math.min(model.awaySince, at);
  if (isAway && model.lookedAt !== -1 && gap > 0 && gap <= LONGEST_GAP_MS) {
    watched(model, at, there, offsetAt);
  }
  if (there) {
    model.awaySince = -1;
    model.expected.fill(0);
  } else if (!isAway) {
    model.awaySince = at;
  }
  model.lookedAt = at;
  sight(model.sightings, weekMoment(at, offsetAt), there);
}

function fade(model: Model, at: number): void {
  const day = Math.floor(at / DAY_MS);
  if (model.day !== -1 && day > model.day) {
    const left = 2 ** (-(day - model.day) / HALF_LIFE_DAYS);
    const { returns, away, ageReturns, ageExpected } = model;
    for (const sums of [returns, away, ageReturns, ageExpected]) {
      for (let one = 0; one < sums.length; one += 1) sums[one] = (sums[one] ?? 0) * left;
    }
    model.rootSum *= left;
    model.rootHours *= left;
  }
  model.day = day;
}

/** A part of the time between two looks that lies in one half-hour. */
interface Piece {
  readonly hours: number;
  readonly slot: number;
  readonly bin: number;
  readonly opinions: readonly number[];
}

function piecesUntil(model: Model, at: number, hazard: Hazard, offsetAt: ZoneOffset): Piece[] {
  const pieces: Piece[] = [];
  for (let from = model.lookedAt; from < at; ) {
    const age = from - model.awaySince;
    const to = Math.min(at, slotEnd(from), from + Math.max(HOUR_MS / 30, age / 4));
    const middle = (from + to) / 2;
    const { slot } = weekMoment(middle, offsetAt);
    pieces.push({
      hours: (to - from) / HOUR_MS,
      slot: Math.floor(slot) % SLOTS,
      bin: ageBin(middle - model.awaySince),
      opinions: opinionsAt(hazard, slot, middle - model.awaySince),
    });
    from = to;
  }
  return pieces;
}

/** It was away at the last look, and the time since then was watched. */
function watched(model: Model, at: number, cameBack: boolean, offsetAt: ZoneOffset): void {
  const hazard = hazardOf(model);
  const weights = weightsOf(model);
  const pieces = piecesUntil(model, at, hazard, offsetAt);
  const added = new Float64Array(OPINIONS);
  for (const { hours, opinions } of pieces) {
    opinions.forEach((one, index) => {
      added[index] = (added[index] ?? 0) + one * hours;
    });
  }
  if (cameBack) judge(model, added);
  // Where in the time between it came back is not known: likelier where it was likelier.
  const shares = pieces.map(({ hours, opinions }) => hours * mixed(opinions, weights));
  const total = shares.reduce((sum, share) => sum + share, 0);
  let left = 1;
  pieces.forEach(({ hours, slot, bin, opinions }, index) => {
    const share = cameBack && total > 0 ? (shares[index] ?? 0) / total : 0;
    const awayHours = hours * Math.max(0, left - share / 2);
    left -= share;
    add(model.returns, slot, share);
    add(model.away, slot, awayHours);
    add(model.ageReturns, Math.min(bin, AGE_BINS - 1), share);
    add(model.ageExpected, Math.min(bin, AGE_BINS - 1), awayHours * (opinions[1] ?? 0));
    model.rootSum += awayHours * Math.sqrt(mixed(opinions, weights) / hazard.even);
    model.rootHours += awayHours;
  });
  for (let one = 0; one < OPINIONS; one += 1) add(model.expected, one, added[one] ?? 0);
}

function add(sums: Float32Array | Float64Array, index: number, value: number): void {
  sums[index] = (sums[index] ?? 0) + value;
}

/** Judges the opinions by a return, before it is learned from. */
function judge(model: Model, added: Float64Array): void {
  const likelihood = (one: number): number =>
    -(model.expected[one] ?? 0) + Math.log(-Math.expm1(-Math.max(added[one] ?? 0, 1e-12)));
  const even = likelihood(0);
  for (let one = 1; one < OPINIONS; one += 1) {
    const step = Math.max(-MERIT_STEP, Math.min(MERIT_STEP, likelihood(one) - even));
    const merit = MERIT_FADE * (model.merit[one] ?? 0) + step;
    model.merit[one] = Math.max(-MOST_MERIT, Math.min(MOST_MERIT, merit));
  }
}
