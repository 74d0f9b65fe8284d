/** Says whether a value of unknown origin has a shape. */
export type Shape = (value: unknown) => boolean;

/** The shapes of some of an object's properties. */
export type Fields<T> = { readonly [K in keyof T]?: Shape };

export const text: Shape = (value) => typeof value === 'string';
export const flag: Shape = (value) => typeof value === 'boolean';
export const list: Shape = (value) => Array.isArray(value);
/** A whole number from 0. */
export const count: Shape = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
/** A text that is a moment. */
export const time: Shape = (value) => typeof value === 'string' && !Number.isNaN(Date.parse(value));

/** One of these values. */
export function oneOf(values: Iterable<unknown>): Shape {
  const allowed = new Set(values);
  return (value) => allowed.has(value);
}

export function orNull(shape: Shape): Shape {
  return (value) => value === null || shape(value);
}

/** The property may be missing. */
export function optional(shape: Shape): Shape {
  return (value) => value === undefined || shape(value);
}

export function listOf(shape: Shape): Shape {
  return (value) => Array.isArray(value) && value.every(shape);
}

/** An object whose named properties have these shapes; others are not looked at. */
export function has<T>(fields: Fields<T>): Shape {
  const shapes = Object.entries(fields) as [string, Shape][];
  return (value) =>
    typeof value === 'object' &&
    value !== null &&
    shapes.every(([name, shape]) => shape((value as Record<string, unknown>)[name]));
}
