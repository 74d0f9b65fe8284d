/// <reference types="jquery" />
import type { Retention } from '../lib/restic/retention.ts';
import { suggestedRetention } from '../lib/restic/retention.ts';
import { retentionAnswer } from './plan-validation.ts';
import { textsOf } from './red.ts';
import { showVerdict } from './verdict.ts';
import { editorLanguage } from './words.ts';

const COUNTED = ['last', 'hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const;
const text = textsOf('backup-plan');

/** What a policy does, in a sentence or two. */
function summary(retention: Retention): string {
  const parts: string[] = COUNTED.flatMap((name) => {
    const count = retention[name] ?? 0;
    return count > 0 ? [text(`keep.${name}`, { count })] : [];
  });
  if (retention.within) parts.push(text('keep.within', { within: retention.within }));
  if (parts.length === 0) return text('keep.everything');
  const list = new Intl.ListFormat(editorLanguage(), { type: 'conjunction' }).format(parts);
  return text('keep.some', { list });
}

/** The fields of the "Keep" tab; returns a function that reads what they hold. */
export function retentionFields(stored: Retention): () => Retention {
  const place = $('#backup-plan-retention').addClass('lastgood-numbers');
  const inputs = COUNTED.map((name) => {
    const id = `backup-plan-keep-${name}`;
    const input = $('<input type="number" min="0" max="9999" step="1">').attr('id', id);
    $('<div>')
      .append(
        $('<label>')
          .attr('for', id)
          .text(text(`label.keep.${name}`)),
        input,
      )
      .appendTo(place);
    return [name, input] as const;
  });
  const within = $('#backup-plan-within');

  const read = (): Retention => {
    const retention: Retention = {};
    for (const [name, input] of inputs) {
      const typed = Number(input.val());
      if (String(input.val()) !== '' && typed !== 0) retention[name] = typed;
    }
    const span = String(within.val()).trim();
    return span === '' ? retention : { ...retention, within: span };
  };
  const show = (): void => {
    for (const [, input] of inputs) {
      const typed = Number(input.val());
      input.toggleClass('input-error', !Number.isInteger(typed) || typed < 0);
    }
    within.toggleClass('input-error', !/^((\d+[ymdh])+)?$/.test(String(within.val()).trim()));
    const retention = read();
    const answer = retentionAnswer(retention);
    const all = Object.keys(retention).length === 0;
    showVerdict(
      '#backup-plan-retention-summary',
      answer === true
        ? { kind: all ? 'warn' : 'ok', text: summary(retention) }
        : { kind: 'bad', text: answer },
    );
  };
  const write = (retention: Readonly<Retention>): void => {
    for (const [name, input] of inputs) input.val(retention[name] ?? '');
    within.val(retention.within ?? '');
    show();
  };

  for (const [, input] of inputs) input.on('input', show);
  within.on('input', show);
  $('#backup-plan-suggested').on('click', () => write(suggestedRetention));
  $('#backup-plan-keep-all').on('click', () => write({}));
  write(stored);
  return read;
}
