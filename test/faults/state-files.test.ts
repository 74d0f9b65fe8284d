import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/lib/clock.ts';
import { Journal } from '../../src/lib/journal/journal.ts';
import { readPlanSettings } from '../../src/lib/node-red/plan-settings.ts';
import type { PlanJoin } from '../../src/lib/plan/registry.ts';
import { PlanRegistry } from '../../src/lib/plan/registry.ts';
import type { PlanState } from '../../src/lib/plan/state.ts';
import { newPlanState, STATE_SCHEMA } from '../../src/lib/plan/state.ts';
import { isPlanState } from '../../src/lib/plan/state-shape.ts';
import type { DeviceState } from '../../src/lib/power/device-state.ts';
import { DEVICE_SCHEMA, isDeviceState } from '../../src/lib/power/device-state.ts';
import { Devices } from '../../src/lib/power/devices.ts';
import { newlyKnown } from '../../src/lib/restic/known-repository.ts';
import type { StoredMemory } from '../../src/lib/restic/memory-shape.ts';
import { isRepositoryMemory } from '../../src/lib/restic/memory-shape.ts';
import { ResticRepository } from '../../src/lib/restic/repository.ts';
import { MEMORY_SCHEMA, RepositoryMemories } from '../../src/lib/restic/repository-memory.ts';
import type { PlanDefinition } from '../../src/nodes/backup-plan/definition.ts';
import { plan as planNode } from '../runtime/flows.ts';
import { settled } from '../unit/fake-clock.ts';
import { House } from '../unit/fake-house.ts';
import { count } from './counts.ts';

// The files that Lastgood remembers by, cut off at every byte and filled with whatever may be in a file.
// Through the things that read them (plan, repository, device), not only through the journal: none may throw, each must
// keep the damaged file, say so, and take nothing for a success that nobody saw.

/** Thousands of files are written and synced: content counts here, the disk itself is tried in journal.test.ts. */
const MEMORY = '/dev/shm';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), 'state-files-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** One kind of file. */
interface Kind {
  readonly what: string;
  readonly schema: number;
  /** The whole file of somebody who has used it. */
  whole(): Promise<object>;
  /** Reads the file as the program does; what it says of it, and what it takes for true. */
  read(): Promise<{ said: string[]; isBelieved: boolean }>;
  /** The only file of its kind in the folder. */
  path(): Promise<string>;
}

const SUCCESS_AT = '2026-11-23T12:00:00.000Z';

/** A plan with a success, a partial, a retry that waits and a past. */
async function livedIn(): Promise<PlanState> {
  const house = new House();
  await house.plan({ every: '24h' });
  house.restic.ends = 'partial';
  await house.asks('run');
  house.restic.ends = 'network';
  await house.passes('25h');
  await house.asks('pause');
  const { state } = house;
  if (state.run?.phase !== 'waiting' || state.lastPartial === null) throw new Error('not lived in');
  return state;
}

const planKind: Kind = {
  what: 'plan',
  schema: STATE_SCHEMA,
  whole: livedIn,
  path: () => Promise.resolve(join(folder, 'photos.json')),
  async read() {
    const said: string[] = [];
    let asked = 0;
    const registry = new PlanRegistry({
      clock: { now: () => Date.parse('2026-11-25T12:00:00Z'), after: () => () => undefined },
      language: 'en-US',
      journal: new Journal(folder, STATE_SCHEMA, isPlanState),
      newRunId: () => 'run9',
    });
    const settings = readPlanSettings({
      ...(planNode({ id: 'plan' }, { repository: 'r', paths: ['/photos'] }) as unknown as PlanDefinition),
      key: 'photos',
      startPaused: true,
    });
    const join_: PlanJoin = {
      nodeId: 'plan',
      settings,
      place: 'repository',
      door: {
        send: () => undefined,
        refresh: () => undefined,
        warn: ({ code }) => said.push(code),
        refuse: ({ code }) => said.push(code),
      },
      witness: {
        accept: () => Promise.resolve(),
        newestGood: () => {
          asked += 1;
          return Promise.resolve({ newest: undefined, otherHosts: [] });
        },
      },
      recallMirror: () => Promise.resolve(undefined),
    };
    registry.join(join_);
    await registry.flowsStarted([]);
    const state = registry.find('photos')?.state;
    await registry.find('photos')?.ledger.settled();
    if (said.includes('journal-damaged')) expect(asked, 'the repository is asked').toBe(1);
    return { said, isBelieved: state?.lastSuccessAt != null || state?.lastPartial != null };
  },
};

const repositoryKind: Kind = {
  what: 'repository',
  schema: MEMORY_SCHEMA,
  whole: () =>
    Promise.resolve({
      schema: MEMORY_SCHEMA,
      repositories: [newlyKnown('sha256:abc', '/mnt', SUCCESS_AT)],
      acceptsAnother: false,
    }),
  async path() {
    const { memories, repository } = theRepository([]);
    // Whatever it is called by.
    await memories.acceptAnother(repository, 0);
    const [name = ''] = readdirSync(folder);
    rmSync(join(folder, name));
    return join(folder, name);
  },
  async read() {
    const said: string[] = [];
    const { memories, repository } = theRepository(said);
    const first = await memories.placeOf(repository);
    await memories.placeOf(repository);
    return { said, isBelieved: first.expectedConfigs !== undefined };
  },
};

function theRepository(said: string[]): { memories: RepositoryMemories; repository: ResticRepository } {
  const memories = new RepositoryMemories(
    new Journal<StoredMemory>(folder, MEMORY_SCHEMA, isRepositoryMemory),
  );
  const repository = new ResticRepository(
    {
      id: 'r',
      name: 'Attic',
      url: '/nowhere/repository',
      secrets: { password: 'x', environment: {} },
      options: [],
    },
    {
      env: {},
      dataFolder: folder,
      language: 'en-US',
      clock: systemClock,
      logger: { warn: (text) => said.push(text) },
    },
  );
  return { memories, repository };
}

const deviceKind: Kind = {
  what: 'device',
  schema: DEVICE_SCHEMA,
  whole: () =>
    Promise.resolve<DeviceState>({
      schema: DEVICE_SCHEMA,
      device: 'plug',
      onSince: SUCCESS_AT,
      inUse: true,
    }),
  async path() {
    const device = theDevices([]).at('plug', 'Plug');
    // Remembered with its first use.
    await device.want('photos');
    const [name = ''] = readdirSync(folder);
    rmSync(join(folder, name));
    return join(folder, name);
  },
  async read() {
    const said: string[] = [];
    const device = theDevices(said).at('plug', 'Plug');
    await device.begin();
    const isBelieved = device.isOurs;
    await device.want('photos');
    return { said, isBelieved };
  },
};

function theDevices(said: string[]): Devices {
  return new Devices(systemClock, new Journal(folder, DEVICE_SCHEMA, isDeviceState), (problem) =>
    said.push(problem.code),
  );
}

const KINDS = [planKind, repositoryKind, deviceKind];

/** Files that hold the same bytes as before, whatever they are called now. */
function isKept(content: Buffer): boolean {
  return readdirSync(folder)
    .filter((name) => name.includes('damaged'))
    .some((name) => readFileSync(join(folder, name)).equals(content));
}

function clear(): void {
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
}

describe.each(KINDS)('the $what’s file', (kind) => {
  let path: string;
  let whole: Buffer;
  beforeEach(async () => {
    path = await kind.path();
    whole = Buffer.from(`${JSON.stringify(await kind.whole(), null, 1)}\n`);
    clear();
  });

  async function damaged(content: Buffer, what: string): Promise<void> {
    clear();
    writeFileSync(path, content);
    const { said, isBelieved } = await kind.read();
    expect(isBelieved, what).toBe(false);
    expect(said.length, `${what} is said, once`).toBe(1);
    expect(isKept(content), `${what} is kept`).toBe(true);
  }

  test('is believed while it is whole', async () => {
    writeFileSync(path, whole);
    expect(await kind.read()).toMatchObject({ said: [], isBelieved: true });
  });

  test('cut off at every byte', async () => {
    for (let length = 0; length < whole.length - 1; length += 1) {
      await damaged(whole.subarray(0, length), `cut off at ${length}`);
    }
    count(1, `${kind.what} file cut off at a byte`, whole.length - 1, 0);
  });

  test('with a byte in it that is not its own, anywhere: never throws, and keeps what it does not believe', async () => {
    let cases = 0;
    for (let at = 0; at < whole.length; at += 1) {
      const byte = [0, 0x22, 0xff][at % 3] ?? 0;
      if (whole[at] === byte) continue;
      clear();
      const content = Buffer.from(whole);
      content[at] = byte;
      writeFileSync(path, content);
      const { said, isBelieved } = await kind.read();
      // A changed letter in a text is still a text; whatever was not believed is kept and said.
      if (!isBelieved && said.length > 0) expect(isKept(content), `byte ${byte} at ${at}`).toBe(true);
      cases += 1;
    }
    count(1, `${kind.what} file with a wrong byte`, cases, 0);
  });

  test.each<[string, string]>([
    ['nothing', ''],
    ['zeros, as after a power cut', '\0'.repeat(8192)],
    ['noise', Array.from({ length: 2000 }, (_, at) => String.fromCharCode((at * 7919) % 65_536)).join('')],
    ['a list', '[]'],
    ['null', 'null'],
    ['a number', '7'],
    ['a text', '"state"'],
    ['another program’s file', '{"name":"x","version":"1.0.0"}'],
    ['a schema only', '{"schema":1}'],
    ['a deep nest', '['.repeat(50_000)],
    ['a poisoned prototype', '{"__proto__":{"schema":1},"constructor":{"prototype":{"lastSuccessAt":"x"}}}'],
    ['a huge text', `"${'x'.repeat(5_000_000)}"`],
  ])('%s', async (what, content) => {
    await damaged(Buffer.from(content), what);
    count(1, `${kind.what} file with garbage`, 1, 0);
  });

  test.each([
    ['as a text', `${kind.schema}`],
    ['none', undefined],
    ['null', null],
    ['nought', 0],
    ['negative', -1],
    ['a list', [kind.schema]],
  ])('a schema that is wrong (%s)', async (what, schema) => {
    const content = Buffer.from(JSON.stringify({ ...JSON.parse(String(whole)), schema }));
    await damaged(content, what);
    count(1, `${kind.what} file of a wrong schema`, 1, 0);
  });

  test.each([kind.schema + 1, 99, 1e300])(
    'a newer schema (%d): said, not used, and never overwritten',
    async (schema) => {
      const content = Buffer.from(JSON.stringify({ ...JSON.parse(String(whole)), schema }));
      writeFileSync(path, content);
      const { said, isBelieved } = await kind.read();
      await settled();
      expect(isBelieved).toBe(false);
      expect(said).toHaveLength(1);
      expect(readFileSync(path).equals(content)).toBe(true);
      expect(readdirSync(folder)).toHaveLength(1);
      count(1, `${kind.what} file of a newer schema`, 1, 0);
    },
  );

  test('a folder in its place', async () => {
    mkdirSync(path);
    writeFileSync(join(path, 'inside'), 'kept');
    const { said, isBelieved } = await kind.read();
    expect(isBelieved).toBe(false);
    expect(said).toHaveLength(1);
    const aside = readdirSync(folder).find((name) => name.includes('damaged')) ?? '';
    expect(readFileSync(join(folder, aside, 'inside'), 'utf8')).toBe('kept');
  });
});

test('a repository memory of version 0.1 is read as it is, and a newer one is not overwritten by what is learned', async () => {
  const path = await repositoryKind.path();
  const old = {
    schema: 1,
    repositoryId: 'sha256:abc',
    mountPoint: '/mnt',
    lastPruneAt: null,
    lastCheckAt: null,
  };
  writeFileSync(path, JSON.stringify(old));
  expect(await repositoryKind.read()).toEqual({ said: [], isBelieved: true });
  const newer = JSON.stringify({ schema: 3, repositories: 'of another shape' });
  writeFileSync(path, newer);
  const said: string[] = [];
  const { memories, repository } = theRepository(said);
  await memories.wentWell(repository, 'backup', 0, 'sha256:other');
  await memories.acceptAnother(repository, 0);
  expect(readFileSync(path, 'utf8')).toBe(newer);
  expect(said).toHaveLength(1);
});

test('a partial, and a good backup in its last steps, that only context tells of are not believed', async () => {
  const house = new House();
  house.restic.ends = 'partial';
  await house.plan({ every: '24h' });
  const withPartial = house.state;
  house.restic.ends = 'succeeded';
  house.restic.retention = 60_000;
  await house.asks('run');
  const inRetention = house.state;
  expect(inRetention.run?.phase).toBe('retention');
  for (const mirror of [withPartial, inRetention, { ...newPlanState('photos', 'Photos'), ...inRetention }]) {
    house.dies();
    house.disk.clear();
    house.snapshots.length = 0;
    house.sent.length = 0;
    house.context = mirror;
    house.check.passes = false;
    house.restic.retention = 0;
    await house.deploys();
    await house.asks('accept');
    expect(house.state).toMatchObject({ lastSuccessAt: null, lastPartial: null });
    expect(house.ends).not.toContain('succeeded');
  }
  count(1, 'a success that only context tells of', 3, 0);
});
