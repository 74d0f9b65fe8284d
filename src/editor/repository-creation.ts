/// <reference types="jquery" />
import { textsOf } from './red.ts';
import { postJson, sentence } from './server.ts';
import { showVerdict } from './verdict.ts';

const text = textsOf('restic-repository');
const UNTOUCHED = '__PWRD__';

/** What the server answers to `inspect-place`. */
interface PlaceInspection {
  readonly warnings: readonly { readonly code: string; readonly sentence: string }[];
  readonly proposedPassword: string;
}

/** What a creation needs from its dialog. */
export interface CreationDialog {
  readonly draft: () => Record<string, unknown>;
  /** What would be backed up to the repository. */
  readonly dataPaths: () => string[];
}

const VERDICT = '#restic-repository-verdict';

function panel(): JQuery {
  return $('#restic-repository-creation').empty();
}

function button(label: string, icon: string, primary = false): JQuery {
  const element = $('<button type="button" class="red-ui-button">').toggleClass('primary', primary);
  return element.append($('<i>').addClass(`fa ${icon}`), $('<span>').text(` ${label}`));
}

function buttons(...parts: readonly JQuery[]): JQuery {
  const cancel = button(text('button.cancelCreate'), 'fa-times').on('click', () => void panel());
  return $('<div class="lastgood-buttons">').append(...parts, cancel);
}

/** Shows a generated password; it is shown this once and has to be typed back afterwards. */
function showProposal(password: string, next: () => void): void {
  const shown = $('<code class="lastgood-password">').text(password);
  const written = button(text('button.written'), 'fa-arrow-right', true).on('click', next);
  panel().append(
    $('<div class="lastgood-step">').append(
      $('<p>').text(text('create.proposal')),
      shown,
      $('<p>').text(text('create.writeDown')),
      buttons(written),
    ),
  );
}

/** Asks for the password once more and creates the repository. `password`: undefined when the server has it. */
function askBack(dialog: CreationDialog, password: string | undefined): void {
  const input = $('<input type="password" autocomplete="new-password" id="restic-repository-repeated">');
  const create = button(text('button.createNow'), 'fa-plus-square-o', true);
  const check = (): void => {
    const typed = String(input.val());
    create.prop('disabled', password === undefined ? typed === '' : typed !== password);
  };
  input.on('input', check);
  create.on('click', () => {
    const draft = dialog.draft();
    void createNow(
      { ...draft, ...(password === undefined ? {} : { password }), repeated: input.val() },
      password,
    );
  });
  panel().append(
    $('<div class="lastgood-step">').append(
      $('<p>').text(text('create.typeBack')),
      $('<div class="form-row">').append(
        $('<label for="restic-repository-repeated">').text(text('label.repeated')),
        input,
      ),
      buttons(create),
    ),
  );
  check();
  input.trigger('focus');
}

/** With a password file or command nothing has to be typed: what they give is used. */
function askToConfirm(dialog: CreationDialog): void {
  const create = button(text('button.createNow'), 'fa-plus-square-o', true);
  // The server has nobody who could type back what a file holds, and asks for nothing.
  create.on('click', () => void createNow(dialog.draft(), undefined));
  panel().append(
    $('<div class="lastgood-step">').append($('<p>').text(text('create.otherSource')), buttons(create)),
  );
}

async function createNow(draft: object, password: string | undefined): Promise<void> {
  panel();
  showVerdict(VERDICT, { kind: 'busy', text: text('create.busy') });
  try {
    const done = await postJson<{ sentence: string }>('lastgood/repositories/create', draft);
    if (password !== undefined) $('#node-config-input-password').val(password).trigger('change');
    showVerdict(VERDICT, { kind: 'ok', text: done.sentence, details: [text('create.printSheet')] });
  } catch (error) {
    showVerdict(VERDICT, { kind: 'bad', text: sentence(error) });
  }
}

/**
 * The "Create repository" button: what speaks against the place, then the password (the typed one, or a proposed one
 * that is shown once), then typing it back. Only then restic is asked to create anything.
 */
export async function startCreation(dialog: CreationDialog): Promise<void> {
  panel();
  showVerdict(VERDICT, { kind: 'busy', text: text('create.looking') });
  try {
    const draft = dialog.draft();
    const inspection = await postJson<PlaceInspection>('lastgood/repositories/inspect-place', {
      ...draft,
      dataPaths: dialog.dataPaths(),
    });
    const { warnings, proposedPassword } = inspection;
    const sentences = warnings.map((warning) => warning.sentence);
    const forbidden = warnings.some((warning) => warning.code === 'already-a-repository');
    if (forbidden) {
      showVerdict(VERDICT, { kind: 'bad', text: sentences.join(' ') });
      return;
    }
    showVerdict(
      VERDICT,
      sentences.length === 0
        ? { kind: 'ok', text: text('create.placeFine') }
        : { kind: 'warn', text: text('create.warnings'), details: sentences },
    );
    if (draft['passwordSource'] !== 'password') askToConfirm(dialog);
    else if (draft['password'] === UNTOUCHED) askBack(dialog, undefined);
    else if (draft['password'] !== '') askBack(dialog, String($('#node-config-input-password').val()));
    else showProposal(proposedPassword, () => askBack(dialog, proposedPassword));
  } catch (error) {
    showVerdict(VERDICT, { kind: 'bad', text: sentence(error) });
  }
}
