import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { OPERATIONS, type RunDefinition } from '../../src/nodes/restic-run/definition.ts';
import { type FlowNode, gate, plan, repository, run, tab } from '../runtime/flows.ts';
import { NodeRed } from '../runtime/node-red.ts';
import { Editor, needsBrowser } from './browser.ts';
import { expectedTexts, LANGUAGES } from './catalogue.ts';
import { Dialog } from './dialog.ts';

let nodeRed: NodeRed;
beforeAll(async () => {
  nodeRed = await NodeRed.start();
});
afterAll(async () => {
  await nodeRed[Symbol.asyncDispose]();
});

const FIELD = '#node-input-';
const secret = { password: 'only for tests' };
const FLOW: readonly FlowNode[] = [
  tab(),
  repository('usb', { url: '/mnt/usb/restic', name: 'USB drive' }, secret),
  repository('nas', { url: 'rest:http://nas:8000/', name: 'NAS' }, secret),
  plan({ id: 'photos' }, { name: 'Photos', repository: 'usb', paths: ['/home'] }),
  plan({ id: 'letters' }, { name: 'Letters', repository: 'usb', paths: ['/home'] }),
  gate({ id: 'gate' }, { policy: 'exponential', delay: '5m', delayCap: '1h' }),
  ...OPERATIONS.map((operation) => run({ id: `run-${operation}` })),
].map((node, index) => ({ ...node, ...(node.z === undefined ? {} : { y: 100 * index }) }));

describe.each(LANGUAGES)('in %s', (language) => {
  let editor: Editor | undefined;
  beforeEach(async (context) => {
    needsBrowser(context);
    if (editor !== undefined) return;
    await nodeRed.deploy(FLOW);
    editor = await Editor.open(nodeRed, language);
    await editor.showTab('tab');
  });
  afterAll(async () => {
    await editor?.[Symbol.asyncDispose]();
  });

  async function open(id: string): Promise<Dialog> {
    if (editor === undefined) throw new Error('no editor');
    return await Dialog.ofNode(editor, id);
  }

  /** What is deployed of a node, after the Deploy button. */
  async function deployed(id: string): Promise<FlowNode | undefined> {
    await editor?.deploy();
    return (await nodeRed.flows()).find((node) => node.id === id);
  }

  test('every operation of restic-run is filled in, checked and saved', async () => {
    const text = expectedTexts('restic-run', language);
    const wanted = new Map<string, Partial<RunDefinition>>([
      ['prune', { repository: 'usb' }],
      ['unlock', { repository: 'nas' }],
      ['init', { repository: 'nas' }],
    ]);
    const fillIn: Record<string, (dialog: Dialog) => Promise<Partial<RunDefinition>>> = {
      forget: async (dialog) => {
        expect(await dialog.find('#lastgood-run-plan-problem').innerText()).toBe(text('problem.planMissing'));
        await dialog.choose('#lastgood-run-plan', 'letters');
        expect(await dialog.find('#lastgood-run-plan-problem').textContent()).toBe('');
        return { plan: 'letters' };
      },
      check: async (dialog) => {
        await dialog.type(`${FIELD}readDataSubset`, 'half');
        expect(await dialog.complaint(`${FIELD}readDataSubset`)).toBe(text('problem.readDataSubset'));
        await dialog.type(`${FIELD}readDataSubset`, '5%');
        await dialog.accepts(`${FIELD}readDataSubset`);
        await dialog.choose(`${FIELD}repository`, 'usb');
        return { repository: 'usb', readDataSubset: '5%' };
      },
      copy: async (dialog) => {
        await dialog.choose(`${FIELD}fromRepository`, 'usb');
        await dialog.choose(`${FIELD}repository`, 'usb');
        expect(await dialog.complaint(`${FIELD}fromRepository`)).toBe(text('problem.sameRepository'));
        await dialog.choose(`${FIELD}repository`, 'nas');
        await dialog.accepts(`${FIELD}fromRepository`);
        await dialog.type(`${FIELD}snapshot`, 'latest');
        return { fromRepository: 'usb', repository: 'nas', snapshot: 'latest' };
      },
      restore: async (dialog) => {
        await dialog.choose('#lastgood-run-plan', 'photos');
        await dialog.type(`${FIELD}target`, 'restored');
        expect(await dialog.complaint(`${FIELD}target`)).toBe(text('problem.target'));
        await dialog.type(`${FIELD}target`, '/mnt/restored');
        await dialog.accepts(`${FIELD}target`);
        await dialog.add('#lastgood-run-include', '/home/anna');
        expect(await dialog.speaks(language)).toContain(text('hint.repositoryOfPlan'));
        return {
          plan: 'photos',
          target: '/mnt/restored',
          include: ['/home/anna'],
          overwriteAllowed: false,
          repository: '',
        };
      },
      snapshots: async (dialog) => {
        await dialog.choose('#lastgood-run-plan', 'photos');
        return { plan: 'photos' };
      },
      find: async (dialog) => {
        await dialog.choose(`${FIELD}repository`, 'usb');
        await dialog.type(`${FIELD}pattern`, '*.jpg');
        return { repository: 'usb', pattern: '*.jpg' };
      },
      stats: async (dialog) => {
        await dialog.choose(`${FIELD}repository`, 'usb');
        await dialog.choose(`${FIELD}statsMode`, 'raw-data');
        return { repository: 'usb', statsMode: 'raw-data' };
      },
    };
    for (const operation of OPERATIONS) {
      const dialog = await open(`run-${operation}`);
      await dialog.choose(`${FIELD}operation`, operation);
      expect(await dialog.speaks(language)).toContain(text(`operation.${operation}.explanation`));
      const repositoryChosen = wanted.get(operation)?.repository;
      if (repositoryChosen !== undefined) {
        expect(await dialog.complaint(`${FIELD}repository`)).toContain(text('label.repository'));
        await dialog.choose(`${FIELD}repository`, repositoryChosen);
        await dialog.accepts(`${FIELD}repository`);
      }
      const filled = await fillIn[operation]?.(dialog);
      await dialog.done();
      wanted.set(operation, { operation, ...(filled ?? wanted.get(operation)) });
    }
    await editor?.deploy();
    const flows = await nodeRed.flows();
    for (const [operation, properties] of wanted) {
      const id = `run-${operation}`;
      expect(flows.find((node) => node.id === id)).toMatchObject(properties);
      expect(await editor?.evaluate(`RED.nodes.node('${id}').valid`)).toBe(true);
    }
  });

  test('a gate is filled in, checked and saved', async () => {
    const text = expectedTexts('retry-gate', language);
    const dialog = await open('gate');
    expect(await dialog.speaks(language)).toContain('Letters');
    await dialog.choose('#lastgood-gate-which', 'chosen');
    await dialog.press('#lastgood-gate-plans input[value="photos"]');
    await dialog.typeDuration(`${FIELD}delay`, '-2');
    expect(await dialog.complaint(`${FIELD}delay-amount`)).toContain(text('label.delay'));
    await dialog.typeDuration(`${FIELD}delay`, '2', 'h');
    expect(await dialog.complaint(`${FIELD}delayCap-amount`)).toContain(text('label.delayCap'));
    await dialog.typeDuration(`${FIELD}delay`, '2', 'm');
    await dialog.accepts(`${FIELD}delayCap-amount`);
    await dialog.type(`${FIELD}jitterPercent`, '80');
    expect(await dialog.complaint(`${FIELD}jitterPercent`)).toBe(text('problem.jitter'));
    await dialog.type(`${FIELD}jitterPercent`, '20');
    await dialog.type(`${FIELD}failureBudget`, 'many');
    expect(await dialog.complaint(`${FIELD}failureBudget`)).toContain(text('label.failureBudget'));
    await dialog.type(`${FIELD}failureBudget`, '5');
    expect(await dialog.find('#lastgood-gate-preview').innerText()).toContain(
      text('preview.jitter', { percent: 20 }),
    );
    await dialog.speaks(language);
    for (const policy of [
      'fixed',
      'adaptive',
      'backrest-1-minute',
      'backrest-10-minutes',
      'backrest-exponential',
    ]) {
      await dialog.choose(`${FIELD}policy`, policy);
      expect(await dialog.speaks(language)).toContain(text(`policy.${policy}.explanation`));
    }
    await dialog.choose(`${FIELD}policy`, 'exponential');

    await dialog.section('lastgood-gate-waiting');
    await dialog.typeDuration(`${FIELD}waitDelay`, '10', 'm');
    await dialog.type(`${FIELD}waitBudget`, '1.5');
    expect(await dialog.complaint(`${FIELD}waitBudget`)).toContain(text('label.waitBudget'));
    await dialog.type(`${FIELD}waitBudget`, '');
    await dialog.typeDuration(`${FIELD}timeLimit`, '12', 'h');
    await dialog.press(`${FIELD}giveUpAtNextSlot`);
    await dialog.speaks(language);
    await dialog.section('lastgood-gate-failures');
    await dialog.press('#lastgood-gate-temporary input[value="network"]');
    await dialog.speaks(language);
    await dialog.section('lastgood-gate-state');
    await dialog.speaks(language);
    await dialog.done();
    const saved = await deployed('gate');
    expect(saved).toMatchObject({
      plans: ['photos'],
      policy: 'exponential',
      delay: '2m',
      delayCap: '1h',
      jitterPercent: 20,
      failureBudget: 5,
      waitDelay: '10m',
      waitBudget: '',
      timeLimit: '12h',
      giveUpAtNextSlot: true,
    });
    expect(saved?.['retryClasses']).toContain('locked');
    expect(saved?.['retryClasses']).not.toContain('network');
    expect(await editor?.evaluate("RED.nodes.node('gate').valid")).toBe(true);
  });
});
