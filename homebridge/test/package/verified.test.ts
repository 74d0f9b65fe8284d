import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, inject, test } from 'vitest';
import { PLATFORM_NAME, PLUGIN_NAME } from '../../src/settings.ts';

// The rules for a plugin that is "verified by Homebridge", as far as files can show them:
// https://github.com/homebridge/plugins/wiki/verified-plugins

interface Manifest {
  name: string;
  version: string;
  type: string;
  exports: string;
  homepage: string;
  bugs: { url: string };
  keywords: string[];
  engines: Record<string, string>;
  scripts: Record<string, string>;
  dependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  directories: { schemas: string };
  license: string;
}

const folder = join(inject('plugins'), '@lastgood', 'homebridge-restic');
const manifest: Manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
const files = readdirSync(folder, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
const sources = files.filter((file) => file.endsWith('.js'));
const read = (file: string): string => readFileSync(join(folder, file), 'utf8');

/** Runs a program on this Node; what it prints. */
function node(program: string, cwd = folder): string {
  return execFileSync(process.execPath, ['--input-type=module', '--eval', program], {
    cwd,
    encoding: 'utf8',
  }).trim();
}

/** The highest version of each line that the range takes; asked of the same library that Homebridge uses. */
function takes(range: string, version: string): boolean {
  const program = `import semver from 'semver'; console.log(semver.satisfies(${JSON.stringify(version)}, ${JSON.stringify(range)}))`;
  return node(program, join(import.meta.dirname, '..', '..', 'node_modules', 'homebridge')) === 'true';
}

describe('package.json', () => {
  test('has a name that Homebridge looks for, and the one that accessories are kept under', () => {
    expect(manifest.name).toMatch(/^((@[\w-]+(\.[\w-]+)*)\/)?(homebridge-[\w-]+)$/);
    expect(manifest.name).toBe(PLUGIN_NAME);
  });

  test('has the keyword of a plugin, and others', () => {
    expect(manifest.keywords).toContain('homebridge-plugin');
    expect(manifest.keywords.length).toBeGreaterThan(1);
  });

  test('names pages on GitHub for reading and for problems', () => {
    expect(manifest.homepage).toMatch(/^https:\/\//);
    expect(manifest.bugs.url).toMatch(/^https:\/\/github\.com\/[\w-]+\/[\w-]+\/issues$/);
  });

  test.each(['1.8.0', '1.8.5', '1.11.4', '2.0.0', '2.4.0'])('takes Homebridge %s', (version) => {
    expect(takes(manifest.engines['homebridge'] ?? '', version)).toBe(true);
  });

  test.each(['22.12.0', '22.23.3', '24.0.0', '24.21.0', '26.12.1'])('takes Node.js %s', (version) => {
    expect(takes(manifest.engines['node'] ?? '', version)).toBe(true);
  });

  test('does nothing when it is installed', () => {
    for (const script of ['preinstall', 'install', 'postinstall', 'prepare']) {
      expect(manifest.scripts).not.toHaveProperty(script);
    }
  });

  test('brings nothing along, least of all a Homebridge', () => {
    expect(manifest.dependencies).toBeUndefined();
    expect(manifest.peerDependencies).toBeUndefined();
    expect(manifest.optionalDependencies).toBeUndefined();
  });

  test('has the version of the nodes it was made with', () => {
    const root: Manifest = JSON.parse(
      readFileSync(join(import.meta.dirname, '../../../package.json'), 'utf8'),
    );
    expect(manifest.version).toBe(root.version);
    expect(manifest.license).toBe(root.license);
  });
});

describe('the published package', () => {
  test('has what it needs and nothing else', () => {
    const allowed =
      /^(package\.json|config\.schema\.json|schemas\/config\.schema\.zh-CN\.json|README\.md|README\.zh-CN\.md|CHANGELOG\.md|LICENSE|dist\/homebridge\/src\/[\w-]+\.js|dist\/src\/protocol\/[\w-]+\.js)$/;
    expect(files.filter((file) => !allowed.test(file))).toEqual([]);
    for (const file of [
      'config.schema.json',
      'README.md',
      'README.zh-CN.md',
      'CHANGELOG.md',
      'LICENSE',
      'dist/src/protocol/protocol.js',
    ]) {
      expect(files).toContain(file);
    }
  });

  test('loads in an empty folder without Homebridge, and is a function that registers a platform', () => {
    const program = `
      const { default: plugin } = await import('./${manifest.exports}');
      const registered = [];
      plugin({ registerPlatform: (...all) => registered.push(all[0], typeof all[1]) });
      console.log(JSON.stringify(registered));`;
    expect(JSON.parse(node(program))).toEqual([PLATFORM_NAME, 'function']);
    expect(existsSync(join(folder, 'node_modules'))).toBe(false);
  });

  test('installs by npm from its tarball without anything else', () => {
    const scratch = mkdtempSync(join(tmpdir(), 'lastgood-install-'));
    try {
      const options = { cwd: scratch, stdio: 'pipe' } as const;
      execFileSync(
        'npm',
        ['install', '--offline', '--no-audit', '--no-fund', '--install-links', folder],
        options,
      );
      const installed = readdirSync(join(scratch, 'node_modules')).filter((name) => !name.startsWith('.'));
      expect(installed).toEqual(['@lastgood']);
    } finally {
      rmSync(scratch, { recursive: true });
    }
  });

  test('takes nothing from Homebridge but types: an import would tie it to one copy', () => {
    const imported = sources.flatMap((file) =>
      [...read(file).matchAll(/(?:from|import\()\s*['"]([^'"]+)['"]/g)].map(([, name]) => name ?? ''),
    );
    const foreign = imported.filter((name) => !name.startsWith('.') && !name.startsWith('node:'));
    expect(foreign).toEqual([]);
  });

  test('writes no file and speaks with no address but the one it is given', () => {
    for (const file of sources) {
      expect(read(file)).not.toMatch(/writeFile|appendFile|createWriteStream|mkdir|child_process/);
      const addresses = read(file).match(/https?:\/\/[\w.-]+\.\w+/g) ?? [];
      expect(addresses.filter((address) => !address.includes('html.spec.whatwg.org'))).toEqual([]);
    }
  });

  test('has the license of the project and a changelog', () => {
    expect(read('LICENSE')).toBe(readFileSync(join(import.meta.dirname, '../../../LICENSE'), 'utf8'));
    expect(read('CHANGELOG.md')).toMatch(/^## \[(Unreleased|\d)/m);
  });
});

describe('the lock file', () => {
  const lock = readFileSync(join(import.meta.dirname, '../../package-lock.json'), 'utf8');

  test('names no address to download from, so that it is good everywhere', () => {
    expect(lock).not.toContain('"resolved"');
  });

  test('is that of this package', () => {
    const { packages }: { packages: Record<string, Manifest> } = JSON.parse(lock);
    expect(packages['']?.version).toBe(manifest.version);
  });
});
