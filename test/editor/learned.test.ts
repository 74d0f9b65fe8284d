import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { learn } from '../../src/lib/adaptive/learn.ts';
import { newModel } from '../../src/lib/adaptive/model.ts';
import { storedModel } from '../../src/lib/adaptive/stored.ts';
import { newPlanState } from '../../src/lib/plan/state.ts';
import { machineTimeZone, zoneOffset } from '../../src/lib/time-zone.ts';
import { check, gate, plan, repository, run, tab } from '../runtime/flows.ts';
import { NodeRed } from '../runtime/node-red.ts';
import { Editor, needsBrowser } from './browser.ts';
import { expectedTexts, LANGUAGES } from './catalogue.ts';
import { Dialog } from './dialog.ts';

const HOUR_MS = 3_600_000;
const WEEKS = 6;

/** The journal of a plan that was looked for every hour, and whose drive was there on Saturdays from 9 to 11. */
function journalOfSaturdays(): object {
  const model = newModel();
  const offsetAt = zoneOffset(machineTimeZone());
  const end = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
  for (let at = end - WEEKS * 168 * HOUR_MS; at < end; at += HOUR_MS) {
    const local = new Date(at + offsetAt(at));
    const hour = local.getUTCHours();
    learn(model, at, local.getUTCDay() === 6 && hour >= 9 && hour < 11, offsetAt);
  }
  return { ...newPlanState('photos', 'Photos'), learned: storedModel(model) };
}

test.for(LANGUAGES)(
  'in %s the gate shows the learned week, and forgets it when told to',
  async (language, context) => {
    needsBrowser(context);
    const text = expectedTexts('retry-gate', language);
    await using nodeRed = await NodeRed.start({ language });
    const folder = join(nodeRed.userDir, 'lastgood', 'plans');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'photos.json'), JSON.stringify(journalOfSaturdays()));
    await nodeRed.deploy(
      [
        tab(),
        repository('usb', { url: '/mnt/nowhere/restic', name: 'USB drive' }, { password: 'only for tests' }),
        plan(
          { id: 'photos', wires: [['check'], [], []] },
          { name: 'Photos', key: 'photos', repository: 'usb', paths: ['/home'] },
        ),
        check({ id: 'check', wires: [['run'], []] }, { checks: [{ kind: 'mount', path: '/mnt/nowhere' }] }),
        run({ id: 'run', wires: [['gate'], [], []] }, {}),
        gate({ id: 'gate' }, { policy: 'adaptive', waitDelay: '' }),
      ].map((node, index) => ({ ...node, ...(node.z === undefined ? {} : { y: 100 * index }) })),
    );
    await using editor = await Editor.open(nodeRed, language);
    await editor.showTab('tab');
    const dialog = await Dialog.ofNode(editor, 'gate');
    await dialog.speaks(language);
    await dialog.section('lastgood-gate-waiting');
    const cell = (day: number, hour: number): string =>
      `.lastgood-gate-week tr:nth-child(${day + 2}) td:nth-child(${hour + 2})`;
    await expect.poll(async () => await dialog.find('.lastgood-gate-week td').count()).toBe(168);
    const said = async (day: number, hour: number): Promise<string | null> =>
      await dialog.find(cell(day, hour)).getAttribute('title');
    expect(await said(5, 9)).toContain(text('learned.hour', { looked: WEEKS, seen: WEEKS }));
    expect(await said(5, 13)).toContain(text('learned.hour', { looked: WEEKS, seen: 0 }));
    const green = async (day: number, hour: number): Promise<string> =>
      await dialog.find(cell(day, hour)).evaluate((element) => getComputedStyle(element).backgroundColor);
    expect(await green(5, 9)).not.toBe(await green(5, 13));
    // The next looks are on it.
    await expect.poll(async () => await dialog.find('.lastgood-gate-week td i').count()).toBeGreaterThan(0);
    await dialog.speaks(language);
    const picture = process.env['PICTURE_OF_LEARNED'];
    if (picture !== undefined) await editor.page.screenshot({ path: `${picture}-${language}.png` });

    await dialog.press('#lastgood-gate-forget');
    await expect.poll(async () => await said(5, 9)).toContain(text('learned.hour', { looked: 0, seen: 0 }));
    await dialog.cancel();
  },
);
