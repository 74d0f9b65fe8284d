import { existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { compileFunction } from 'node:vm';
import { describe, expect, test } from 'vitest';
import type { Alert, AlertKind } from '../../src/lib/alerts/alert.ts';
import type { AlertState, PendingAlert, Trouble } from '../../src/lib/alerts/trouble.ts';
import { late, QUIET } from '../../src/lib/alerts/trouble.ts';
import { worded } from '../../src/lib/alerts/words.ts';
import { readMessage } from '../../src/lib/events/read-message.ts';
import { FAILURE_CLASSES } from '../../src/lib/failure.ts';
import type { BackupMessage } from '../../src/lib/message.ts';
import { RETRIED_BY_DEFAULT } from '../../src/lib/node-red/gate-policy.ts';
import { PLAN_COMMANDS } from '../../src/lib/plan/commands.ts';
import type { HistoryEntry, PlanState, SuccessRecord } from '../../src/lib/plan/state.ts';
import { newPlanState } from '../../src/lib/plan/state.ts';
import { awaitRetry, beginRun } from '../../src/lib/plan/transitions.ts';
import { OPERATIONS } from '../../src/nodes/restic-run/definition.ts';
import { path } from './project.ts';

// What the documentation promises about things that can be looked up.

const READMES = { en: 'README.md', zh: 'README.zh-CN.md' } as const;
const DOCUMENTS = [...Object.values(READMES), 'CHANGELOG.md', 'docs/state.md'];
const text = (file: string): string => readFileSync(path(file), 'utf8');

/** Every field of `msg.backup`. */
const MESSAGE: Record<keyof BackupMessage, true> = {
  event: true,
  plan: true,
  name: true,
  run: true,
  attempt: true,
  trigger: true,
  dueAt: true,
  lastSuccessAt: true,
  nextAttemptAt: true,
  outcome: true,
  end: true,
  failureClass: true,
  reason: true,
  checks: true,
  progress: true,
  snapshotId: true,
  figures: true,
  unreadable: true,
  maintenance: true,
  alert: true,
};

/** Every kind of alert. */
const ALERTS: Record<AlertKind, true> = {
  late: true,
  'gave-up': true,
  'power-up-failed': true,
  'held-back': true,
  'snapshot-vanished': true,
  'maintenance-failed': true,
  paused: true,
  recovered: true,
};
/** Lateness that was noted and is still to be told. */
const LATE: AlertState = late(QUIET, 'warning', {
  at: 0,
  dueAt: '2026-11-27T18:00:00.000Z',
  lastSuccessAt: null,
});
const [PENDING] = LATE.pending;

/** Contents of the code blocks in a language, in order. */
function blocks(file: string, language: string): string[] {
  const found = text(file).matchAll(/^```(\w*)\n([^]*?)^```$/gm);
  return [...found].filter(([, name]) => name === language).map(([, , content = '']) => content);
}

/** A document without its code blocks. */
function prose(file: string): string {
  return text(file).replace(/^```[^]*?^```$/gm, '');
}

function headings(file: string): { level: number; title: string }[] {
  return [...prose(file).matchAll(/^(#+) (.*)$/gm)].map(([, marks = '', title = '']) => ({
    level: marks.length,
    title,
  }));
}

/** GitHub's name for a heading in a link. */
function anchor(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

/** The cells of every table row whose first cell has nothing but words in code marks. */
function tableRows(file: string): { words: string[]; cells: string[] }[] {
  return [...prose(file).matchAll(/^\| *(`.*?) *\|(.*)\|$/gm)].map(([, first = '', rest = '']) => ({
    words: [...first.matchAll(/`([^`]+)`/g)].map(([, word = '']) => word),
    cells: rest.split('|').map((cell) => cell.trim()),
  }));
}

describe.each(DOCUMENTS)('%s', (file) => {
  test('links only to files, pictures and headings that are there', () => {
    const links = [...prose(file).matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, target = '']) => target)
      .filter((target) => !/^[a-z]+:/.test(target));
    const broken = links.filter((link) => {
      const [name = '', heading] = link.split('#');
      const target = name === '' ? file : `${dirname(file)}/${name}`;
      if (!existsSync(path(target))) return true;
      return heading !== undefined && !headings(target).some(({ title }) => anchor(title) === heading);
    });
    expect(broken).toEqual([]);
  });

  test('has JSON that is JSON', () => {
    for (const block of blocks(file, 'json')) expect(() => JSON.parse(block) as unknown).not.toThrow();
  });
});

test('both READMEs have the same sections, code, tables and pictures', () => {
  const shape = (file: string): unknown => ({
    headings: headings(file).map(({ level }) => level),
    blocks: [...text(file).matchAll(/^```(\w+)$/gm)].map(([, language]) => language),
    commands: ['sh', 'yaml', 'text'].map((language) => blocks(file, language)),
    words: tableRows(file).map(({ words }) => words),
    pictures: [...text(file).matchAll(/!\[[^\]]+\]\(([^)]+)\)/g)].map(([, picture]) => picture),
  });
  expect(shape(READMES.zh)).toEqual(shape(READMES.en));
});

describe.each(Object.entries(READMES))('the README (%s)', (language, file) => {
  test('names commands of npm that exist', () => {
    const manifest: { scripts: Record<string, string> } = JSON.parse(text('package.json'));
    const commands = [...text(file).matchAll(/npm (?:run )?(start|test|[a-z]+:[a-z]+|run [a-z]+)/g)];
    expect(commands.map(([, name]) => name)).toEqual(expect.arrayContaining(['start', 'test']));
    for (const [, name = ''] of commands) expect(Object.keys(manifest.scripts)).toContain(name);
  });

  test('has a row for every class of failure, and says which are tried again', () => {
    const rows = tableRows(file).filter(({ cells }) => cells.length === 3);
    expect(rows.flatMap(({ words }) => words)).toEqual([...FAILURE_CLASSES]);
    const no = language === 'zh' ? '否' : 'no';
    const retried = rows.filter(({ cells }) => cells[2] !== no).flatMap(({ words }) => words);
    expect(retried).toEqual([...RETRIED_BY_DEFAULT]);
  });

  test('names only codes of problems that exist', () => {
    const problems: Record<string, unknown> = JSON.parse(text('src/lib/locales/en-US/problems.json'));
    const codes = tableRows(file)
      .filter(({ cells }) => cells.length === 2)
      .flatMap(({ words }) => words)
      .filter((word) => !word.startsWith('/'));
    expect(codes).toContain('restic-missing');
    for (const code of codes) expect(Object.keys(problems)).toContain(code);
  });

  test('tells what every command and device event means, and nothing that is not understood', () => {
    const rows = tableRows(file).map(({ words }) => words);
    const first = rows.findIndex((words) => words.includes('cancel'));
    const told = rows.slice(first, rows.findIndex((words) => words.includes('unavailable')) + 1).flat();
    expect(told).toEqual(expect.arrayContaining(PLAN_COMMANDS.filter((command) => command !== 'run')));
    expect(prose(file)).toMatch(/^\| .*`\{\}`.*`run` \|/m);
    for (const payload of told) expect(readMessage({ payload }).kind, payload).not.toBe('unknown');
    const [pause = ''] = blocks(file, 'json');
    expect(readMessage({ payload: JSON.parse(pause) as unknown })).toEqual({
      kind: 'command',
      command: 'pause',
      pauseMs: 12 * 3_600_000,
    });
  });

  test('explains every field of msg.backup, and shows no other', () => {
    const words = tableRows(file)
      .filter(({ cells }) => cells.length === 1)
      .map((row) => row.words);
    const first = words.findIndex(([word]) => word === 'event');
    expect(words.slice(first).flat()).toEqual(Object.keys(MESSAGE));
    const [, example = ''] = blocks(file, 'json');
    expect(Object.keys(MESSAGE)).toEqual(expect.arrayContaining(Object.keys(JSON.parse(example) as object)));
  });

  test('tells every kind of alert with its answers, and shows one as it is sent', () => {
    const serverLanguage = language === 'zh' ? 'zh-CN' : 'en-US';
    const facts = {
      plans: [{ plan: 'documents', name: 'Documents' }],
      device: '',
      isAbsent: true,
      lastGood: 'Thu 18:42',
      age: '',
      since: '',
      reason: '',
    };
    const sent = (kind: AlertKind): Alert =>
      worded({ ...(PENDING as PendingAlert), kind }, facts, serverLanguage);
    const rows = tableRows(file).filter(({ cells }) => cells.length === 4);
    expect(rows.flatMap(({ words }) => words)).toEqual(Object.keys(ALERTS));
    for (const { words, cells } of rows) {
      const { answers } = sent(words[0] as AlertKind);
      const told = cells[3]?.split(language === 'zh' ? '、' : ', ').filter((answer) => answer !== '') ?? [];
      expect(told.map((answer) => answer.toLowerCase())).toEqual(
        answers.map(({ label }) => label.toLowerCase()),
      );
    }
    const fields = tableRows(file).filter(({ cells }) => cells.length === 1);
    const first = fields.findIndex(({ words }) => words.includes('severity'));
    const last = fields.findIndex(({ words }) => words.includes('answers'));
    const documented = fields.slice(first, last + 1).flatMap(({ words }) => words);
    expect(documented.toSorted()).toEqual(Object.keys(sent('late')).toSorted());
    const shown: Alert = JSON.parse(blocks(file, 'json')[2] ?? '{}');
    expect(Object.keys(shown).toSorted()).toEqual(documented.toSorted());
    expect(sent('late').answers).toEqual(expect.arrayContaining([...shown.answers]));
    expect(shown.text.endsWith(shown.advice)).toBe(true);
    expect(shown.advice).toBe(sent('late').advice);
  });

  test('names every operation of restic-run', () => {
    for (const operation of OPERATIONS) expect(prose(file)).toMatch(new RegExp(`\\b${operation}\\b`));
  });

  test('gives for Home Assistant the block that the missing restic asks for', () => {
    const failures: { install: Record<string, string> } = JSON.parse(
      text('src/lib/locales/en-US/failures.json'),
    );
    const [, ...asked] = (failures.install['home-assistant'] ?? '').split('\n');
    expect(blocks(file, 'yaml')).toEqual([`${asked.join('\n')}\n`]);
  });

  describe('the function node', () => {
    const [code = ''] = blocks(file, 'js');
    /** Runs it as Node-RED does, on a state that was written as JSON. */
    function ask(state: PlanState | undefined): { payload?: string } | null {
      const context =
        state === undefined ? {} : { [`backup_${state.plan}`]: JSON.parse(JSON.stringify(state)) };
      const flow = { get: (key: string): unknown => context[key as keyof typeof context] };
      const answer: unknown = compileFunction(code, ['msg', 'flow'])({}, flow);
      return answer as { payload?: string } | null;
    }
    const hoursAgo = (hours: number): string => new Date(Date.now() - hours * 3_600_000).toISOString();

    test('speaks up when a backup is more than two days late', () => {
      const overdue: PlanState = {
        ...newPlanState('documents', 'Documents'),
        dueAt: hoursAgo(49),
        lastSuccessAt: '2026-11-20T18:03:51.000Z',
        why: 'Nothing is mounted at /mnt/backup.',
      };
      const { payload } = ask(overdue) ?? {};
      for (const part of ['Documents', '2026-11-20T18:03:51.000Z', 'Nothing is mounted']) {
        expect(payload).toContain(part);
      }
      expect(ask({ ...overdue, lastSuccessAt: null })?.payload).not.toContain('null');
    });

    test.each([
      ['a backup is not late yet', { ...newPlanState('documents', 'D'), dueAt: hoursAgo(47) }],
      ['the next one is still to come', { ...newPlanState('documents', 'D'), dueAt: hoursAgo(-5) }],
      ['nothing is owed by the clock', newPlanState('documents', 'D')],
      ['there is no state', undefined],
    ])('is silent while %s', (_when, state) => expect(ask(state)).toBeNull());
  });
});

describe('docs/state.md', () => {
  const file = 'docs/state.md';
  const history: Required<HistoryEntry> = {
    at: '',
    run: '',
    attempt: 1,
    outcome: 'failed',
    reason: '',
    failureClass: 'network',
    blockedBy: 'mount',
    snapshotId: '',
  };
  const success: SuccessRecord = {
    at: '',
    snapshotId: '',
    repositoryId: '',
    run: '',
    figures: {
      filesNew: 0,
      filesChanged: 0,
      filesUnmodified: 0,
      filesTotal: 0,
      bytesTotal: 0,
      bytesAdded: 0,
      durationMs: 0,
    },
  };
  const begun = beginRun(newPlanState('documents', 'Documents'), {
    run: 'r',
    trigger: 'schedule',
    at: 0,
    nextSlotAt: null,
    why: '',
  });
  if (begun.run === null) throw new Error('a begun run is there');
  const pending = { attempt: 2, at: '', budget: 'failure', used: 1, allowed: 8, because: '' } as const;
  const waiting = awaitRetry(begun, begun.run, pending, '');

  test.each([
    ['The plan', waiting],
    ['A good or partial backup', success],
    ['The retry that waits', pending],
    ['The run that is going on', waiting.run ?? {}],
    ['An event', history],
    ['What people are told', LATE],
    ['Something that is wrong', LATE.troubles.backup as Trouble],
    ['An alert that has not been sent yet', PENDING as PendingAlert],
  ])('%s: every field, and no other', (title, shape) => {
    const section = new RegExp(`^## ${title}[^]*?(?=^## |(?![^]))`, 'm').exec(text(file))?.[0] ?? '';
    const documented = [...section.matchAll(/^\| `(\w+)` \|/gm)].map(([, field]) => field);
    expect(documented.toSorted()).toEqual(Object.keys(shape).toSorted());
  });

  test('names every figure', () => {
    for (const figure of Object.keys(success.figures ?? {})) expect(text(file)).toContain(`\`${figure}\``);
  });

  test('shows an example of the shape', () => {
    const [example = ''] = blocks(file, 'json');
    const fields = Object.keys(JSON.parse(example) as object);
    expect(Object.keys(waiting)).toEqual(expect.arrayContaining(fields));
  });
});

test('the changelog has the version of package.json', () => {
  const { version }: { version: string } = JSON.parse(text('package.json'));
  expect(text('CHANGELOG.md')).toMatch(
    new RegExp(`^## \\[${version.replaceAll('.', '\\.')}\\] - \\d{4}-\\d\\d-\\d\\d$`, 'm'),
  );
});
