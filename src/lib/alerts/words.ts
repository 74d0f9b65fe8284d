import type { Language } from '../language.ts';
import { translate } from '../language.ts';
import type { PlanCommand } from '../plan/commands.ts';
import type { TextValues } from '../problem.ts';
import type { Alert, AlertAnswer } from './alert.ts';
import type { PendingAlert } from './trouble.ts';

/** What the words of an alert are made of. Moments and ages are words already. */
export interface AlertFacts {
  /** Whom it is about; the first one is told by name. */
  readonly plans: readonly { readonly plan: string; readonly name: string }[];
  /** The device or place that is waited for; empty: nothing is, or it has no name. */
  readonly device: string;
  /** They wait for something that can be plugged in or switched on. */
  readonly isAbsent: boolean;
  /** When the last good backup was made; empty: never. */
  readonly lastGood: string;
  /** How old it is, else for how long one has been owed. */
  readonly age: string;
  /** Since when the trouble, or the pause, lasts. */
  readonly since: string;
  /** Why there is no good backup, one sentence; it may say what to do. */
  readonly reason: string;
}

/** Commands that help, in the order of the buttons; the last two put the matter off. */
const ANSWERS: Readonly<Record<PendingAlert['kind'], readonly (readonly [PlanCommand, string?])[]>> = {
  late: [['run'], ['pause', '1d'], ['skip']],
  'gave-up': [['run'], ['pause', '1d']],
  'power-up-failed': [['run'], ['pause', '1d']],
  'held-back': [['accept'], ['run']],
  'snapshot-vanished': [['run']],
  'maintenance-failed': [['run']],
  paused: [['resume'], ['run']],
  recovered: [],
};

/** The alert as it is sent. */
export function worded(alert: PendingAlert, facts: AlertFacts, language: Language): Alert {
  const { kind, severity, since } = alert;
  const { plans } = facts;
  const values: TextValues = {
    name: plans[0]?.name ?? '',
    names: plans.map(({ name }) => name).join(translate(language, 'alerts:comma')),
    count: plans.length,
    device: facts.device || translate(language, 'alerts:sameDrive'),
    lastGood: facts.lastGood,
    age: facts.age,
    since: facts.since,
    reason: facts.reason,
  };
  const say = (key: string): string => translate(language, `alerts:${key}`, values);
  const variant = variantOf(alert, facts);
  const advice = kind === 'recovered' ? '' : say(`advice.${adviceOf(alert, facts)}`);
  const text = [say(`text.${variant}`), facts.reason, advice]
    .filter((part) => part !== '')
    .join(language === 'zh-CN' ? '' : ' ');
  return {
    kind,
    severity,
    title: say(`title.${variant}`),
    text,
    advice,
    since,
    plans,
    answers: answers(alert, facts, language),
  };
}

function variantOf({ kind, subject }: PendingAlert, { plans, lastGood }: AlertFacts): string {
  if (kind === 'maintenance-failed' || kind === 'recovered') return `${kind}.${subject}`;
  if (kind !== 'late') return kind;
  if (plans.length > 1) return 'late.many';
  return lastGood === '' ? 'late.never' : 'late.one';
}

function adviceOf({ kind }: PendingAlert, { isAbsent }: AlertFacts): string {
  if (kind !== 'late') return kind;
  return isAbsent ? 'late.absent' : 'late.other';
}

function answers({ kind }: PendingAlert, { plans }: AlertFacts, language: Language): readonly AlertAnswer[] {
  const keys = plans.map(({ plan }) => plan);
  return ANSWERS[kind].map(([command, length]) => ({
    id: `lastgood/${command}${length === undefined ? '' : `=${length}`}/${keys.join(',')}`,
    label: translate(language, `alerts:answer.${command}`),
    message: { payload: { command, ...(length === undefined ? {} : { for: length }), plans: keys } },
  }));
}
