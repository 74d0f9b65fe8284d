import { translate } from '../language.ts';
import { DEEPEST_GROUP, MOST_CHECKS, outOfBounds } from './bounds.ts';
import type { CheckReport, CheckResult, CheckSpec } from './check.ts';
import type { CheckContext } from './context.ts';
import { evaluate } from './evaluate.ts';
import { guarded } from './guarded.ts';
import { timed } from './leaf.ts';
import { checkRepository } from './repository.ts';
import { endpointSubject, repositoryEndpoint } from './repository-endpoint.ts';
import { checkSource } from './sources.ts';

/** The last resort for a look at a source or the repository's place, which have limits of 10 s of their own. */
const LONGEST_OBVIOUS_MS = 60_000;

/**
 * Looks once: at everything at the same time, or `inOrder` one after the other and no further after an answer that is
 * not yes. Results keep the order of `specs`. An empty list asks for the obvious: every source and the repository's
 * place. The plan's device is asked for once a look. Never rejects: a check that breaks is `unknown`, with the message.
 */
export async function runChecks(
  specs: readonly CheckSpec[],
  context: CheckContext,
  options: { readonly inOrder?: boolean } = {},
): Promise<CheckReport> {
  const bounds = outOfBounds(specs);
  if (bounds !== undefined) {
    const limits = { most: MOST_CHECKS, deepest: DEEPEST_GROUP };
    return reportOf([unreadable(translate(context.language, `checks:bounds.${bounds}`, limits))]);
  }
  const once = { ...context, ...deviceOnce(context) };
  const looks = specs.length === 0 ? obvious(once) : specs.map((spec) => () => evaluate(spec, once));
  if (options.inOrder !== true) return reportOf(await Promise.all(looks.map((look) => look())));
  const results: CheckResult[] = [];
  for (const look of looks) {
    const result = await look();
    results.push(result);
    // Unknown is as far from a yes as no: nothing that follows is worth waking a drive for.
    if (result.answer !== 'yes') break;
  }
  return reportOf(results);
}

function reportOf(results: readonly CheckResult[]): CheckReport {
  return {
    passed: results.every(({ answer }) => answer === 'yes'),
    results,
    reason: results.find(({ answer }) => answer !== 'yes')?.reason ?? '',
  };
}

/** The answer about a list that is not looked at. */
function unreadable(reason: string): CheckResult {
  return { kind: 'all', subject: '', answer: 'unknown', reason, durationMs: 0 };
}

function deviceOnce({ needDevice }: CheckContext): Pick<CheckContext, 'needDevice'> {
  if (needDevice === undefined) return {};
  let there: Promise<void> | undefined;
  return {
    needDevice: () => {
      there ??= needDevice();
      return there;
    },
  };
}

function obvious(context: CheckContext): (() => Promise<CheckResult>)[] {
  const what = { needsDevice: true, limitMs: LONGEST_OBVIOUS_MS };
  const looks = context.sources.map(
    (path) => () =>
      guarded(
        (inTime) => timed('sources', path, undefined, inTime, (look) => checkSource(path, look)),
        { ...what, kind: 'sources', subject: path },
        context,
      ),
  );
  const { repository } = context;
  if (repository === undefined) return looks;
  const endpoint = repositoryEndpoint(repository.url);
  const subject = endpointSubject(endpoint);
  return [
    ...looks,
    () =>
      guarded(
        (inTime) =>
          timed('repository', subject, undefined, inTime, (look) =>
            checkRepository(repository, endpoint, look),
          ),
        { ...what, kind: 'repository', subject },
        context,
      ),
  ];
}
