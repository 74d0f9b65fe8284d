/** restic's `--keep-*`; an empty object keeps everything. */
export interface Retention {
  last?: number;
  hourly?: number;
  daily?: number;
  weekly?: number;
  monthly?: number;
  yearly?: number;
  /** restic's duration, such as `1y5m7d2h`. */
  within?: string;
}

const COUNTED = ['last', 'hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const;

/** What the dialog suggests, and applies only when the user chooses it. */
export const suggestedRetention: Readonly<Retention> = { daily: 7, weekly: 4, monthly: 12 };

/** The name of the first field of a policy that restic would not take, or undefined when all are good. */
export function invalidRetentionField(retention: Retention): keyof Retention | undefined {
  const bad = COUNTED.find((name) => {
    const count = retention[name];
    return count !== undefined && (!Number.isInteger(count) || count < 0);
  });
  if (bad !== undefined) return bad;
  const { within } = retention;
  const good = within === undefined || within === '' || /^(\d+[ymdh])+$/.test(within);
  return good ? undefined : 'within';
}

/**
 * The policy as arguments of `restic forget`; empty when it keeps everything. A count of 0 is "not set": restic
 * reads it so, and a policy of nothing but zeros must not become one that removes all.
 */
export function retentionArguments(retention: Retention): string[] {
  const counted = COUNTED.flatMap((name) => {
    const count = retention[name] ?? 0;
    return count > 0 ? [`--keep-${name}`, String(count)] : [];
  });
  const within = retention.within ?? '';
  return within === '' ? counted : [...counted, '--keep-within', within];
}
