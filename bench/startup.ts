// How much longer Node-RED takes to start with the package installed, and no flow that uses it.
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NodeRed } from '../test/runtime/node-red.ts';
import { type Figure, figure, interleaved, milliseconds } from './figures.ts';
import { cpuOf } from './process-cost.ts';

export const title = 'Start of Node-RED with the package installed, against without';

const MOST_MS = 100;
const root = fileURLToPath(new URL('..', import.meta.url));

interface Start {
  /** ms from the start of the process until flows run. */
  readonly wall: number;
  /** ms of CPU until then. */
  readonly cpu: number;
}

export async function measure(): Promise<Figure[]> {
  // Both are stopped and started again, so that neither pays for a first start in an empty user directory.
  await using withPackage = await NodeRed.start({ settings: { nodesDir: [] } });
  await using without = await NodeRed.start({ settings: { nodesDir: [] } });
  await withPackage.stop();
  await without.stop();
  const name = install(withPackage.userDir);
  await start(withPackage);
  await start(without);
  const pairs = await interleaved(
    () => start(withPackage, name),
    () => start(without),
  );
  return [
    figure(
      'more time until flows run',
      pairs.map(({ one, other }) => one.wall - other.wall),
      milliseconds,
      MOST_MS,
    ),
    figure(
      'more CPU until flows run',
      pairs.map(({ one, other }) => one.cpu - other.cpu),
      milliseconds,
    ),
    figure(
      'start with the package',
      pairs.map(({ one }) => one.wall),
      milliseconds,
    ),
    figure(
      'start without',
      pairs.map(({ other }) => other.wall),
      milliseconds,
    ),
  ];
}

/** Starts it and stops it again. */
async function start(nodeRed: NodeRed, installed?: string): Promise<Start> {
  const began = performance.now();
  await nodeRed.start();
  const wall = performance.now() - began;
  const cpu = cpuOf(nodeRed.pid).own * 1000;
  if (installed !== undefined) await nodeRed.request('GET', `nodes/${installed}`);
  await nodeRed.stop();
  return { wall, cpu };
}

/** Puts the package into a user directory, as npm would; its name. */
function install(userDir: string): string {
  const manifest: { name: string; version: string; dependencies: Record<string, string> } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  );
  const modules = join(userDir, 'node_modules');
  for (const part of ['package.json', 'dist', 'examples'])
    cpSync(join(root, part), join(modules, manifest.name, part), { recursive: true });
  for (const dependency of Object.keys(manifest.dependencies)) {
    mkdirSync(dirname(join(modules, dependency)), { recursive: true });
    symlinkSync(join(root, 'node_modules', dependency), join(modules, dependency));
  }
  writeFileSync(
    join(userDir, 'package.json'),
    JSON.stringify({
      name: 'node-red-project',
      version: '0.0.1',
      dependencies: { [manifest.name]: manifest.version },
    }),
  );
  return manifest.name;
}
