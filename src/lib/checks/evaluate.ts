import { parseDuration } from '../duration.ts';
import { translate } from '../language.ts';
import type { TextValues } from '../problem.ts';
import type { CheckGroup, CheckLeaf, CheckResult, CheckSpec } from './check.ts';
import { ACTING_KINDS, DEVICE_KINDS, isGroup } from './check.ts';
import type { CheckContext } from './context.ts';
import { groupVerdict } from './group-verdict.ts';
import { guarded } from './guarded.ts';
import { held } from './hold.ts';
import type { Threshold } from './kleene.ts';
import { certainAnswer, thresholdOf } from './kleene.ts';
import { lookAtLeaf } from './leaf.ts';
import { subjectOf, subjectsOf } from './subject.ts';
import type { Verdict } from './verdict.ts';
import { within } from './within.ts';

/** The longest time limit of any check that names none, and the longest that one waits for what it woke. */
const LONGEST_LIMIT_MS = 60_000;
const LONGEST_WAKING_MS = 180_000;

/** Makes one check that is no group. */
export type LeafLook = (spec: CheckLeaf, context: CheckContext) => Promise<CheckResult>;

/**
 * Looks at one check or group as configured, for as long as its hold time says. Its bounds have been seen to
 * (`outOfBounds`). Never rejects, and is over when the signal is aborted or a time limit is: what hangs is abandoned.
 */
export async function evaluate(
  spec: CheckSpec,
  context: CheckContext,
  leaf: LeafLook = lookAtLeaf,
): Promise<CheckResult> {
  const began = context.clock.now();
  const look = (): Promise<CheckResult> =>
    isGroup(spec) ? lookAtGroup(spec, context, leaf) : lookAtOne(spec, context, leaf);
  const timed = (result: CheckResult): CheckResult => ({
    ...result,
    durationMs: Math.max(0, context.clock.now() - began),
  });
  const holdMs = limitOf(spec.hold);
  if (holdMs === 'invalid')
    return timed(unknown(spec, context, 'hold-invalid', { hold: String(spec.hold).slice(0, 40) }));
  if (holdMs === undefined || holdMs === 0) return timed(await look());
  return timed((await held(look, holdMs, context)) ?? unknown(spec, context, 'cancelled'));
}

/** ms of a limit as typed; undefined: none. */
function limitOf(text: unknown): number | undefined | 'invalid' {
  if (text === undefined || text === null) return undefined;
  if (typeof text !== 'string') return 'invalid';
  return text.trim() === '' ? undefined : (parseDuration(text) ?? 'invalid');
}

function lookAtOne(spec: CheckLeaf, context: CheckContext, leaf: LeafLook): Promise<CheckResult> {
  const what = {
    kind: spec.kind,
    subject: subjectIn(spec),
    needsDevice: DEVICE_KINDS.has(spec.kind),
    limitMs: lastResort(spec),
  };
  return guarded((inTime) => leaf(spec, inTime), what, context);
}

/**
 * How long a check is waited for that does not keep its own time limit, ms: the last resort, so that no mistake in one
 * of them can hold a plan for ever. It is far enough from those limits for checks that look twice.
 */
function lastResort(spec: CheckLeaf): number {
  const timeout = limitOf(spec.timeout);
  const upTo = 'upTo' in spec ? limitOf(spec.upTo) : undefined;
  const waking = ACTING_KINDS.has(spec.kind) ? (typeof upTo === 'number' ? upTo : LONGEST_WAKING_MS) : 0;
  return 2 * ((typeof timeout === 'number' ? timeout : LONGEST_LIMIT_MS) + waking);
}

async function lookAtGroup(group: CheckGroup, context: CheckContext, leaf: LeafLook): Promise<CheckResult> {
  const threshold = thresholdOf(group);
  if (threshold === undefined)
    return unknown(group, context, group.checks.length === 0 ? 'group.empty' : 'group.count');
  const limitMs = limitOf(group.timeout);
  if (limitMs === 'invalid' || limitMs === 0)
    return unknown(group, context, 'timeout', { timeout: String(group.timeout).slice(0, 40) });

  const slots: (CheckResult | undefined)[] = group.checks.map(() => undefined);
  const ending = await within(
    (signal) => askParts(group, threshold, slots, { ...context, signal }, leaf),
    limitMs,
    context,
  );
  const parts = answered(slots);
  const answer = certain(threshold, parts);
  const said: Verdict =
    answer === undefined
      ? undecided(ending.kind, limitMs ?? 0, context)
      : groupVerdict(group, answer, parts, context.language);
  return { kind: group.kind, subject: subjectsOf(parts), ...said, durationMs: 0, parts };
}

/** Fills `slots` with the answers, in order and only as far as needed, or all at the same time. */
async function askParts(
  group: CheckGroup,
  threshold: Threshold,
  slots: (CheckResult | undefined)[],
  context: CheckContext,
  leaf: LeafLook,
): Promise<void> {
  const ask = async (spec: CheckSpec, at: number): Promise<void> => {
    slots[at] = await evaluate(spec, context, leaf);
  };
  if (group.inOrder !== true) {
    await Promise.all(group.checks.map(ask));
    return;
  }
  for (const [at, spec] of group.checks.entries()) {
    if (context.signal?.aborted === true || certain(threshold, answered(slots)) !== undefined) return;
    await ask(spec, at);
  }
}

function answered(slots: readonly (CheckResult | undefined)[]): CheckResult[] {
  return slots.filter((result) => result !== undefined);
}

function certain(threshold: Threshold, parts: readonly CheckResult[]): CheckResult['answer'] | undefined {
  return certainAnswer(
    threshold,
    parts.map(({ answer }) => answer),
  );
}

function undecided(ending: string, limitMs: number, { language }: CheckContext): Verdict {
  const key = ending === 'late' ? 'group.late' : 'cancelled';
  const seconds = Math.round(limitMs / 100) / 10;
  return { answer: 'unknown', reason: translate(language, `checks:${key}`, { seconds }) };
}

/** A check or group that cannot be looked at as configured, or not any more. */
function unknown(
  spec: CheckSpec,
  { language }: CheckContext,
  key: string,
  values: TextValues = {},
): CheckResult {
  const subject = isGroup(spec) ? '' : subjectIn(spec);
  return {
    kind: spec.kind,
    subject,
    answer: 'unknown',
    reason: translate(language, `checks:${key}`, values),
    durationMs: 0,
  };
}

/** The subject of a check as configured, which may hold anything. */
function subjectIn(spec: CheckLeaf): string {
  try {
    return subjectOf(spec);
  } catch {
    return '';
  }
}
