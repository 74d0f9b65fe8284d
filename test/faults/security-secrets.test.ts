import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CheckSpec } from '../../src/lib/checks/check.ts';
import type {
  RepositoryCredentials,
  RepositoryDefinition,
} from '../../src/nodes/restic-repository/definition.ts';
import { type FlowNode, inject, probe, repository, run } from '../runtime/flows.ts';
import { backupOf, mainFlow, untilReady } from '../runtime/main-flow.ts';
import { NodeRed } from '../runtime/node-red.ts';
import { Home, PASSWORD, resticIn } from '../runtime/restic.ts';
import { count } from './counts.ts';
import { Planted } from './planted.ts';
import { ProcessWatch } from './processes.ts';

// A secret in every field that may hold one, runs that go well and ill, and then a search at every door.
//
// In the flow file, readable by nature: addresses, commands and their arguments, `-o` options. They must still be in
// no status, message, log, error or answer. Password and variables are nowhere but in Node-RED's credentials.

const planted = new Planted();
/** Not to be found even in the exported flow. */
const PASSWORD_FIELD = 'password';
const VARIABLE_FIELD = 'variable';

/** A repository that is told something secret, and how the run with it ends. */
interface Case {
  readonly name: string;
  readonly definition: (home: Home) => Partial<RepositoryDefinition>;
  readonly credentials: RepositoryCredentials;
  /** Of the repository on the drive; not set: the usual one of tests. */
  readonly realPassword?: string;
  readonly unplugged?: boolean;
  readonly ends: 'good' | 'ended';
  /** What the reason of the failure must still say, so that nothing was hidden that a person needs. */
  readonly says?: RegExp;
}

const password = planted.secret(PASSWORD_FIELD);
const inFile = planted.secret('password file');
const byCommand = planted.secret('password command', false);
const variable = planted.secret(VARIABLE_FIELD);
const urlPassword = planted.secret('URL password', false);
const option = planted.secret('option', false);
const mountWord = planted.secret('mount argument');
const unmountWord = planted.secret('unmount argument');
const environment = `AWS_SECRET_ACCESS_KEY=${variable}\nRESTIC_REST_PASSWORD=${variable}`;
const credentials = { password, environment };

/** Says everything it knows, in every way restic has of saying something. */
function babbler(home: Home, exitCode: number): string {
  const path = join(home.folder, `babbler-${exitCode}`);
  writeFileSync(
    path,
    `#!/bin/sh
[ "$1" = version ] && { echo 'restic 0.18.0 compiled with go1.24'; exit 0; }
all="$RESTIC_REPOSITORY $RESTIC_PASSWORD $AWS_SECRET_ACCESS_KEY"
json=$(printf '%s' "$all" | sed 's/[\\\\"]/\\\\&/g')
env >&2
say() { printf '%s\\n' "$1"; }
say "$all" >&2
say "Load(<key/1>, 0, 0) returned error, retrying after 1s: Get \\"$all\\": dial tcp: connection refused" >&2
say "{\\"message_type\\":\\"error\\",\\"error\\":{\\"message\\":\\"$json\\"},\\"during\\":\\"archival\\",\\"item\\":\\"$json\\"}" >&2
say "{\\"message_type\\":\\"status\\",\\"percent_done\\":0.5,\\"current_files\\":[\\"$json\\"]}"
say "{\\"message_type\\":\\"exit_error\\",\\"code\\":1,\\"message\\":\\"Fatal: unable to open config file: $json\\"}" >&2
say "Fatal: unable to open repository at $all: server response unexpected: 500" >&2
exit ${exitCode}
`,
  );
  chmodSync(path, 0o755);
  return path;
}

/** A command that leaves behind what it was given to see. */
function witness(home: Home, name: string, then: string): string {
  const path = join(home.folder, name);
  writeFileSync(path, `#!/bin/sh\ncat /proc/$$/environ > '${home.folder}/seen-by-${name}'\n${then}\n`);
  chmodSync(path, 0o755);
  return path;
}

const CASES: readonly Case[] = [
  {
    name: 'a good backup',
    definition: () => ({ options: [`sftp.args=${option}`] }),
    credentials,
    realPassword: password,
    ends: 'good',
  },
  { name: 'a wrong password', definition: () => ({}), credentials, ends: 'ended', says: /password/ },
  {
    name: 'a password file',
    definition: ({ folder }) => {
      writeFileSync(join(folder, 'secret-file'), inFile);
      return { passwordSource: 'file', passwordFile: join(folder, 'secret-file') };
    },
    credentials: {},
    realPassword: inFile,
    ends: 'good',
  },
  {
    name: 'a password file with the wrong password',
    definition: ({ folder }) => {
      writeFileSync(join(folder, 'secret-file'), inFile);
      return { passwordSource: 'file', passwordFile: join(folder, 'secret-file') };
    },
    credentials: {},
    ends: 'ended',
    says: /password/,
  },
  {
    name: 'a password command',
    definition: () => ({ passwordSource: 'command', passwordCommand: `echo ${byCommand}` }),
    credentials: { environment },
    realPassword: byCommand,
    ends: 'good',
  },
  {
    name: 'a password command that fails',
    definition: () => ({ passwordSource: 'command', passwordCommand: `/bin/false ${byCommand}` }),
    credentials: { environment },
    ends: 'ended',
    says: /./,
  },
  {
    name: 'a password command that is not there',
    definition: () => ({ passwordSource: 'command', passwordCommand: `no-such-program ${byCommand}` }),
    credentials: { environment },
    ends: 'ended',
    says: /./,
  },
  ...['password', 'variable'].map(
    (field): Case => ({
      name: `a ${field} with a NUL in it`,
      definition: () => ({}),
      credentials: {
        password: field === 'password' ? `${password}\0${password}` : password,
        environment: `SOME_TOKEN=${variable}${field === 'variable' ? '\0' : ''}`,
      },
      ends: 'ended',
      says: /NUL/,
    }),
  ),
  {
    name: 'a mount command with a NUL in it',
    definition: (home) => ({ mountCommand: [witness(home, 'mount', 'exit 0'), `${mountWord}\0`] }),
    credentials,
    unplugged: true,
    ends: 'ended',
  },
  {
    name: 'a server that does not answer, with the login in its address',
    definition: () => ({ url: `rest:http://me:${urlPassword}@127.0.0.1:1/repository` }),
    credentials,
    ends: 'ended',
    says: /connect|reach|network|127\.0\.0\.1/i,
  },
  {
    name: 'an address that cannot be read',
    definition: () => ({ url: `rest:http://me:${urlPassword}@127.0.0.1:port/` }),
    credentials,
    ends: 'ended',
    says: /./,
  },
  ...[1, 3, 10, 12].map(
    (exitCode): Case => ({
      name: `a restic that prints everything and exits ${exitCode}`,
      definition: (home) => ({
        binary: babbler(home, exitCode),
        url: `rest:http://me:${urlPassword}@127.0.0.1:1/`,
      }),
      credentials,
      ends: 'ended',
    }),
  ),
  {
    name: 'a drive that is mounted by a command',
    definition: (home) => ({
      mountCommand: [
        witness(home, 'mount', `mv '${home.folder}/drawer/usb-drive' '${home.drive}'`),
        mountWord,
      ],
      unmountCommand: [witness(home, 'unmount', 'exit 0'), unmountWord],
    }),
    credentials,
    realPassword: password,
    unplugged: true,
    ends: 'good',
  },
  {
    name: 'a mount command that fails',
    definition: (home) => ({
      mountCommand: [witness(home, 'mount', 'echo no such drive >&2; exit 32'), mountWord],
      unmountCommand: [witness(home, 'unmount', 'exit 1'), unmountWord],
    }),
    credentials,
    unplugged: true,
    ends: 'ended',
  },
];

let nodeRed: NodeRed;
let address = '';
const server = createServer((request, response) => {
  response.writeHead(request.url?.startsWith('/closed') === true ? 401 : 200).end();
});
/** Told once each, at however many searches they are met. */
const leaks: Set<string> = new Set();
let searches = 0;

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const env = { HOUSE_TOKEN: planted.secret('variable of Node-RED', false) };
  nodeRed = await NodeRed.start({ contextStorage: 'localfilesystem', env });
});
afterAll(async () => {
  count(8, 'secrets searched at every door', searches, leaks.size);
  await nodeRed[Symbol.asyncDispose]();
  server.close();
});

/** Fails with the fields that were found, and counts. */
function search(door: string, text: string, except: readonly string[] = []): void {
  searches += 1;
  const found = planted
    .in(text)
    .filter((field) => !except.includes(field))
    .map((field) => `${field} ${door}`);
  for (const leak of found) leaks.add(leak);
  expect.soft(found, door).toEqual([]);
}

/** Everything that Node-RED showed, sent and logged so far. */
function searchOutputs(): void {
  search('in a status', JSON.stringify([...nodeRed.statuses]));
  search('in the log', JSON.stringify(nodeRed.logs));
  for (const [id, messages] of nodeRed.messages) search(`in a message at ${id}`, JSON.stringify(messages));
}

function checksWithSecrets(home: Home): CheckSpec[] {
  const login = planted.secret('check URL password', false);
  const token = planted.secret('check URL token', false);
  const argument = planted.secret('check argument');
  const command = witness(home, 'look', 'exit 0');
  return [
    { kind: 'marker', path: home.marker },
    { kind: 'http', url: `http://me:${login}@${address}/open?token=${token}#${token}` },
    { kind: 'command', command, arguments: [argument, `--token=${token}`] },
    {
      kind: 'state',
      of: { type: 'env', value: 'HOUSE_TOKEN' },
      operator: 'not-empty',
    },
    { kind: 'answers' },
  ];
}

function flow(home: Home, key: string, one: Case): FlowNode[] {
  const checks = one.ends === 'good' ? checksWithSecrets(home) : [];
  const nodes = mainFlow(home, {
    repository: one.definition(home),
    plan: { key },
    check: { checks },
    gate: { failureBudget: 0, waitBudget: 0 },
  });
  return nodes.map((node) => {
    if (node.type === 'restic-repository') return { ...node, credentials: one.credentials };
    // Every message of the run passes a probe.
    if (node.id === 'check') return { ...node, wires: [['run'], ['not-ready', 'gate']] };
    if (node.id === 'run')
      return { ...node, wires: [['gate', 'finished'], ['gate', 'finished'], ['progress']] };
    return node;
  });
}

describe('a run', () => {
  test.each(CASES)('$name shows no secret to anybody', async (one) => {
    using home = await Home.make();
    if (one.realPassword !== undefined) await changePassword(home, one.realPassword);
    if (one.unplugged === true) home.unplug();
    const key = `case-${CASES.indexOf(one)}`;
    const nodes = [...flow(home, key, one), ...['not-ready', 'finished', 'progress'].map(probe)];
    await nodeRed.deploy(nodes);
    const watch = new ProcessWatch(nodeRed.pid ?? 0);
    await untilReady(nodeRed);
    await nodeRed.inject('ask', { payload: 'run' });
    const end = await nodeRed.next(one.ends, (message) => backupOf(message).plan === key, 120_000);
    expect(backupOf(end).reason).toMatch(one.says ?? /./);
    const processes = await watch.stop();

    searchOutputs();
    const exported = JSON.stringify(await nodeRed.flows());
    const readable = planted.in(exported);
    search(
      'in the exported flow',
      exported,
      readable.filter((field) => field !== PASSWORD_FIELD && field !== VARIABLE_FIELD),
    );
    for (const path of [
      'credentials/restic-repository/repository',
      'context/flow/tab',
      'nodes',
      'settings',
    ]) {
      search(`in GET /${path}`, JSON.stringify(await nodeRed.request('GET', path)));
    }
    expect(processes.length).toBeGreaterThan(0);
    // A proof that the watch sees what a process is given.
    const given = processes.flatMap((seen) => planted.in(seen.environment));
    if (one.realPassword === password) expect(given).toContain(PASSWORD_FIELD);
    const itself = processes.filter(({ name }) => name.startsWith('restic') || name.startsWith('babbler'));
    for (const { pid, parent, name, commandLine, environment: variables } of processes) {
      // Arguments that a person gave to a command, and options to restic, are seen by who may list processes.
      const shown = /^(?:mount|unmount|look)$/.test(name)
        ? ['mount argument', 'unmount argument', 'check argument', 'check URL token']
        : ['option'];
      const byRestic = itself.some((restic) => restic.pid === parent);
      // The password command is restic's to start.
      if (!byRestic) search(`in the command line of ${name}`, commandLine, shown);
      if (!byRestic && !itself.some((restic) => restic.pid === pid)) {
        // Before a new process becomes another program it is still Node-RED.
        search(`in the environment of ${name}`, variables, ['variable of Node-RED']);
      }
    }
    for (const name of ['look', 'mount', 'unmount']) searchFile(join(home.folder, `seen-by-${name}`));
  });

  test('leaves no secret in the files of the user directory', async () => {
    await nodeRed.stop();
    searches += 1;
    const found = planted.inFiles(nodeRed.userDir, ['flows.json', '.flows.json.backup']);
    for (const leak of found) leaks.add(leak);
    expect(found).toEqual([]);
    await nodeRed.start();
  });
});

/** What a command of a person was given to see; nothing where it was not started. */
function searchFile(path: string): void {
  try {
    search(`in ${path}`, readFileSync(path, 'latin1'), ['variable of Node-RED']);
  } catch {
    // Not of this case.
  }
}

async function changePassword(home: Home, to: string): Promise<void> {
  const file = join(home.folder, 'new-password');
  writeFileSync(file, to);
  await resticIn(home.repository, ['key', 'passwd', '--new-password-file', file], PASSWORD);
}

/** A check that says no has the most to tell. */
test('checks that fail show no secret', async () => {
  using home = await Home.make();
  const login = planted.secret('failing check URL password', false);
  const argument = planted.secret('failing check argument');
  const [bad, absent] = [witness(home, 'bad', 'exit 3'), join(home.folder, 'absent')];
  const failing: CheckSpec[] = [
    { kind: 'http', url: `http://me:${login}@${address}/closed?token=${login}` },
    { kind: 'http', url: `http://me:${login}@127.0.0.1:1/?token=${login}` },
    { kind: 'http', url: `https://me:${login}@${address}/?token=${login}` },
    { kind: 'http', url: `http://me:${login}@no-such-host.invalid/?token=${login}` },
    { kind: 'http', url: `ftp://me:${login}@host/` },
    { kind: 'http', url: `http://me:${login}@:port` },
    { kind: 'command', command: bad, arguments: [argument] },
    { kind: 'command', command: absent, arguments: [argument] },
    { kind: 'command', command: '/bin/true', arguments: [`${argument}\0`] },
    { kind: 'command', command: home.passwordFile, arguments: [argument] },
    {
      kind: 'state',
      of: { type: 'env', value: 'HOUSE_TOKEN' },
      operator: 'is',
      than: { type: 'env', value: 'HOUSE_TOKEN' },
    },
    {
      kind: 'state',
      of: { type: 'env', value: 'HOUSE_TOKEN' },
      operator: 'less',
      than: { type: 'num', value: '1' },
    },
    {
      kind: 'state',
      of: { type: 'env', value: 'HOUSE_TOKEN' },
      operator: 'matches',
      than: { type: 'str', value: '(' },
    },
  ];
  const nodes = mainFlow(home, {
    plan: { key: 'failing' },
    check: { checks: [{ kind: 'all', checks: failing }, ...failing] },
    gate: { waitBudget: 0 },
  }).map((node) => (node.id === 'check' ? { ...node, wires: [['run'], ['not-ready', 'gate']] } : node));
  await nodeRed.deploy([...nodes, probe('not-ready')]);
  await untilReady(nodeRed);
  await nodeRed.inject('ask', { payload: 'run' });
  const { checks } = backupOf(
    await nodeRed.next('not-ready', (message) => backupOf(message).plan === 'failing'),
  );
  expect(checks?.results).toHaveLength(failing.length + 1);
  searchOutputs();
  const looked = await nodeRed.request('POST', 'lastgood/checks/check/look', { act: true });
  search('in the answer of "Check now"', JSON.stringify(looked));
});

test('operations show no secret, of either repository', async () => {
  using home = await Home.make();
  const other = planted.secret('password copied from');
  const from = join(home.folder, 'from');
  await resticIn(from, ['init'], other);
  await resticIn(from, ['backup', home.documents], other);
  const wrong = { password: planted.secret('wrong password of an operation') };
  const operations = ['snapshots', 'find', 'stats', 'copy', 'check', 'prune', 'unlock', 'restore'] as const;
  const nodes = operations.flatMap((operation) =>
    ['here', 'wrong', 'babbling'].map((place) =>
      run(
        { id: `${operation}-${place}`, wires: [['done'], ['undone'], ['progress']] },
        {
          operation,
          repository: place,
          fromRepository: 'from',
          pattern: '*',
          target: join(home.folder, place),
        },
      ),
    ),
  );
  const url = `rest:http://me:${urlPassword}@127.0.0.1:1/`;
  await nodeRed.deploy([
    ...mainFlow(home),
    repository('here', { url: home.repository }, { password: PASSWORD, environment }),
    repository('from', { url: from }, { password: other, environment }),
    repository('wrong', { url: home.repository }, wrong),
    repository('babbling', { url, binary: babbler(home, 1) }, credentials),
    ...nodes,
    ...nodes.map(({ id }) => inject(`start-${id}`, id)),
    ...['done', 'undone', 'progress'].map(probe),
  ]);
  for (const { id } of nodes) {
    await nodeRed.inject(`start-${id}`, { payload: id });
    // Never a failure of the node itself.
    await nodeRed.until(`an end of ${id}`, () => {
      const ends = [...(nodeRed.messages.get('done') ?? []), ...(nodeRed.messages.get('undone') ?? [])];
      const isOver = ends.some(({ _msgid, restic }) => _msgid !== undefined && restic !== undefined);
      return isOver && nodeRed.status(id).fill !== 'blue' && nodeRed.status(id).fill !== undefined
        ? true
        : undefined;
    });
  }
  searchOutputs();
});

describe('admin answers', () => {
  let home: Home;
  const drafted = planted.secret('drafted password');
  const draftedVariable = planted.secret('drafted variable');
  beforeAll(async () => {
    home = await Home.make();
    await nodeRed.deploy(
      mainFlow(home).map((node) =>
        node.type === 'restic-repository' ? { ...node, credentials: { password, environment } } : node,
      ),
    );
    await untilReady(nodeRed);
  });
  afterAll(() => home[Symbol.dispose]());

  const url = `rest:http://me:${urlPassword}@127.0.0.1:1/repository`;
  const DRAFTS: [string, () => Record<string, unknown>][] = [
    [
      'a stored password',
      () => ({ id: 'repository', url: home.repository, password: '__PWRD__', environment: '__PWRD__' }),
    ],
    [
      'a typed password',
      () => ({
        id: 'repository',
        url: home.repository,
        password: drafted,
        environment: `TOKEN=${draftedVariable}`,
      }),
    ],
    [
      'a login in the address',
      () => ({ id: '', url, password: drafted, environment: `TOKEN=${draftedVariable}` }),
    ],
    [
      'a password command',
      () => ({
        id: '',
        url: home.repository,
        passwordSource: 'command',
        passwordCommand: `/bin/false ${byCommand}`,
      }),
    ],
    [
      'a restic that prints everything',
      () => ({
        id: '',
        url,
        password: drafted,
        environment: `AWS_SECRET_ACCESS_KEY=${draftedVariable}`,
        binary: babbler(home, 1),
      }),
    ],
    [
      'a place that is no place',
      () => ({ id: '', url: `rest:http://me:${urlPassword}@:x/\0`, password: drafted }),
    ],
    [
      'a name that is no option',
      () => ({ id: '', url, password: drafted, retryLock: 'x', checkSubset: 'y' }),
    ],
  ];
  const ROUTES = ['test', 'inspect-place', 'create', 'recovery-sheet'];

  test.each(ROUTES.flatMap((route) => DRAFTS.map(([what, draft]) => ({ route, what, draft }))))(
    '$route with $what',
    async ({ route, draft }) => {
      const response = await fetch(`${nodeRed.url}/lastgood/repositories/${route}`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({
          name: 'Draft',
          plans: [{ name: 'Photos', key: 'photos', host: 'pi', paths: ['/photos'] }],
          dataPaths: [home.documents],
          repeated: 'something else',
          ...draft(),
        }),
      });
      search(`in the answer of ${route}`, await response.text());
      searchOutputs();
    },
  );

  test.each([
    ['GET', 'plans/preview?cron=30+2+*+*+*'],
    ['GET', 'host'],
    ['GET', 'gates/gate/learned'],
    ['POST', 'gates/gate/forget'],
    ['POST', 'checks/check/look'],
    ['POST', 'plans/plan/skip'],
  ])('%s %s', async (method, path) => {
    const answer = await nodeRed.request(method, `lastgood/${path}`, method === 'POST' ? {} : undefined);
    search(`in the answer of ${path}`, JSON.stringify(answer));
  });

  test('names of stored variables, and no values', async () => {
    const answer = await nodeRed.request('GET', 'lastgood/repositories/repository/environment');
    expect(answer).toEqual({ names: ['AWS_SECRET_ACCESS_KEY', 'RESTIC_REST_PASSWORD'] });
  });

  test('credentials of nodes that are none of ours stay where they are', async () => {
    const broker = { user: 'house', password: planted.secret('password of an MQTT broker') };
    const node = {
      id: 'broker',
      type: 'mqtt-broker',
      name: 'broker',
      broker: '127.0.0.1',
      port: '1',
      autoConnect: false,
    };
    const flows = await nodeRed.flows();
    await nodeRed.deploy([...flows, { ...node, credentials: broker }]);
    const draft = { id: 'broker', url: home.repository, password: '__PWRD__', environment: '__PWRD__' };
    for (const route of ROUTES) {
      const response = await fetch(`${nodeRed.url}/lastgood/repositories/${route}`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        // As a person who asks for the sheet with everything on it.
        body: JSON.stringify({ ...draft, withSecrets: true, repeated: '' }),
      });
      search(`in the answer of ${route} for a broker`, await response.text());
    }
    // A proof that the broker's password is what was looked for.
    expect(readFileSync(join(nodeRed.userDir, 'flows_cred.json'), 'utf8')).toMatch(/\$/);
  });
});
