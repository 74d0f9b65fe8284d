import { isEnvironmentReference, textsOf } from '../../editor/red.ts';
import type { CheckAnswer, CheckReport, CheckResult, CheckSpec } from '../../lib/checks/check.ts';
import { isListedGroup } from './check-kinds.editor.ts';
import { checkSentence } from './check-sentence.editor.ts';

const text = textsOf('precondition-check');

/** How an answer looks beside its words. */
export const ANSWER_ICONS: Readonly<Record<CheckAnswer | 'unneeded', string>> = {
  yes: 'fa-check-circle',
  no: 'fa-times-circle',
  unknown: 'fa-question-circle',
  unneeded: 'fa-minus-circle',
};

/** A check and the answer to it; without an answer it was not needed, without a check nobody knows which it was. */
export interface Answered {
  readonly spec?: CheckSpec;
  readonly result?: CheckResult;
}

/** Of checks of one kind, any may lack its answer: the path or the host tells whose answer it is. */
function isAnswerTo(spec: CheckSpec, result: CheckResult | undefined): boolean {
  const { kind, path, host }: Readonly<Record<string, unknown>> = Object(spec);
  const place = path ?? host;
  if (result?.kind !== kind) return false;
  return (
    typeof place !== 'string' || isEnvironmentReference(place) || result?.subject.includes(place) === true
  );
}

/**
 * Puts checks and answers together: answers come in the order of the checks, and those that were not needed are
 * missing. Where the two do not fit, as after an edit, the answers alone are shown.
 */
export function together(specs: readonly CheckSpec[], results: readonly CheckResult[]): Answered[] {
  const rest = [...results];
  const answered = specs.map((spec): Answered => {
    const result = isAnswerTo(spec, rest[0]) ? rest.shift() : undefined;
    return result === undefined ? { spec } : { spec, result };
  });
  return rest.length === 0 ? answered : results.map((result) => ({ result }));
}

function nameOf({ spec, result }: Answered): string {
  if (spec !== undefined && !isListedGroup(spec)) return checkSentence(spec);
  const kind = spec?.kind ?? result?.kind ?? '';
  const name = text(`kind.${kind}.name`);
  if (spec !== undefined && spec.kind === 'at-least')
    return text('result.atLeast', { count: spec.count ?? '?' });
  const isWhole = spec !== undefined || result?.parts !== undefined || !result?.subject;
  return isWhole ? name : text('result.subject', { name, subject: result.subject });
}

function branch(answered: Answered): JQuery {
  const { spec, result } = answered;
  const answer = result?.answer ?? 'unneeded';
  const quoted =
    result?.parts?.some((part) => part.reason !== '' && result.reason.includes(part.reason)) ?? false;
  const said = $('<div>').append(
    $('<span class="lastgood-result-name">').text(nameOf(answered)),
    $('<span class="lastgood-result-answer">').text(text(`answer.${answer}`)),
    // A group quotes what its checks say, which stands below.
    $('<div class="lastgood-result-reason">').text(quoted ? '' : (result?.reason ?? '')),
  );
  const item = $('<li>')
    .addClass(`lastgood-result-${answer}`)
    .append($('<div class="lastgood-result">').append($('<i>').addClass(`fa ${ANSWER_ICONS[answer]}`), said));
  const specs = spec !== undefined && isListedGroup(spec) ? spec.checks : [];
  const parts = result?.parts ?? [];
  if (specs.length + parts.length > 0) item.append(tree(specs, parts));
  return item;
}

function tree(specs: readonly CheckSpec[], results: readonly CheckResult[]): JQuery {
  return $('<ul class="lastgood-results">').append(together(specs, results).map(branch));
}

/** Every answer of a look, as a tree in words; `specs`: the checks that were looked at, as far as known. */
export function resultTree(specs: readonly CheckSpec[], report: CheckReport): JQuery {
  return tree(specs, report.results);
}
