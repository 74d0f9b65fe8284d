import { describe, expect, test } from 'vitest';
import { classify } from '../../src/lib/restic/process/classify.ts';
import { captures, operationOf, resultOf } from './restic-captures.ts';

describe.each([...new Set(captures.map(({ version }) => version))])('restic %s', (version) => {
  test.each(captures.filter((capture) => capture.version === version))('$scenario is $class', (capture) => {
    const c = classify({ ...operationOf(capture.argv), result: resultOf(capture) });
    const word = c.ghost === true ? `${c.class} (ghost success)` : (c.class ?? c.kind);
    expect(word).toBe(capture.class);
  });
});
