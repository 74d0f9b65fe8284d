import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** Folder that has the plugin as npm would install it, as `@lastgood/homebridge-restic`. */
    plugins: string;
  }
}

const folder = fileURLToPath(new URL('..', import.meta.url));

/** Another plugin, whose platform `Crowd` fills a bridge with `count` accessories. */
const CROWD = {
  'package.json': JSON.stringify({
    name: 'homebridge-crowd',
    version: '1.0.0',
    type: 'module',
    main: 'index.js',
    keywords: ['homebridge-plugin'],
    engines: { homebridge: '>=1.8.0' },
  }),
  'index.js': `
    class Crowd {
      constructor(log, { count }, api) {
        const accessory = (_, index) => new api.platformAccessory('Guest ' + index, api.hap.uuid.generate('guest' + index));
        api.on('didFinishLaunching', () => {
          api.registerPlatformAccessories('homebridge-crowd', 'Crowd', Array.from({ length: count }, accessory));
        });
      }
      configureAccessory() {}
    }
    export default (api) => api.registerPlatform('Crowd', Crowd);`,
};

/** Builds and packs the plugin, and unpacks what npm would publish; beside it there is only a plugin for tests. */
export function packedPlugin(): { plugins: string; remove: () => void } {
  const scratch = mkdtempSync(join(tmpdir(), 'lastgood-plugin-'));
  execFileSync(process.execPath, [join(folder, 'scripts', 'build.mjs')], { stdio: 'inherit' });
  execFileSync('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', scratch], {
    cwd: folder,
  });
  const [tarball = ''] = readdirSync(scratch);
  const plugins = join(scratch, 'plugins');
  const target = join(plugins, '@lastgood', 'homebridge-restic');
  mkdirSync(target, { recursive: true });
  execFileSync('tar', ['-xzf', join(scratch, tarball), '-C', target, '--strip-components=1']);
  const crowd = join(plugins, 'homebridge-crowd');
  mkdirSync(crowd);
  for (const [name, text] of Object.entries(CROWD)) writeFileSync(join(crowd, name), text);
  return { plugins, remove: () => rmSync(scratch, { recursive: true, force: true }) };
}

/** Once for all test files. */
export default function setup(project: TestProject): () => void {
  const { plugins, remove } = packedPlugin();
  project.provide('plugins', plugins);
  return remove;
}
