import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { check, gate, plan, repository, run, tab } from '../runtime/flows.ts';
import { NodeRed } from '../runtime/node-red.ts';
import { Editor, needsBrowser } from './browser.ts';
import { expectedTexts, LANGUAGES } from './catalogue.ts';
import { Dialog } from './dialog.ts';

let nodeRed: NodeRed;
beforeAll(async () => {
  nodeRed = await NodeRed.start();
});
beforeEach(needsBrowser);
afterAll(async () => {
  await nodeRed[Symbol.asyncDispose]();
});

const FIELD = '#node-input-';
const PREVIEW = '#lastgood-gate-alert-preview';
const home = { repository: 'usb', paths: ['/home'], timeZone: 'UTC', startPaused: true };
const FLOW = [
  tab(),
  repository('usb', { url: '/mnt/nowhere/restic', name: 'USB drive' }, { password: 'only for tests' }),
  plan({ id: 'photos' }, { ...home, name: 'Photos', scheduleKind: 'cron', cron: '30 2 * * *' }),
  plan({ id: 'letters' }, { ...home, name: 'Letters', scheduleKind: 'cron', cron: '0 3 * * 1-5' }),
  plan({ id: 'house' }, { ...home, name: 'House', scheduleKind: 'interval', interval: '1h' }),
  plan({ id: 'asked' }, { ...home, name: 'Asked', scheduleKind: 'event' }),
  check({ id: 'check' }, { checks: [{ kind: 'mount', path: '/mnt/nowhere' }] }),
  run({ id: 'run' }),
  // As one of version 0.1: without a word about alerts.
  gate(
    { id: 'gate' },
    {
      plans: ['photos', 'letters'],
      alertInfo: '',
      alertWarning: '',
      alertCritical: '',
      policy: 'exponential',
    },
  ),
].map((node, index) => ({ ...node, ...(node.z === undefined ? {} : { y: 100 * index }) }));

/** What the preview says once it speaks of as many things. */
async function previewOf(dialog: Dialog, lines: number): Promise<string[]> {
  const said = dialog.find(`${PREVIEW} p`);
  await expect.poll(async () => await said.count(), { timeout: 30_000 }).toBe(lines);
  return await said.allInnerTexts();
}

test.for(LANGUAGES)(
  'in %s the gate says when it will speak of each plan, refuses what makes no sense, and keeps what was typed',
  async (language) => {
    const text = expectedTexts('retry-gate', language);
    await nodeRed.deploy(FLOW);
    await using editor = await Editor.open(nodeRed, language);
    await editor.showTab('tab');
    const dialog = await Dialog.ofNode(editor, 'gate');
    await dialog.section('lastgood-gate-alerts');
    await dialog.speaks(language);
    if (language === 'en-US') {
      expect(await previewOf(dialog, 2)).toEqual([
        // The weekend lies between two good backups.
        'Letters (every 3 days): tells you after 3 days, warns after 9 days, alarms after 21 days.',
        'Photos (every day): tells you after 1 day, warns after 3 days, alarms after 7 days.',
      ]);
    } else {
      expect(await previewOf(dialog, 2)).toEqual([
        'Letters（每 3 天）：逾期 3 天后提示、9 天后警告、21 天后发出严重警报。',
        'Photos（每天）：逾期 1 天后提示、3 天后警告、7 天后发出严重警报。',
      ]);
    }
    const picture = process.env['PICTURE_OF_ALERTS'];
    if (picture !== undefined) {
      await editor.page.screenshot({ path: `${picture}-${language}.png` });
      await dialog.find('#lastgood-gate-alerts .lastgood-hint').last().scrollIntoViewIfNeeded();
      await editor.page.screenshot({ path: `${picture}-${language}-below.png` });
    }

    await dialog.type(`${FIELD}alertInfo`, 'soon');
    expect(await dialog.complaint(`${FIELD}alertInfo`)).toBe(
      text('problem.threshold', { label: text('label.alertInfo') }),
    );
    await previewOf(dialog, 0);
    await dialog.type(`${FIELD}alertInfo`, 'never');
    await dialog.accepts(`${FIELD}alertInfo`);
    await dialog.type(`${FIELD}alertWarning`, '36h');
    await dialog.accepts(`${FIELD}alertWarning`);
    await dialog.type(`${FIELD}alertCritical`, '1.5X');
    await dialog.accepts(`${FIELD}alertCritical`);
    const [letters, photos] = await previewOf(dialog, 2);
    const [warning, critical] = ['warning', 'critical'].map((tier) =>
      text(`alerts.tier.${tier}`).split('__'),
    );
    expect(letters).toContain(warning?.[0]);
    // Both are a day and a half for the daily plan: the warning would never be heard.
    expect(photos).not.toContain(warning?.at(-1)?.trim() || warning?.[0]);
    expect(photos).toContain(critical?.at(-1)?.trim() || critical?.[0]);

    await dialog.type(`${FIELD}quietFrom`, '25:00');
    expect(await dialog.complaint(`${FIELD}quietFrom`)).toBe(
      text('problem.timeOfDay', { label: text('label.quietFrom') }),
    );
    await dialog.type(`${FIELD}quietFrom`, '2230');
    await dialog.accepts(`${FIELD}quietFrom`);
    expect(await dialog.complaint(`${FIELD}quietTo`)).toBe(
      text('problem.quietBoth', { label: text('label.quietTo') }),
    );
    await dialog.type(`${FIELD}quietTo`, '22:30');
    expect(await dialog.complaint(`${FIELD}quietTo`)).toBe(
      text('problem.quietSame', { label: text('label.quietTo') }),
    );
    await dialog.type(`${FIELD}quietTo`, '7');
    await dialog.accepts(`${FIELD}quietTo`);
    expect((await previewOf(dialog, 3)).at(-1)).toBe(text('alerts.quiet', { from: '22:30', to: '07:00' }));
    await dialog.press(`${FIELD}gatherAlerts`);
    await dialog.speaks(language);

    await dialog.section('lastgood-gate-retries');
    await dialog.choose('#lastgood-gate-which', 'all');
    await dialog.section('lastgood-gate-alerts');
    const all = await previewOf(dialog, 5);
    expect(all[0]).toBe(text('alerts.eventOnly', { name: 'Asked' }));
    // Three factors of an hour, but no alarm before a day.
    expect(all[1]).toContain(text('alerts.everyHour'));
    expect(all[1]).toContain(language === 'en-US' ? 'alarms after 1 day' : '1 天后发出严重警报');
    await dialog.speaks(language);
    await dialog.done();
    await editor.deploy();
    expect((await nodeRed.flows()).find(({ id }) => id === 'gate')).toMatchObject({
      plans: [],
      alertInfo: 'never',
      alertWarning: '36h',
      alertCritical: '1.5X',
      quietFrom: '22:30',
      quietTo: '07:00',
      gatherAlerts: false,
    });
    const errors = nodeRed.logs.filter(({ level, type }) => level === 'error' && type === 'retry-gate');
    expect(errors).toEqual([]);
  },
);
