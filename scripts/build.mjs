// Builds dist/ from src/: the runtime by tsc file by file, each node's dialog as one HTML file with its script inline
// (the editor loads nothing else), and texts and icons where Node-RED looks for them.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const from = (...parts) => join(root, ...parts);

/** The script of one editor source, bundled with what it imports from src/editor. */
async function editorScript(entry) {
  const result = await build({
    entryPoints: [entry],
    bundle: true,
    format: 'iife',
    target: 'es2022',
    charset: 'utf8',
    write: false,
  });
  return result.outputFiles[0].text.replaceAll('</script', '<\\/script');
}

/** Writes dist/<area>/<name>/<name>.html for a folder that has an editor half. */
async function buildEditorHalf(area, name) {
  const entry = from('src', area, name, `${name}.editor.ts`);
  if (!existsSync(entry)) return;
  const template = from('src', area, name, `${name}.html`);
  const html = existsSync(template) ? readFileSync(template, 'utf8') : '';
  writeFileSync(
    from('dist', area, name, `${name}.html`),
    `<script type="text/javascript">\n${await editorScript(entry)}</script>\n${html}`,
  );
}

rmSync(from('dist'), { recursive: true, force: true });
execFileSync(process.execPath, [from('node_modules/typescript/bin/tsc'), '-p', from('tsconfig.json')], {
  cwd: root,
  stdio: 'inherit',
});
cpSync(from('src/lib/locales'), from('dist/lib/locales'), { recursive: true });
for (const area of ['nodes', 'plugins']) {
  if (!existsSync(from('src', area))) continue;
  for (const name of readdirSync(from('src', area))) {
    const locales = from('src', area, name, 'locales');
    if (existsSync(locales)) cpSync(locales, from('dist', area, name, 'locales'), { recursive: true });
    await buildEditorHalf(area, name);
  }
}
// Icons beside one node's file serve the whole module.
cpSync(from('icons'), from('dist/nodes/restic-run/icons'), { recursive: true });
