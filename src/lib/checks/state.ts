import { parseDuration, roughDuration } from '../duration.ts';
import { shapeOf } from '../message.ts';
import type { CheckSpec, HouseValue } from './check.ts';
import { OPERATORS } from './check.ts';
import { compare, UNARY } from './compare.ts';
import type { CheckContext, FoundValue } from './context.ts';
import { foundState, isNothing, timeIn } from './found-state.ts';
import { valueName } from './subject.ts';
import type { Look, Verdict } from './verdict.ts';
import { seconds, verdict } from './verdict.ts';
import type { Ending } from './within.ts';
import { within } from './within.ts';

type StateSpec = Extract<CheckSpec, { kind: 'state' }>;

/** Clocks of two machines differ by so much. */
const CLOCKS_APART_MS = 60_000;
/** Longest value that a sentence quotes, in characters. */
const LONGEST_QUOTE = 60;

/** Whether a state of the house is as wanted, and recent enough. What nobody knows is `unknown`, never a yes. */
export async function checkState(spec: StateSpec, context: CheckContext, look: Look): Promise<Verdict> {
  const { readValue, clock } = context;
  const name = valueName(spec.of);
  if (readValue === undefined) return verdict('unknown', look, 'state.nowhere', { name });
  const maxAgeMs = ageLimit(spec.notOlderThan);
  if (maxAgeMs === 'invalid')
    return verdict('unknown', look, 'timeout', { timeout: (spec.notOlderThan ?? '').slice(0, 40) });

  let ending: Ending<AllValues>;
  try {
    // A context store may never answer.
    ending = await within(() => readAll(spec, readValue), look.timeoutMs, context);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return verdict('unknown', look, 'state.unreadable', { name, message });
  }
  if (ending.kind === 'cancelled') return verdict('unknown', look, 'cancelled');
  if (ending.kind === 'late')
    return verdict('unknown', look, 'state.timeout', { name, seconds: seconds(look) });
  const { of, than, since } = ending.value;

  const state = foundState(of.value);
  if (isNothing(state.value)) {
    const said = state.value === undefined ? 'missing' : 'nothing';
    return verdict('unknown', look, `state.${said}`, { name, value: quoted(state.value, spec.of) });
  }
  if (maxAgeMs !== undefined) {
    const sinceMs = since === undefined ? (state.sinceMs ?? of.sinceMs) : timeIn(since.value);
    const stale = staleness(sinceMs, maxAgeMs, clock.now());
    if (stale !== undefined) {
      const age = roughDuration(Math.max(0, clock.now() - (sinceMs ?? 0)), look.language);
      const value = quoted(state.value, spec.of);
      const values = { name, value, age, limit: spec.notOlderThan ?? '' };
      return verdict('unknown', look, `state.${stale}`, values);
    }
  }
  return judgeState(spec, state.value, than?.value, look);
}

/** The verdict from the values themselves. */
function judgeState(spec: StateSpec, found: unknown, than: unknown, look: Look): Verdict {
  const { operator } = spec;
  const name = valueName(spec.of);
  if (!OPERATORS.includes(operator)) return verdict('unknown', look, 'state.operator', { name });
  const wanted = foundState(than).value;
  if (!UNARY.has(operator) && isNothing(wanted))
    return verdict('unknown', look, 'state.nothing-to-compare', { name });
  const holds = compare(found, operator, wanted);
  const values = {
    name,
    value: quoted(found, spec.of),
    than: spec.than === undefined ? '' : quoted(wanted, spec.than),
  };
  if (typeof holds === 'string') return verdict('unknown', look, `state.${holds}`, values);
  return verdict(holds ? 'yes' : 'no', look, `state.${operator}.${holds ? 'yes' : 'no'}`, values);
}

interface AllValues {
  readonly of: FoundValue;
  readonly than?: FoundValue;
  readonly since?: FoundValue;
}

async function readAll(
  spec: StateSpec,
  readValue: (value: HouseValue) => Promise<FoundValue>,
): Promise<AllValues> {
  const { of, than, since } = spec;
  const isCompared = than !== undefined && !UNARY.has(spec.operator);
  return {
    of: await readValue(of),
    ...(isCompared ? { than: await readValue(than) } : {}),
    ...(since === undefined || since.value.trim() === '' ? {} : { since: await readValue(since) }),
  };
}

function ageLimit(text: string | undefined): number | undefined | 'invalid' {
  if (text === undefined || text.trim() === '') return undefined;
  return parseDuration(text) ?? 'invalid';
}

/** What is wrong with the age of a value; undefined when it is recent enough. */
function staleness(
  sinceMs: number | undefined,
  maxAgeMs: number,
  now: number,
): 'ageless' | 'future' | 'stale' | undefined {
  if (sinceMs === undefined) return 'ageless';
  // Else a wrong time zone would make a value fresh for hours.
  if (sinceMs > now + CLOCKS_APART_MS) return 'future';
  return now - sinceMs > maxAgeMs ? 'stale' : undefined;
}

/** A value as sentences show it. Variables of the environment may be secrets. */
function quoted(value: unknown, of: HouseValue): string {
  if (of.type === 'env') return '…';
  const isPlain = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
  const text = (isPlain ? String(value) : shapeOf(value)).replaceAll(/\p{Cc}/gu, ' ');
  return text.length <= LONGEST_QUOTE ? text : `${text.slice(0, LONGEST_QUOTE - 1)}…`;
}
