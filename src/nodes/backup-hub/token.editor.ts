/// <reference types="jquery" />
import { textsOf } from '../../editor/red.ts';
import { EVENTS_PATH, SHORTEST_TOKEN, TOKEN_HEADER } from '../../protocol/protocol.ts';

const text = textsOf('backup-hub');

/** What the editor shows of a credential that is on the server. */
const KEPT = '__PWRD__';
/** Bytes of a new token. */
const TOKEN_BYTES = 32;

/** A token that nobody guesses, of characters that need no quoting anywhere. */
export function newToken(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(TOKEN_BYTES));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}

/** Why a token is none. */
export function tokenProblem(token: string): true | string {
  if (token === KEPT) return true;
  return token.length >= SHORTEST_TOKEN || text('problem.token', { shortest: SHORTEST_TOKEN });
}

/** Under what address this editor, and so the hub, is reached from here. */
function address(): string {
  return `${location.origin}${location.pathname.replace(/\/[^/]*$/, '')}${EVENTS_PATH}`;
}

/** The fields of the HTTP interface: the token can be read and copied only until the dialog is closed. */
export function tokenFields(): void {
  const field = $('#node-input-token');
  const show = (): void => {
    const isOn = $('#node-input-http').is(':checked');
    $('.lastgood-hub-http').toggle(isOn);
    const token = String(field.val());
    const isReadable = token !== KEPT && token !== '';
    $('#lastgood-hub-copy').prop('disabled', !isReadable);
    $('#lastgood-hub-token-hint').text(text(token === KEPT ? 'hint.tokenKept' : 'hint.token'));
    $('#lastgood-hub-address').text(address());
    const shown = isReadable ? token : 'TOKEN';
    $('#lastgood-hub-curl').text(`curl -N -H '${TOKEN_HEADER}: ${shown}' ${address()}`);
  };
  $('#lastgood-hub-generate').on('click', () => {
    field.attr('type', 'text').val(newToken()).trigger('change');
    show();
  });
  $('#lastgood-hub-copy').on('click', () => {
    RED.clipboard.copyText(String(field.val()), $('#lastgood-hub-copy'), text('copied'));
  });
  $('#lastgood-hub-copy-curl').on('click', () => {
    RED.clipboard.copyText($('#lastgood-hub-curl').text(), $('#lastgood-hub-copy-curl'), text('copied'));
  });
  $('#node-input-http').on('change', () => {
    if ($('#node-input-http').is(':checked') && field.val() === '') {
      field.attr('type', 'text').val(newToken());
    }
    field.trigger('change');
    show();
  });
  field.on('input change', show);
  show();
}
