import { translate } from '../language.ts';
import type { TextValues } from '../problem.ts';
import type { CheckResult } from './check.ts';
import type { CheckContext } from './context.ts';
import { within } from './within.ts';

/** What is looked at, and how. */
export interface Guarded {
  readonly kind: CheckResult['kind'];
  readonly subject: string;
  /** The plan's device is switched on and mounted first. */
  readonly needsDevice: boolean;
  /** ms, without the time that the device takes; a look that is not over then is abandoned. */
  readonly limitMs: number;
}

/** Makes a look that may hang, throw or need the plan's device. Never rejects: whatever goes wrong is `unknown`. */
export async function guarded(
  look: (context: CheckContext) => Promise<CheckResult>,
  what: Guarded,
  context: CheckContext,
): Promise<CheckResult> {
  const { kind, subject, limitMs, needsDevice } = what;
  const because = (reason: string): CheckResult => ({
    kind,
    subject,
    answer: 'unknown',
    reason,
    durationMs: 0,
  });
  const unknown = (key: string, values: TextValues = {}): CheckResult =>
    because(translate(context.language, `checks:${key}`, values));
  const { needDevice } = context;
  try {
    if (needsDevice && needDevice !== undefined) {
      const there = await within(() => needDevice(), undefined, context);
      if (there.kind !== 'done') return unknown('cancelled');
    }
  } catch (error) {
    return because(messageOf(error));
  }
  try {
    const ending = await within((signal) => look({ ...context, signal }), limitMs, context);
    if (ending.kind === 'done') return ending.value;
    return ending.kind === 'cancelled'
      ? unknown('cancelled')
      : unknown('late', { seconds: Math.round(limitMs / 1000) });
  } catch (error) {
    return unknown('broken', { message: messageOf(error) });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
