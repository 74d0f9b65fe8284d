// `node scripts/screenshot.mjs`: takes the README's pictures of the example, docs/first-backup.png (after the first good
// backup) and docs/waiting.png (the drive is away), in the real editor on a Node-RED that scripts/start.mjs started.
// Needs what `npm test` needs: dist/, restic and a Chromium.
import { spawn } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const flow = JSON.parse(readFileSync(join(root, 'examples', 'flows.json'), 'utf8'));
const tab = flow.find(({ type }) => type === 'tab').id;
const withName = (type, name) => flow.find((node) => node.type === type && node.name === name).id;
const ofType = (type) => flow.find((node) => node.type === type).id;

/** Of the page; the pictures have twice as many pixels, because README pages show them smaller. */
const SIZE = { width: 1400, height: 760 };
/** The example takes some seconds; this is for slow machines. */
const LIMIT_MS = 120_000;

function chromiumPath() {
  const candidates = (process.env.PATH ?? '')
    .split(delimiter)
    .flatMap((folder) => ['chromium', 'chromium-browser', 'google-chrome'].map((name) => join(folder, name)));
  return candidates.find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** A port that nobody uses now. */
function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** The example after its first good backup. Rejects when it ends before that. */
async function playExample(port) {
  const example = spawn(process.execPath, [join(root, 'scripts', 'start.mjs')], {
    env: { ...process.env, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => {
    example.once('exit', resolve);
  });
  const played = (async () => {
    for await (const line of createInterface({ input: example.stdout })) {
      if (line.includes('Your turn')) return;
    }
    throw new Error('The example ended before its first good backup.');
  })();
  const end = async () => {
    example.kill('SIGTERM');
    await ended;
  };
  try {
    await played;
  } catch (error) {
    await end();
    throw error;
  }
  // What is still told must not fill the pipe.
  example.stdout.resume();
  return { end };
}

/** Opens the example's tab alone: no palette, no sidebars, no notifications. */
async function openEditor(browser, url) {
  const page = await browser.newPage({
    viewport: SIZE,
    deviceScaleFactor: 2,
    locale: 'en-US',
  });
  page.setDefaultTimeout(LIMIT_MS);
  await page.goto(`${url}/#flow/${tab}`);
  await page.waitForSelector('#red-ui-header-button-deploy', { state: 'visible' });
  await page.waitForFunction((id) => globalThis.RED.workspaces.active() === id, tab);
  await page.waitForSelector('#red-ui-full-shade', { state: 'hidden' });
  const furniture = '#red-ui-notifications, .red-ui-workspace-scrollbar, #red-ui-workspace-footer';
  await page.addStyleTag({ content: `${furniture} { display: none !important }` });
  for (const action of ['core:toggle-left-sidebar', 'core:toggle-right-sidebar']) {
    await page.evaluate((name) => globalThis.RED.actions.invoke(name), action);
  }
  // They slide away.
  await page.waitForFunction(() =>
    [...document.querySelectorAll('.red-ui-sidebar')].every((sidebar) => sidebar.clientWidth === 0),
  );
  return page;
}

/** The text under a node, once it matches. */
async function untilStatus(page, id, pattern) {
  await page.waitForFunction(
    ([node, source]) => new RegExp(source).test(globalThis.RED.nodes.node(node)?.status?.text ?? ''),
    [id, pattern.source],
  );
}

async function press(page, name) {
  await page.locator(`[id="${withName('inject', name)}"] .red-ui-flow-node-button-button`).click();
}

/** Writes docs/<name>.png. Fails when something of the flow would be outside of it. */
async function picture(page, name) {
  const needed = await page.evaluate(() => {
    const shapes = [...document.querySelectorAll('.red-ui-flow-node-group, .red-ui-flow-group')];
    const boxes = shapes.map((shape) => shape.getBoundingClientRect());
    return {
      width: Math.ceil(Math.max(...boxes.map(({ right }) => right))),
      height: Math.ceil(Math.max(...boxes.map(({ bottom }) => bottom))),
    };
  });
  if (needed.width > SIZE.width || needed.height > SIZE.height) {
    throw new Error(`The example is larger than the picture: ${needed.width} x ${needed.height}.`);
  }
  await page.mouse.move(1, 1);
  await page.screenshot({ path: join(root, 'docs', `${name}.png`) });
}

const executablePath = chromiumPath();
if (executablePath === undefined) throw new Error('There is no Chromium on PATH.');
const port = await freePort();
const example = await playExample(port);
let browser;
try {
  browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
  const page = await openEditor(browser, `http://127.0.0.1:${port}`);
  await untilStatus(page, ofType('backup-plan'), /^next/);
  await picture(page, 'first-backup');
  await press(page, 'unplug the drive');
  await press(page, 'back up now');
  await untilStatus(page, ofType('retry-gate'), /attempt 2/);
  await picture(page, 'waiting');
} finally {
  await browser?.close();
  await example.end();
}
