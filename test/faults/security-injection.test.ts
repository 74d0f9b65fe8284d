import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inject, probe, repository, run } from '../runtime/flows.ts';
import { backupOf, mainFlow, untilReady } from '../runtime/main-flow.ts';
import { NodeRed } from '../runtime/node-red.ts';
import { Home, PASSWORD } from '../runtime/restic.ts';
import { count } from './counts.ts';

// Texts that a shell or an option parser would obey, in every field and message that ends in a command line. Paths of a
// plan are also in test/runtime/bad-input.test.ts, arguments of each operation in test/unit/operations.test.ts.

/** All can be stored in a file name but for their length; none has a comma, which restic takes to part tags. */
const HOSTILE = [
  '--repo=/elsewhere',
  '-v',
  '--',
  '--password-command=touch pwned',
  '-o=sftp.command=touch pwned',
  '$(touch pwned)',
  '`touch pwned`',
  '; touch pwned #',
  '| touch pwned',
  '&& touch pwned',
  'a\'b"c',
  'line\nbreak; touch pwned',
  '\u202Eright to left',
  'zero\u200Bwidth',
  '%s%n%x',
  '~root',
  // Node-RED itself fills in a text that is nothing but this.
  '$HOME $(HOME) $\u007bHOME}',
  '*',
  'back\\slash',
];

let nodeRed: NodeRed;
let cases = 0;
const pwned: string[] = [];
beforeAll(async () => {
  nodeRed = await NodeRed.start();
});
afterAll(async () => {
  count(8, 'texts that try options, shells or long names', cases, pwned.length);
  await nodeRed[Symbol.asyncDispose]();
});

/** Files that an obeyed text would have made. */
function expectNothingObeyed(home: Home): void {
  const folders = [home.folder, nodeRed.userDir];
  const files = folders.flatMap((folder) => readdirSync(folder, { recursive: true }).map(String));
  const made = files.filter((file) => basename(file).startsWith('pwned'));
  pwned.push(...made);
  expect(made).toEqual([]);
}

/** restic with every argument list written down. */
class HeardRestic {
  readonly path: string;
  readonly #folder: string;

  constructor(home: Home) {
    this.path = join(home.folder, 'heard-restic');
    this.#folder = join(home.folder, 'heard');
    mkdirSync(this.#folder);
    writeFileSync(this.path, `#!/bin/sh\nprintf '%s\\0' "$@" > '${this.#folder}'/$$\nexec restic "$@"\n`);
    chmodSync(this.path, 0o755);
  }

  /** Arguments of every restic that ran a command. */
  of(command: string): string[][] {
    return readdirSync(this.#folder)
      .map((name) => readFileSync(join(this.#folder, name), 'utf8').split('\0').slice(0, -1))
      .filter(([first]) => first === command);
  }
}

/** The values that an option was given. */
function valuesOf(option: string, args: readonly string[]): string[] {
  return args.flatMap((arg, at) => (args[at - 1] === option ? [arg] : []));
}

test('in excludes and tags they are words', async () => {
  using home = await Home.make();
  const restic = new HeardRestic(home);
  const long = 'x'.repeat(4096);
  cases += HOSTILE.length * 2 + 2;
  // A tag or pattern that is itself an option with a value must not swallow what follows it.
  const words = [...HOSTILE, long];
  await nodeRed.deploy(
    mainFlow(home, {
      repository: { binary: restic.path },
      plan: {
        excludes: words.map((word) => `/never/${word}`).concat(HOSTILE.filter((word) => word !== '*')),
        tags: words,
      },
    }),
  );
  await untilReady(nodeRed);
  await nodeRed.inject('ask', { payload: 'run' });
  await nodeRed.next('good');
  const [snapshot] = await home.snapshots();
  expect(snapshot?.tags).toEqual(expect.arrayContaining(words));
  expect(snapshot?.paths).toEqual([home.documents]);
  const [args = []] = restic.of('backup');
  expect(args.slice(args.lastIndexOf('--') + 1)).toEqual([home.documents]);
  expect(valuesOf('--tag', args)).toEqual(expect.arrayContaining(words));
  expectNothingObeyed(home);
});

test.each(HOSTILE)('as the host %j: a name', async (host) => {
  using home = await Home.make();
  cases += 1;
  await nodeRed.deploy(mainFlow(home, { plan: { host, key: 'hosts', retention: { last: 1 } } }));
  await untilReady(nodeRed);
  await nodeRed.inject('ask', { payload: 'run' });
  const good = backupOf(await nodeRed.next('good'));
  // Retention goes by the host as well.
  expect(good.maintenance).toMatchObject({ ok: true });
  const [snapshot] = await home.snapshots();
  expect(snapshot?.hostname).toBe(host);
  expectNothingObeyed(home);
});

test('as names of folders, also very long ones, they are backed up', async () => {
  using home = await Home.make();
  // Its full path is just below the 4096 bytes that the system takes.
  const deep = Array.from({ length: 15 }, (_, at) => `${at}`.padEnd(250, 'x')).join('/');
  const names = [...HOSTILE, deep];
  cases += names.length;
  const paths = names.map((name) => join(home.documents, name));
  for (const path of paths) {
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, 'file'), 'text');
  }
  await nodeRed.deploy(mainFlow(home, { plan: { key: 'folders', paths } }));
  await untilReady(nodeRed);
  await nodeRed.inject('ask', { payload: 'run' });
  await nodeRed.next('good');
  const [snapshot] = await home.snapshots();
  expect(snapshot?.paths.toSorted()).toEqual(paths.toSorted());
  expectNothingObeyed(home);
});

describe('what cannot be an argument', () => {
  test.each(['paths', 'excludes', 'tags', 'host', 'excludeFile', 'excludeLargerThan'] as const)(
    'a NUL or an endless text in %s fails the attempt, in words',
    async (field) => {
      using home = await Home.make();
      for (const text of ['nul\0byte', 'x'.repeat(300_000)]) {
        cases += 1;
        const key = `${text.slice(0, 3) === 'nul' ? 'nul' : 'long'}-${field.toLowerCase()}`;
        const value = field === 'paths' ? `${home.documents}/${text}` : text;
        const isList = field === 'paths' || field === 'excludes' || field === 'tags';
        await nodeRed.deploy(
          mainFlow(home, {
            plan: { key, [field]: isList ? [value] : value },
            gate: { failureBudget: 0, waitBudget: 0 },
            check: { checks: [{ kind: 'marker', path: home.marker }] },
          }),
        );
        await untilReady(nodeRed);
        await nodeRed.inject('ask', { payload: 'run' });
        const ended = backupOf(await nodeRed.next('ended', (message) => backupOf(message).plan === key));
        // A path that cannot be is looked at before restic is started, and found to be missing.
        const isMissing = field === 'paths' && ended.end === 'unmet';
        expect(isMissing ? 'config' : ended.failureClass).toBe('config');
        expect(ended.reason).toMatch(/\w+ \w+/);
        expect(ended.reason.length).toBeLessThan(1500);
        expect(await home.snapshots()).toEqual([]);
      }
    },
  );
});

describe('in messages to operations', () => {
  const OPERATIONS = ['restore', 'find', 'stats', 'copy'] as const;
  const NOT_TEXTS: unknown[] = [7, true, null, ['--repo=x'], { toString: 'x' }, { length: 1 }];

  test('they are ids, patterns and folders, or refused', async () => {
    using home = await Home.make();
    await home.restic('backup', home.documents);
    const restic = new HeardRestic(home);
    const nodes = OPERATIONS.map((operation) =>
      run(
        { id: operation, wires: [['done'], ['undone'], []] },
        {
          operation,
          repository: 'heard',
          fromRepository: 'repository',
          pattern: 'x',
          target: '/nowhere/at/all',
        },
      ),
    );
    await nodeRed.deploy([
      ...mainFlow(home),
      repository('heard', { url: home.repository, binary: restic.path }, { password: PASSWORD }),
      ...nodes,
      ...OPERATIONS.map((operation) => inject(`to-${operation}`, operation)),
      probe('done'),
      probe('undone'),
    ]);
    const answer = async (operation: string, message: Record<string, unknown>): Promise<string> => {
      cases += 1;
      const ends = (): number =>
        ['done', 'undone', 'errors'].reduce((sum, id) => sum + (nodeRed.messages.get(id)?.length ?? 0), 0);
      const before = ends();
      await nodeRed.inject(`to-${operation}`, message);
      await nodeRed.until(`an end of ${operation}`, () => (ends() > before ? true : undefined), 60_000);
      return operation;
    };
    for (const text of HOSTILE) {
      await answer('restore', { snapshot: text, target: join(home.folder, 'never') });
      await answer('find', { pattern: text });
    }
    for (const text of HOSTILE.slice(0, 6)) {
      await answer('stats', { snapshot: text });
      await answer('copy', { snapshot: text });
      await answer('restore', { snapshot: 'latest', target: text });
    }
    for (const value of [...NOT_TEXTS, 'nul\0byte', 'x'.repeat(200_000)]) {
      await answer('restore', { snapshot: value, target: join(home.folder, 'never') });
      await answer('restore', { snapshot: 'latest', target: value });
      await answer('find', { pattern: value });
    }
    // A hostile name below an absolute folder is a name.
    const target = join(home.folder, '--repo=$(touch pwned)');
    await answer('restore', { snapshot: 'latest', target });
    await answer('restore', { snapshot: 'latest', target: `${target}\0x` });
    expect(readdirSync(target)).not.toEqual([]);
    expect(readdirSync(home.folder)).not.toContain('never');

    // Nothing that a message said stands where restic looks for options.
    for (const args of restic.of('find')) expect(args.at(-2)).toBe('--');
    for (const operation of ['stats', 'copy']) {
      for (const args of restic.of(operation)) expect(HOSTILE).not.toContain(args.at(args.indexOf('--') - 1));
    }
    for (const args of restic.of('restore')) expect(args.at(-1)).toBe('latest');
    expectNothingObeyed(home);
  });
});

test('in mount, unmount and check commands they arrive as they are written', async () => {
  using home = await Home.make();
  cases += HOSTILE.length * 2;
  const heard = join(home.folder, 'heard-words');
  const script = join(home.folder, 'hear.sh');
  writeFileSync(script, `#!/bin/sh\nwhat=$1; shift\nprintf '%s\\0' "$@" > '${heard}'-"$what"\n`);
  const mover = join(home.folder, 'mount.sh');
  writeFileSync(
    mover,
    `#!/bin/sh\n'${script}' mount "$@"\nmv '${home.folder}/drawer/usb-drive' '${home.drive}'\n`,
  );
  for (const file of [script, mover]) chmodSync(file, 0o755);
  const words = [...HOSTILE, '', ' ', 'x'.repeat(4096)];
  home.unplug();
  await nodeRed.deploy(
    mainFlow(home, {
      repository: { mountCommand: [mover, ...words] },
      plan: { key: 'words' },
      check: { checks: [{ kind: 'command', command: script, arguments: ['check', ...words] }] },
    }),
  );
  await untilReady(nodeRed);
  await nodeRed.inject('ask', { payload: 'run' });
  await nodeRed.next('good');
  for (const what of ['mount', 'check']) {
    expect(readFileSync(`${heard}-${what}`, 'utf8').split('\0').slice(0, -1)).toEqual(words);
  }
  expectNothingObeyed(home);
});

describe('in checks of a flow file', () => {
  const LEAVES = [
    ...HOSTILE.flatMap((text) => [
      { kind: text },
      { kind: 'mount', path: text, uuid: text, label: `../../${text}` },
      { kind: 'marker', path: text, id: text },
      { kind: 'present', by: text, name: text },
      { kind: 'present', by: 'id', name: `../../../etc/${text}` },
      { kind: 'smart', path: text },
      { kind: 'space', path: text, freeBytes: text },
      { kind: 'port', host: text, port: 1 },
      { kind: 'http', url: text, status: text },
      { kind: 'time', from: text, to: text, timeZone: text },
      { kind: 'wake', mac: text, host: text, port: 1, broadcast: text, upTo: '1s', timeout: '1s' },
      { kind: 'reload-mount', name: text, timeout: '1s', upTo: '1s' },
      { kind: 'state', of: { type: text, value: text }, operator: text },
    ]),
    { kind: '__proto__' },
    { kind: 'constructor' },
    { kind: 'all' },
    { kind: 'all', checks: 'text' },
    { kind: 'at-least', count: '__proto__', checks: [{ kind: 'mains' }] },
    { kind: 'state', of: { type: 'msg', value: '__proto__.polluted' }, operator: 'not-empty' },
    { kind: 'state', of: { type: 'msg', value: 'constructor.prototype' }, operator: 'not-empty' },
    { kind: 'state', of: { type: 'msg', value: '[[[[' }, operator: 'empty' },
    {
      kind: 'state',
      of: { type: 'str', value: 'a'.repeat(60) },
      operator: 'matches',
      than: { type: 'str', value: '^(a+)+$b' },
    },
    { kind: 'command', command: '', arguments: [] },
    { kind: 'command', command: '\0', arguments: ['\0'] },
    { kind: 'command', command: '/bin/true', arguments: 'text' },
    { kind: 'marker', path: { toString: 1 } },
    null,
    7,
    [],
    'text',
  ];

  test('each is answered, and none of them with yes', async () => {
    using home = await Home.make();
    cases += LEAVES.length;
    for (let at = 0; at < LEAVES.length; at += 60) {
      const checks = LEAVES.slice(at, at + 60).map((leaf) => ({
        kind: 'any',
        timeout: '20s',
        checks: [leaf],
      }));
      await nodeRed.deploy(mainFlow(home, { check: { checks: checks as never } }));
      await untilReady(nodeRed);
      const { report } = await nodeRed.request<{
        report: { passed: boolean; results: { answer: string }[] };
      }>('POST', 'lastgood/checks/check/look', { act: true });
      expect(report.passed).toBe(false);
      expect(report.results.filter(({ answer }) => answer === 'yes')).toEqual([]);
      expect(JSON.stringify(report).length).toBeLessThan(200_000);
    }
    expectNothingObeyed(home);
  });
});
