import { expect, test, vi } from 'vitest';
import { wattsAnswer } from '../../src/editor/plan-validation.ts';
import type { EditedNode } from '../../src/editor/red.ts';
import type { PlanDefinition } from '../../src/nodes/backup-plan/definition.ts';

vi.stubGlobal('RED', { _: (key: string) => key, i18n: { lang: () => 'en-US' } });

/** A stored plan with these watts for on; 3 unless set. */
function plan(wattsOn: number | '' | undefined): EditedNode<PlanDefinition> {
  return Object({ id: 'p1', wattsOn });
}

test.each<[wattsOn: number | '' | undefined, wattsOff: number | '' | undefined, isGood: boolean]>([
  [3, 1, true],
  [3, 3, false],
  ['', '', true],
  ['', 5, false],
  [undefined, 5, false],
  [0.5, '', false],
  [0.5, undefined, false],
  [5, 4.5, true],
])('watts for on %j and for off %j: %j, with the defaults for what is empty', (on, off, isGood) => {
  expect(wattsAnswer(plan(on), off, 'wattsOff') === true).toBe(isGood);
  expect(wattsAnswer(plan(on), on, 'wattsOn')).toBe(true);
});
