/// <reference types="jquery" />
import type { CommandField } from '../../editor/command-field.ts';
import { commandField } from '../../editor/command-field.ts';
import { durationField, durationProblem } from '../../editor/duration-field.ts';
import { fillMissingProperties, wasCompleted } from '../../editor/missing-properties.ts';
import type { PathList } from '../../editor/path-list.ts';
import { pathList } from '../../editor/path-list.ts';
import type { EditedNode } from '../../editor/red.ts';
import { isEnvironmentReference, textsOf } from '../../editor/red.ts';
import { startCreation } from '../../editor/repository-creation.ts';
import { draftOf, plansOf } from '../../editor/repository-draft.ts';
import { environmentField } from '../../editor/repository-environment.ts';
import { urlHint } from '../../editor/repository-url.ts';
import { sections } from '../../editor/sections.ts';
import { postJson, sentence } from '../../editor/server.ts';
import { useSharedStyle } from '../../editor/style.ts';
import type { Verdict } from '../../editor/verdict.ts';
import { showVerdict } from '../../editor/verdict.ts';
import { words } from '../../editor/words.ts';
import { isReadDataSubset } from '../../lib/restic/read-data-subset.ts';
import type { RepositoryDefinition } from './definition.ts';

const text = textsOf('restic-repository');
const VERDICT = '#restic-repository-verdict';
let options: PathList | undefined;
let mountCommand: CommandField | undefined;
let unmountCommand: CommandField | undefined;
/** Id of the repository whose dialog is open: its fields count, not what was saved last. */
let edited = '';

/** What the server answers to `test`. */
interface Diagnosis {
  readonly code: string;
  readonly sentences: readonly string[];
  readonly version?: string;
  readonly canCreate: boolean;
}

function optionsComplaint(texts: readonly string[]): string | undefined {
  const bad = texts.find((option) => !/^[^=\s]+=/.test(option));
  return bad === undefined ? undefined : text('error.option', { option: bad });
}

/** Where the password comes from decides which of its three fields must be filled in. */
function passwordAnswer(
  repository: EditedNode<RepositoryDefinition>,
  source: RepositoryDefinition['passwordSource'],
  value: string | undefined,
): true | string {
  const chosen =
    repository.id === edited ? $('#node-config-input-passwordSource').val() : repository.passwordSource;
  if (chosen !== source || value?.trim()) return true;
  const field = { password: 'password', file: 'passwordFile', command: 'passwordCommand' }[source];
  const complaint = { password: 'noPassword', file: 'noPasswordFile', command: 'noPasswordCommand' }[source];
  return text(`label.${field}`) + words().named + text(`error.${complaint}`);
}

function limitAnswer(limit: number | '' | undefined, label: 'uploadLimit' | 'downloadLimit'): true | string {
  if (limit === '' || limit === undefined) return true;
  return Number.isInteger(limit) && limit > 0
    ? true
    : text(`label.${label}`) + words().named + text('error.limit');
}

/** Empty: never by itself. */
function upkeepAnswer(value: string | undefined, label: 'pruneEvery' | 'checkEvery'): true | string {
  return durationProblem(value, text(`label.${label}`), { emptyAllowed: true });
}

/** A limit is stored as a number, or as what was typed when that is none, for the validator to complain about. */
function limitField(name: 'uploadLimit' | 'downloadLimit', stored: number | ''): void {
  const input = $(`#restic-repository-${name}`).val(stored);
  const mark = (): void => {
    const answer = limitAnswer(readLimit(name), name);
    input.toggleClass('input-error', answer !== true).attr('title', answer === true ? '' : answer);
  };
  input.on('input', mark);
  mark();
}

function readLimit(name: 'uploadLimit' | 'downloadLimit'): number | '' {
  const typed = String($(`#restic-repository-${name}`).val()).trim();
  return typed === '' ? '' : Number(typed);
}

function verdictOf({ code, sentences, version, canCreate }: Diagnosis): Verdict {
  const [first = '', ...rest] = sentences;
  const details = [...rest, ...(version === undefined ? [] : [text('test.version', { version })])];
  const kind = code === 'reachable' ? 'ok' : code === 'locked' || canCreate ? 'warn' : 'bad';
  return { kind, text: first, details };
}

async function test(draft: object): Promise<void> {
  $('#restic-repository-creation').empty();
  showVerdict(VERDICT, { kind: 'busy', text: text('test.busy') });
  try {
    showVerdict(VERDICT, verdictOf(await postJson<Diagnosis>('lastgood/repositories/test', draft)));
  } catch (error) {
    showVerdict(VERDICT, { kind: 'bad', text: sentence(error) });
  }
}

async function printSheet(draft: object, page: Window | null): Promise<void> {
  try {
    const { html } = await postJson<{ html: string }>('lastgood/repositories/recovery-sheet', draft);
    const url = URL.createObjectURL(new Blob([html], { type: 'text/html' }));
    if (page === null) showVerdict(VERDICT, { kind: 'warn', text: text('sheet.blocked') });
    else page.location.href = url;
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  } catch (error) {
    page?.close();
    showVerdict(VERDICT, { kind: 'bad', text: sentence(error) });
  }
}

function connectButtons(nodeId: string, list: PathList): void {
  const draft = (): Record<string, unknown> => draftOf(nodeId, list);
  const dataPaths = (): string[] => plansOf(nodeId).flatMap((plan) => plan.paths);
  $('#restic-repository-test').on('click', () => void test(draft()));
  $('#restic-repository-create').on('click', () => void startCreation({ draft, dataPaths }));
  $('#restic-repository-sheet').on('click', () => {
    const withSecrets = $('#restic-repository-with-secrets').prop('checked') === true;
    // Opened at once: browsers allow a window only in answer to the click itself.
    void printSheet({ ...draft(), plans: plansOf(nodeId), withSecrets }, window.open('', '_blank'));
  });
  if (!RED.user.hasPermission('lastgood.write')) {
    $('#restic-repository-place .lastgood-buttons button')
      .prop('disabled', true)
      .attr('title', words().notAllowed);
  }
}

RED.nodes.registerType<RepositoryDefinition>('restic-repository', {
  category: 'config',
  defaults: {
    name: { value: '' },
    url: {
      value: '',
      validate(value, _options) {
        return value?.trim() ? true : text('label.url') + words().named + text('error.noUrl');
      },
    },
    passwordSource: { value: 'password' },
    passwordFile: {
      value: '',
      validate(value, _options) {
        return passwordAnswer(this, 'file', value);
      },
    },
    passwordCommand: {
      value: '',
      validate(value, _options) {
        return passwordAnswer(this, 'command', value);
      },
    },
    binary: { value: '' },
    cacheFolder: { value: '' },
    uploadLimit: {
      value: '',
      validate(value, _options) {
        return limitAnswer(value, 'uploadLimit');
      },
    },
    downloadLimit: {
      value: '',
      validate(value, _options) {
        return limitAnswer(value, 'downloadLimit');
      },
    },
    options: {
      value: [],
      validate(value, _options) {
        const complaint = optionsComplaint(value ?? []);
        return complaint === undefined ? true : text('label.options') + words().named + complaint;
      },
    },
    retryLock: {
      value: '2m',
      validate(value, _options) {
        return durationProblem(value, text('label.retryLock'), {
          emptyAllowed: true,
          zeroAllowed: true,
        });
      },
    },
    device: { value: '' },
    mountCommand: { value: [] },
    unmountCommand: { value: [] },
    pruneEvery: {
      value: '30d',
      validate(value, _options) {
        return upkeepAnswer(value, 'pruneEvery');
      },
    },
    checkEvery: {
      value: '30d',
      validate(value, _options) {
        return upkeepAnswer(value, 'checkEvery');
      },
    },
    checkSubset: {
      value: '5%',
      validate(value, _options) {
        const share = (value ?? '').trim();
        if (share === '' || isEnvironmentReference(share) || isReadDataSubset(share)) return true;
        return text('label.checkSubset') + words().named + text('error.checkSubset');
      },
    },
  },
  credentials: {
    password: {
      type: 'password',
      validate(value, _options) {
        return passwordAnswer(this, 'password', value);
      },
    },
    environment: { type: 'password' },
  },
  paletteLabel: () => text('paletteLabel'),
  label() {
    return this.name || this.url || text('paletteLabel');
  },
  labelStyle() {
    return this.name ? 'node_label_italic' : '';
  },
  oneditprepare() {
    useSharedStyle();
    fillMissingProperties(this, 'node-config-input');
    edited = this.id;
    sections('#restic-repository-sections', [
      { id: 'restic-repository-place', label: text('tab.place') },
      { id: 'restic-repository-upkeep', label: text('tab.upkeep') },
      { id: 'restic-repository-advanced', label: text('tab.advanced') },
    ]);
    const source = $('#node-config-input-passwordSource');
    source.on('change', () => {
      $('[data-password-source]').each((_index, part) => {
        $(part).toggle($(part).attr('data-password-source') === source.val());
      });
    });
    options = pathList('#restic-repository-options', {
      texts: this.options,
      placeholder: 's3.connections=10',
      problem: optionsComplaint,
    });
    const quote = text('error.quote');
    mountCommand = commandField('#restic-repository-mountCommand', this.mountCommand, quote);
    unmountCommand = commandField('#restic-repository-unmountCommand', this.unmountCommand, quote);
    for (const name of ['pruneEvery', 'checkEvery'] as const) {
      durationField(`#node-config-input-${name}`, {
        unit: 'd',
        placeholder: text('placeholder.never'),
        problem: (value) => upkeepAnswer(value, name),
      });
    }
    durationField('#node-config-input-retryLock', { placeholder: text('placeholder.noWait') });
    limitField('uploadLimit', this.uploadLimit);
    limitField('downloadLimit', this.downloadLimit);
    urlHint();
    environmentField(this.id);
    connectButtons(this.id, options);
  },
  oneditsave() {
    edited = '';
    if (options === undefined) return false;
    this.options = options.texts();
    this.mountCommand = mountCommand?.words() ?? this.mountCommand;
    this.unmountCommand = unmountCommand?.words() ?? this.unmountCommand;
    this.uploadLimit = readLimit('uploadLimit');
    this.downloadLimit = readLimit('downloadLimit');
    return wasCompleted(this);
  },
  oneditcancel() {
    edited = '';
  },
});
