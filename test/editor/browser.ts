import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import type { TestContext } from 'vitest';
import type { FlowNode } from '../runtime/flows.ts';
import type { NodeRed } from '../runtime/node-red.ts';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Path of a Chromium of this machine; undefined when there is none. */
function chromiumPath(): string | undefined {
  const candidates = (process.env['PATH'] ?? '')
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

/** Skips a test, saying so, on a machine without a browser. */
export function needsBrowser(context: TestContext): void {
  context.skip(chromiumPath() === undefined, 'no Chromium on this machine');
}

/**
 * Node-RED's editor in a real browser. Use with `await using`: anything that the browser complained about (errors on
 * its console, exceptions, requests that failed) fails the test at the end.
 */
export class Editor implements AsyncDisposable {
  readonly page: Page;
  /** What the browser complained about. */
  readonly complaints: string[] = [];
  #browser: Browser;

  private constructor(browser: Browser, page: Page) {
    this.#browser = browser;
    this.page = page;
    page.on('console', (message) => {
      // A validator that throws is only mentioned by the editor, as an ordinary line.
      const bad = message.type() === 'error' || message.text().startsWith('Validation error');
      if (bad) this.complaints.push(`${message.text()} (${message.location().url})`);
    });
    page.on('pageerror', (error) => this.complaints.push(error.stack ?? error.message));
    page.on('response', (response) => {
      if (response.status() >= 400) this.complaints.push(`${response.status()} ${response.url()}`);
    });
  }

  /** Opens the editor as a person with a browser in that language sees it. */
  static async open(nodeRed: NodeRed, language: 'en-US' | 'zh-CN' = 'en-US'): Promise<Editor> {
    const executablePath = chromiumPath();
    if (executablePath === undefined) throw new Error('no Chromium on this machine');
    const browser = await chromium.launch({ executablePath, args: FLAGS });
    try {
      const context = await browser.newContext({ locale: language, viewport: { width: 1600, height: 1000 } });
      const page = await context.newPage();
      page.setDefaultTimeout(40_000);
      const editor = new Editor(browser, page);
      // The editor's box of tips throws on a busy machine: its timer goes off before the box is made.
      const settings = { editor: { view: { 'view-show-tips': false } } };
      await nodeRed.request('POST', 'settings/user', settings);
      await page.goto(nodeRed.url);
      await editor.#ready();
      return editor;
    } catch (error) {
      await browser.close();
      throw error;
    }
  }

  /** Loads the page anew, as after somebody else deployed. */
  async reload(): Promise<void> {
    await this.page.reload();
    await this.#ready();
  }

  /** Menu > Import > clipboard. */
  async importFlow(flow: readonly FlowNode[]): Promise<void> {
    await this.action('core:show-import-dialog');
    await this.page.fill('#red-ui-clipboard-dialog-import-text', JSON.stringify(flow));
    // The editor looks at the text when a key goes up.
    await this.page.press('#red-ui-clipboard-dialog-import-text', 'End');
    await this.#confirmImport();
  }

  /** Menu > Import > Examples > the package > the example. */
  async importExample(packageName: string, example: string): Promise<void> {
    await this.action('core:show-examples-import-dialog');
    const tree = this.page.locator('#red-ui-clipboard-dialog-import-tab-examples');
    const label = this.page.getByText(packageName, { exact: true });
    await tree.locator(label).click();
    // The innermost entry of the package; other packages have examples of the same name.
    await tree.locator('li').filter({ has: label }).last().getByText(example, { exact: true }).click();
    await this.#confirmImport();
  }

  /** Shows a tab. */
  async showTab(id: string): Promise<void> {
    await this.page.evaluate(`RED.workspaces.show(${JSON.stringify(id)})`);
    await this.page.waitForSelector(`#red-ui-tab-${id}.active`);
  }

  /** Drags a node from the palette to the shown tab; its id. */
  async drag(type: string, position: { x: number; y: number }): Promise<string> {
    const before = await this.evaluate<string[]>(
      `RED.nodes.filterNodes({ type: '${type}' }).map(({ id }) => id)`,
    );
    const chart = this.page.locator('#red-ui-workspace-chart');
    const palette = this.page.locator(`.red-ui-palette-node[data-palette-type="${type}"]`);
    await palette.scrollIntoViewIfNeeded();
    await palette.dragTo(chart, { targetPosition: position });
    const after = await this.evaluate<string[]>(
      `RED.nodes.filterNodes({ type: '${type}' }).map(({ id }) => id)`,
    );
    const added = after.find((id) => !before.includes(id));
    if (added === undefined) throw new Error(`${type} could not be dragged from the palette`);
    return added;
  }

  /**
   * Opens a node's dialog: a click, and what Enter does (a double click must come within 650 ms, which a busy machine
   * misses; Enter goes to whatever has the focus). Its tab must be shown.
   */
  async openDialog(id: string): Promise<void> {
    await this.#reveal(id);
    await this.page.click(`[id="${id}"] .red-ui-flow-node`, { force: true });
    await this.page.waitForSelector(
      `[id="${id}"].red-ui-flow-node-selected, [id="${id}"] .red-ui-flow-node-selected`,
    );
    await this.action('core:edit-selected-node');
    await this.dialogOpened();
  }

  /** Opens the dialog of a config node, as from the list of config nodes; id `_ADD_`: of a new one. */
  async openConfigDialog(type: string, id: string): Promise<void> {
    await this.page.evaluate(`RED.editor.editConfig('', ${JSON.stringify(type)}, ${JSON.stringify(id)})`);
    await this.dialogOpened();
  }

  async dialogOpened(): Promise<void> {
    await this.page.waitForSelector('.red-ui-tray-footer, #node-dialog-ok', { state: 'visible' });
    // The dialog slides in; its buttons do nothing before it has arrived.
    await this.page.waitForFunction("$('.red-ui-tray:animated').length === 0");
  }

  /** Done or Cancel of the topmost dialog. */
  async closeDialog(how: 'done' | 'cancel'): Promise<void> {
    const tray = this.page.locator('.red-ui-tray').last();
    const ok =
      how === 'done'
        ? '#node-dialog-ok, #node-config-dialog-ok'
        : '#node-dialog-cancel, #node-config-dialog-cancel';
    const closing = await tray.elementHandle();
    await tray.locator(ok).click();
    await closing?.waitForElementState('hidden');
    // The one below slides back in.
    await this.page.waitForFunction("$('.red-ui-tray:animated').length === 0");
  }

  /** Presses the button of a node. Its tab must be shown. */
  async press(id: string): Promise<void> {
    await this.#reveal(id);
    await this.page.click(`[id="${id}"] .red-ui-flow-node-button-button`);
  }

  /** The Deploy button; waits until it is done. Fails when the editor asks back because a node is not configured. */
  async deploy(): Promise<void> {
    const deployed = this.page.waitForResponse(
      (response) => response.request().method() === 'POST' && response.url().endsWith('/flows'),
    );
    await this.page.click('#red-ui-header-button-deploy');
    await deployed;
    // Buttons of nodes work only once the editor takes its nodes for deployed.
    await this.page.waitForFunction('!RED.nodes.dirty()');
    // Up to 300 ms longer a shade swallows every click.
    await this.page.waitForSelector('#red-ui-full-shade', { state: 'hidden' });
  }

  /** Runs an action of the editor, as its menu entry or key does. */
  async action(name: string): Promise<void> {
    await this.page.evaluate(`RED.actions.invoke(${JSON.stringify(name)})`);
  }

  /** Evaluates an expression in the editor, such as `RED.nodes.node('plan').valid`. */
  async evaluate<T>(expression: string): Promise<T> {
    return await this.page.evaluate<T>(expression);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
    if (this.complaints.length > 0) throw new Error(`the browser complained:\n${this.complaints.join('\n')}`);
  }

  async #ready(): Promise<void> {
    await this.page.waitForSelector('#red-ui-header-button-deploy', { state: 'visible' });
    await this.page.waitForFunction(
      "document.querySelectorAll('.red-ui-palette-node').length > 10 && RED.workspaces.count() > 0",
    );
    await this.page.waitForSelector('#red-ui-full-shade', { state: 'hidden' });
    // Notifications lie over nodes and swallow clicks; hiding the region changes nothing else.
    await this.page.addStyleTag({ content: '#red-ui-notifications { pointer-events: none; opacity: 0.3 }' });
  }

  /** Scrolls a node into view, which takes the editor a moment. */
  async #reveal(id: string): Promise<void> {
    await this.page.evaluate(`RED.view.reveal(${JSON.stringify(id)}, false)`);
    await this.page.waitForFunction("$('#red-ui-workspace-chart:animated').length === 0");
  }

  async #confirmImport(): Promise<void> {
    const count = '(() => { let count = 0; RED.nodes.eachNode(() => { count += 1; }); return count; })()';
    const before = await this.evaluate<number>(count);
    await this.page.click('#red-ui-clipboard-dialog-ok:not([disabled])');
    await this.page.waitForSelector('#red-ui-clipboard-dialog', { state: 'hidden' });
    // An example is fetched only now.
    await this.page.waitForFunction(`${count} > ${before}`);
  }
}
