import { type Model, newModel } from './model.ts';

/** What was learned, as the journal keeps it: sums as base64, 6 KB in all. */
export interface StoredModel {
  readonly version: 2;
  readonly sums: Readonly<Record<string, string>>;
  readonly numbers: Readonly<Record<string, number>>;
}

const NUMBERS = ['rootSum', 'rootHours', 'day', 'lookedAt', 'awaySince', 'spent', 'spentAt'] as const;

type Sums = Float32Array | Float64Array | Uint8Array;

function sumsOf(model: Model): Readonly<Record<string, Sums>> {
  const { returns, away, ageReturns, ageExpected, merit, expected } = model;
  const { looked, seen } = model.sightings;
  return { returns, away, ageReturns, ageExpected, merit, expected, looked, seen };
}

/** As it is kept; {@link readModel} makes the same model of it. */
export function storedModel(model: Model): StoredModel {
  const sums = Object.entries(sumsOf(model)).map(([name, values]) => [
    name,
    Buffer.from(values.buffer).toString('base64'),
  ]);
  const numbers = NUMBERS.map((name) => [name, model[name]]);
  return {
    version: 2,
    sums: Object.fromEntries(sums),
    numbers: { ...Object.fromEntries(numbers), week: model.sightings.week },
  };
}

/** What was kept; undefined when it is nothing that {@link storedModel} made. */
export function readModel(stored: unknown): Model | undefined {
  const { version, sums, numbers } = (stored ?? {}) as Partial<StoredModel>;
  if (version !== 2 || typeof sums !== 'object' || typeof numbers !== 'object') return undefined;
  const model = newModel();
  for (const [name, values] of Object.entries(sumsOf(model))) {
    const bytes = Buffer.from(String(sums[name] ?? ''), 'base64');
    if (bytes.byteLength !== values.byteLength) return undefined;
    new Uint8Array(values.buffer).set(bytes);
    if (!values.every(Number.isFinite)) return undefined;
  }
  for (const name of NUMBERS) {
    const value = numbers[name];
    if (!Number.isFinite(value)) return undefined;
    model[name] = Number(value);
  }
  if (!Number.isInteger(numbers['week']) || model.rootHours <= 0 || model.rootSum <= 0) return undefined;
  model.sightings.week = Number(numbers['week']);
  return model;
}
