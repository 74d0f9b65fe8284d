import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CheckAnswer, CheckResult, CheckSpec } from '../../src/lib/checks/check.ts';
import type { CheckContext } from '../../src/lib/checks/context.ts';
import { runChecks } from '../../src/lib/checks/run-checks.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { readMounts } from '../../src/lib/drive/mountinfo.ts';
import { memoryDisk } from './drive-fixtures.ts';

const CONTEXT: CheckContext = { language: 'en-US', clock: systemClock, sources: [], mayAct: true };
let folder = '';

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'plan-')));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function check(spec: CheckSpec, context: Partial<CheckContext> = {}): Promise<CheckResult> {
  const { results } = await runChecks([spec], { ...CONTEXT, ...context });
  const [result] = results;
  if (result === undefined) throw new Error('a check must have a result');
  return result;
}

describe('the repository and the sources of the plan', () => {
  test('a check of the repository is one of the plan that it belongs to', async () => {
    const repository = { url: join(folder, 'repo') };
    expect(await check({ kind: 'repository' }, { repository })).toMatchObject({
      kind: 'repository',
      subject: repository.url,
      answer: 'no',
    });
    await mkdir(repository.url);
    await writeFile(join(repository.url, 'config'), 'encrypted');
    expect(await check({ kind: 'repository' }, { repository })).toMatchObject({ answer: 'yes' });
    for (const kind of ['repository', 'answers'] as const) {
      const reason = expect.stringContaining('does not know which repository');
      expect(await check({ kind })).toMatchObject({ answer: 'unknown', reason });
    }
  });

  test('a source must be there and have something in it', async () => {
    const path = join(folder, 'photos');
    const answer = async (): Promise<[CheckAnswer, string]> => {
      const found = await check({ kind: 'source', path });
      return [found.answer, found.reason];
    };
    expect(await answer()).toEqual(['no', `${path}, which is to be backed up, is not there.`]);
    await mkdir(path);
    expect(await answer()).toEqual([
      'no',
      `${path}, which is to be backed up, is empty. If it is a drive or a share, mount it first.`,
    ]);
    await mkdir(join(path, '2026'));
    expect(await answer()).toEqual(['yes', `${path} is there and not empty.`]);
  });

  test('without a path it means all of the plan, and a file may be one of them', async () => {
    const file = join(folder, 'notes');
    await writeFile(file, '');
    const empty = join(folder, 'empty');
    await mkdir(empty);
    expect(await check({ kind: 'source' }, { sources: [folder, file] })).toMatchObject({
      answer: 'yes',
      subject: `${folder}, ${file}`,
    });
    expect(await check({ kind: 'source' }, { sources: [folder, empty] })).toMatchObject({ answer: 'no' });
    expect(await check({ kind: 'source' })).toMatchObject({ answer: 'unknown' });
  });

  test('a source that is a drive: mounted, and not the empty folder below it', async (context) => {
    const disk = memoryDisk(folder, context);
    try {
      const spec = { kind: 'source', path: join(disk.path, 'photos'), mounted: true } as const;
      await mkdir(spec.path);
      await writeFile(join(spec.path, 'one'), '');
      expect(await check(spec)).toMatchObject({ answer: 'yes', reason: expect.stringContaining(disk.path) });
      disk.unmount();
      expect(await check({ ...spec, path: disk.path })).toMatchObject({
        answer: 'no',
        reason: expect.stringContaining('is empty'),
      });
      await writeFile(join(disk.path, 'left by a service'), '');
      const belowAnother = (await readMounts()).some(({ mountPoint }) =>
        `${folder}/`.startsWith(`${mountPoint}/`),
      );
      const found = await check({ ...spec, path: disk.path });
      if (belowAnother) expect(found).toMatchObject({ answer: 'yes' });
      else expect(found).toMatchObject({ answer: 'no', reason: expect.stringContaining('is not mounted') });
    } finally {
      disk.remove();
    }
  });
});
