import { vi } from 'vitest';

/** Waits until an assertion holds; generous, because the machine may be busy. */
export function until<T>(assertion: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(assertion, { timeout: 50_000, interval: 10 });
}
