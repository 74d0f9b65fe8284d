import { readFileSync } from 'node:fs';
import { parse } from 'acorn';
import { describe, expect, test } from 'vitest';
import { filesUnder, path } from './project.ts';

// The rules of the Node-RED flow library's scorecard (node-red-dev validate) that need no network.

interface Manifest {
  name: string;
  license?: string;
  repository?: unknown;
  bugs?: unknown;
  keywords: string[];
  engines: { node: string };
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
  'node-red': { version: string; nodes: Record<string, string> };
}

const manifest: Manifest = JSON.parse(readFileSync(path('package.json'), 'utf8'));
const types = Object.keys(manifest['node-red'].nodes);

function dialog(type: string): string {
  return readFileSync(path((manifest['node-red'].nodes[type] ?? '').replace(/\.js$/, '.html')), 'utf8');
}

/** A node of acorn's syntax tree, with the fields that are looked at here. */
interface Syntax {
  type: string;
  name?: string;
  value?: Syntax | string | number;
  callee?: { property?: { name?: string } };
  arguments?: Syntax[];
  properties?: (Syntax & { key: { name: string }; value: Syntax })[];
}

/** Every call of `registerType` in a tree: its arguments. */
function registrations(tree: unknown): Syntax[][] {
  if (typeof tree !== 'object' || tree === null) return [];
  const found = Object.values(tree).flatMap(registrations);
  const { type, callee, arguments: given }: Partial<Syntax> = tree;
  if (type === 'CallExpression' && callee?.property?.name === 'registerType') found.push(given ?? []);
  return found;
}

/** The properties of `registerType('<type>', { ... })` in a dialog's inline script. */
function registered(type: string): Map<string, Syntax> {
  const script = /<script type="text\/javascript">([^]*?)<\/script>/.exec(dialog(type))?.[1];
  if (script === undefined) throw new Error(`${type}.html has no inline script of type text/javascript`);
  const [[name, definition] = []] = registrations(parse(script, { ecmaVersion: 'latest' }));
  expect(name).toMatchObject({ type: 'Literal', value: type });
  expect(definition).toMatchObject({ type: 'ObjectExpression' });
  return new Map((definition?.properties ?? []).map(({ key, value }) => [key.name, value]));
}

function versionNumbers(version: string): number[] {
  return [...version.split('.').map(Number), 0, 0].slice(0, 3);
}

/** Whether a version is in a range of the form `>=1.2.3`, the only form that package.json uses. */
function isInRange(version: string, range: string): boolean {
  const least = /^>=(\d+(?:\.\d+){0,2})$/.exec(range)?.[1];
  if (least === undefined) throw new Error(`${range} is not of the form >=1.2.3`);
  const [have, need] = [versionNumbers(version), versionNumbers(least)];
  const different = have.findIndex((number, index) => number !== need[index]);
  return different < 0 || (have[different] ?? 0) > (need[different] ?? 0);
}

describe('package', () => {
  test('P01 names its licence', () => expect(manifest.license).toBe('Apache-2.0'));
  test('P03 says where its source and its issues are', () => {
    expect(manifest.repository).toBeDefined();
    expect(manifest.bugs).toBeDefined();
  });
  test('P04 is scoped', () => expect(manifest.name).toMatch(/^@[a-z0-9-]{2,}\/[a-z0-9.-]+$/));
  test('P05 has the keyword that the flow library looks for', () =>
    expect(manifest.keywords).toContain('node-red'));
  test('P06 supports the newest Node-RED', () => {
    expect(isInRange(manifest.devDependencies['node-red'] ?? '', manifest['node-red'].version)).toBe(true);
  });
  test('P07 accepts the oldest Node.js of the newest Node-RED', () => {
    const nodeRed: { engines: { node: string } } = JSON.parse(
      readFileSync(path('node_modules/node-red/package.json'), 'utf8'),
    );
    const oldest = /\d+(\.\d+)*/.exec(nodeRed.engines.node)?.[0] ?? '';
    expect(isInRange(oldest, manifest.engines.node)).toBe(true);
  });
});

describe('nodes', () => {
  test('N01 every type is registered under its own name', () => {
    const names = types.flatMap((type) =>
      [...dialog(type).matchAll(/data-template-name="([^"]+)"/g)].map((match) => match[1]),
    );
    expect(names.toSorted()).toEqual(types.toSorted());
  });

  test('N02 the examples use every type', () => {
    const used = filesUnder('examples')
      .filter((file) => file.endsWith('.json'))
      .flatMap((file) => {
        const flow: { type: string }[] = JSON.parse(readFileSync(path('examples', file), 'utf8'));
        return flow.map(({ type }) => type);
      });
    expect(used).toEqual(expect.arrayContaining(types));
  });

  test.each(types)('%s: the dialog can be read without running it', (type) => {
    const definition = registered(type);
    expect([...definition.keys()]).toEqual(expect.arrayContaining(['category', 'defaults', 'label']));
    expect(definition.get('category')?.type).toBe('Literal');
    const defaults = definition.get('defaults');
    expect(defaults?.type).toBe('ObjectExpression');
    expect(defaults?.properties?.map((property) => property.type)).not.toContain('SpreadElement');
    if (definition.get('category')?.value === 'config') return;
    for (const key of ['color', 'icon', 'inputs', 'outputs'])
      expect(definition.get(key)?.type).toBe('Literal');
    expect(definition.has('outputLabels')).toBe(definition.get('outputs')?.value !== 0);
  });

  test('are all in one palette category', () => {
    const categories = types.map((type) => registered(type).get('category')?.value);
    expect(new Set(categories.filter((category) => category !== 'config')).size).toBe(1);
  });
});

describe('dependencies', () => {
  test('D01 are at most six', () => expect(Object.keys(manifest.dependencies).length).toBeLessThanOrEqual(6));
  test('D03 are where they are on purpose', () => {
    // execa 10 cannot run on Node 20, which Node-RED 4.1 still does; the scorecard warns and we know.
    const majors = Object.entries(manifest.dependencies).map(
      ([name, range]) => `${name}@${/\d+/.exec(range)?.[0]}`,
    );
    expect(majors.filter((major) => major.startsWith('execa'))).toEqual(['execa@9']);
  });
  test('do not bring a second Node-RED', () => {
    expect(Object.keys(manifest.dependencies).filter((name) => name.includes('node-red'))).toEqual([]);
  });
});
