/// <reference types="jquery" />

/** How something went, for people: `busy` while it is being found out. */
export interface Verdict {
  readonly kind: 'ok' | 'warn' | 'bad' | 'busy';
  readonly text: string;
  /** Further sentences, one a line. */
  readonly details?: readonly string[];
}

const ICONS: Readonly<Record<Verdict['kind'], string>> = {
  ok: 'fa-check-circle',
  warn: 'fa-exclamation-triangle',
  bad: 'fa-times-circle',
  busy: 'fa-circle-o-notch fa-spin',
};

/** Shows a verdict in a place of the dialog, in place of what was there; undefined clears it. */
export function showVerdict(place: string | JQuery, verdict: Verdict | undefined): void {
  const box = typeof place === 'string' ? $(place) : place;
  box.empty();
  if (verdict === undefined) return;
  const message = $('<div>').append($('<span>').text(verdict.text));
  for (const detail of verdict.details ?? []) $('<p>').text(detail).appendTo(message);
  $('<div role="status">')
    .addClass(`lastgood-verdict lastgood-verdict-${verdict.kind}`)
    .append($('<i>').addClass(`fa ${ICONS[verdict.kind]}`), message)
    .appendTo(box);
}
