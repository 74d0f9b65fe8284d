import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { path, root, trackedFiles } from './project.ts';

interface Packed {
  files: { path: string }[];
}

/** What npm would publish. `--ignore-scripts`: dist/ is built already. */
function packedFiles(): string[] {
  const output = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: root,
    encoding: 'utf8',
  });
  // npm 11 answers with a list, newer ones with an object by package name.
  const packed: Packed[] | Record<string, Packed> = JSON.parse(output);
  return Object.values(packed).flatMap(({ files }) => files.map((file) => file.path));
}

describe('the published package', () => {
  const files = packedFiles();

  test.each([
    'package.json',
    'README.md',
    'README.zh-CN.md',
    'LICENSE',
    'CHANGELOG.md',
    'examples/flows.json',
  ])('has %s', (file) => {
    expect(files).toContain(file);
  });

  test('has every file that package.json names for Node-RED, with its dialog, texts and help', () => {
    const manifest: { 'node-red': { nodes: Record<string, string> } } = JSON.parse(
      readFileSync(path('package.json'), 'utf8'),
    );
    for (const [type, file] of Object.entries(manifest['node-red'].nodes)) {
      const folder = file.slice(0, file.lastIndexOf('/'));
      const texts = ['en-US', 'zh-CN'].flatMap((language) =>
        ['json', 'html'].map((ext) => `${folder}/locales/${language}/${type}.${ext}`),
      );
      expect(files).toEqual(expect.arrayContaining([file, file.replace(/\.js$/, '.html'), ...texts]));
    }
  });

  test('has the icons that the dialogs name', () => {
    const icons = files
      .filter((file) => /^dist\/.*\/icons\/.*\.svg$/.test(file))
      .map((file) => file.split('/').at(-1));
    const named = files
      .filter((file) => /^dist\/nodes\/[^/]+\/[^/]+\.html$/.test(file))
      .flatMap((file) =>
        [...readFileSync(path(file), 'utf8').matchAll(/icon: ?["']([\w-]+\.svg)["']/g)].map(
          (match) => match[1],
        ),
      );
    expect(icons).toEqual(expect.arrayContaining([...new Set(named)]));
  });

  test('has no sources, tests or tools', () => {
    const foreign =
      /^(src|test|scripts|bench|docs|homebridge|\.ci|coverage)\/|\.editor\.|(?<!\.d)\.ts$|tsconfig|\.map$/;
    expect(files.filter((file) => foreign.test(file))).toEqual([]);
  });

  test('has no secrets', () => {
    const looksSecret = /(^|\/)(\.env|\.npmrc|id_rsa|.*\.pem|.*_cred\.json)$/;
    expect(files.filter((file) => looksSecret.test(file))).toEqual([]);
    const key =
      /-----BEGIN [A-Z ]*PRIVATE KEY|npm_[A-Za-z0-9]{36}|gh[pousr]_[A-Za-z0-9]{36}|AKIA[0-9A-Z]{16}/;
    expect(files.filter((file) => key.test(readFileSync(path(file), 'utf8')))).toEqual([]);
  });
});

test('no file of the project names a folder of the machine it was written on', () => {
  // Assembled, so that this file does not name them either.
  const machine = new RegExp(
    ['work/(main|shared)', 'root/', 'tmp/(restics|helper|bash_)']
      .map((folder) => `(?<![\\w./-])/${folder}`)
      .join('|'),
  );
  const naming = trackedFiles().filter((file) => machine.test(readFileSync(path(file), 'utf8')));
  expect(naming).toEqual([]);
});
