import { readFileSync } from 'node:fs';
import { runInThisContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import type { FlowNode } from '../runtime/flows.ts';
import { filesUnder, path } from './project.ts';

// What can be said of every flow in the import menu without deploying it.

const OURS = [
  'backup-plan',
  'precondition-check',
  'restic-run',
  'retry-gate',
  'restic-repository',
  'backup-hub',
];
/** Of Node-RED itself, so that nothing has to be installed first. */
const CORE = [
  'tab',
  'group',
  'comment',
  'change',
  'http request',
  'inject',
  'debug',
  'exec',
  'link in',
  'link out',
  'mqtt in',
  'mqtt out',
  'mqtt-broker',
  'rbe',
  'switch',
  'watch',
];
/** Of Home Assistant's nodes, in the folder of examples that need them. */
const HOME_ASSISTANT = [
  'api-call-service',
  'function',
  'ha-api',
  'server',
  'server-events',
  'server-state-changed',
];

const examples = filesUnder('examples').map((file) => {
  const nodes: FlowNode[] = JSON.parse(readFileSync(path('examples', file), 'utf8'));
  return { file, nodes };
});

describe.each(examples)('$file', ({ file, nodes }) => {
  const needsHomeAssistant = file.startsWith('home-assistant/');

  test('has a name that reads well in the menu, and one tab with a comment that says where to start', () => {
    const tabs = nodes.filter(({ type }) => type === 'tab');
    expect(tabs).toHaveLength(1);
    const [comment, ...others] = nodes.filter(({ type }) => type === 'comment');
    expect(others).toEqual([]);
    expect(comment?.['name']).toMatch(/^Start here/);
    if (needsHomeAssistant) expect(comment?.['info']).toMatch(/Home Assistant/);
    expect(String(comment?.['info']).length).toBeGreaterThan(200);
  });

  test('uses only our nodes and those that every Node-RED has, or says that it needs others', () => {
    const known = [...OURS, ...CORE, ...(needsHomeAssistant ? HOME_ASSISTANT : [])];
    expect(nodes.map(({ type }) => type).filter((type) => !known.includes(type))).toEqual([]);
  });

  test('has no secrets in it', () => {
    expect(nodes.filter((node) => node['credentials'] !== undefined)).toEqual([]);
    expect(nodes.map((node) => node['passwordCommand'] ?? '').filter((text) => text !== '')).toEqual([]);
  });

  test('is wired, and refers, only to nodes that are in it', () => {
    const ids = nodes.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const targets = nodes.flatMap(({ wires = [], z, ...node }) => [
      ...wires.flat(),
      ...(z === undefined ? [] : [z]),
      ...[node['broker'], node['server'], node.type.startsWith('backup') ? node['repository'] : ''].filter(
        (id): id is string => typeof id === 'string' && id !== '' && node.type !== 'mqtt-broker',
      ),
    ]);
    expect(targets.filter((id) => !ids.includes(id))).toEqual([]);
  });

  test('has no two nodes on top of each other', () => {
    const places = nodes
      .filter(({ wires }) => wires !== undefined)
      .map((node) => JSON.stringify([node['x'], node['y']]));
    expect(new Set(places).size).toBe(places.length);
  });
});

test('no two examples share an id, and every plan has a key of its own', () => {
  const all = examples.flatMap(({ nodes }) => nodes);
  expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
  const keys = all.filter(({ type }) => type === 'backup-plan').map((node) => node['key']);
  expect(new Set(keys).size).toBe(keys.length);
});

test('the whole nightly flow with plug and phone is seven nodes and six wires', () => {
  const { nodes = [] } = examples.find(({ file }) => file === 'usb-drive-on-smart-plug.json') ?? {};
  const flow = nodes.filter(({ type, wires }) => wires !== undefined && type !== 'comment');
  expect(flow.map(({ type }) => type)).toEqual([
    'mqtt in',
    'backup-plan',
    'mqtt out',
    'precondition-check',
    'restic-run',
    'retry-gate',
    'debug',
  ]);
  expect(flow.flatMap(({ wires = [] }) => wires.flat())).toHaveLength(6);
});

test('the flow that backs up Home Assistant deletes the older backups of its own name, and no other', () => {
  const { nodes = [] } =
    examples.find(({ file }) => file === 'home-assistant/back-up-home-assistant.json') ?? {};
  const code = String(nodes.find(({ type }) => type === 'function')?.['func']);
  const backups = [
    { slug: 'mine-of-monday', name: 'lastgood', date: '2026-11-23T02:00:00+00:00' },
    { slug: 'by-hand', name: 'before the update', date: '2026-11-01T12:00:00+00:00' },
    { slug: 'mine-of-wednesday', name: 'lastgood', date: '2026-11-25T02:00:00+00:00' },
    { slug: 'mine-of-tuesday', name: 'lastgood', date: '2026-11-24T02:00:00+00:00' },
  ];
  // As Node-RED runs it.
  const run = runInThisContext(`(msg) => {${code}}`) as (msg: object) => unknown;
  expect(run({ payload: { backups } })).toEqual([
    [{ payload: 'mine-of-tuesday' }, { payload: 'mine-of-monday' }],
  ]);
  expect(run({ payload: { backups: backups.slice(1, 3) } })).toEqual([[]]);
});
