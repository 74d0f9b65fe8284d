import type { Locator, Page } from 'playwright-core';
import { expect } from 'vitest';
import type { Editor } from './browser.ts';
import { type Language, untranslatedKeys } from './catalogue.ts';

const HAN = /\p{Script=Han}/u;

interface Shown {
  /** Texts of the form, and what its visible elements say when pointed at. */
  all: string;
  /** Texts of the visible elements that have a key. */
  marked: string[];
}

/** Runs in the browser. */
function shownBy(tray: HTMLElement): Shown {
  const form = tray.querySelector<HTMLElement>('.lastgood-form');
  const visible = [...(form?.querySelectorAll<HTMLElement>('*') ?? [])].filter(
    (element) => element.offsetParent !== null,
  );
  const attributes = visible.flatMap((element) =>
    ['placeholder', 'title', 'aria-label'].map((name) => element.getAttribute(name) ?? ''),
  );
  return {
    all: [form?.innerText ?? '', ...attributes].filter((text) => text !== '').join('\n'),
    marked: visible
      .filter((element) => element.dataset['i18n'] !== undefined)
      .map((element) => element.innerText.trim())
      // A field that is called Cron is called so everywhere.
      .filter((text) => text !== '' && text !== 'Cron'),
  };
}

/** The topmost open dialog of the editor, used as a person does: by clicks and keys. */
export class Dialog {
  readonly #editor: Editor;
  readonly #page: Page;
  readonly #tray: Locator;

  private constructor(editor: Editor) {
    this.#editor = editor;
    this.#page = editor.page;
    this.#tray = editor.page.locator('.red-ui-tray').last();
  }

  /** Double click on a node. */
  static async ofNode(editor: Editor, id: string): Promise<Dialog> {
    await editor.openDialog(id);
    return new Dialog(editor);
  }

  /** A config node's dialog; `_ADD_` as id makes a new one. */
  static async ofConfig(editor: Editor, type: string, id: string): Promise<Dialog> {
    await editor.openConfigDialog(type, id);
    return new Dialog(editor);
  }

  /** The dialog of a new config node, opened by the `+` beside the field where it will be chosen. */
  async addConfig(property: string): Promise<Dialog> {
    await this.find(`#node-input-btn-${property}-add`).click();
    await this.#page.waitForSelector('#node-config-dialog-ok', { state: 'visible' });
    await this.#editor.dialogOpened();
    return new Dialog(this.#editor);
  }

  /** Something in this dialog. */
  find(selector: string): Locator {
    return this.#tray.locator(selector);
  }

  /** Clicks into a field, empties it, and types. */
  async type(field: string, text: string): Promise<void> {
    const input = this.find(field);
    await input.click();
    await input.press('ControlOrMeta+a');
    await input.press('Delete');
    await input.pressSequentially(text);
    await input.press('Tab');
  }

  /** The amount and, if given, the unit of a duration. */
  async typeDuration(field: string, amount: string, unit?: 's' | 'm' | 'h' | 'd' | 'w'): Promise<void> {
    await this.type(`${field}-amount`, amount);
    if (unit !== undefined) await this.find(`${field} + .lastgood-duration select`).selectOption(unit);
  }

  async choose(field: string, value: string): Promise<void> {
    await this.find(field).selectOption(value);
  }

  async press(button: string): Promise<void> {
    await this.find(button).click();
  }

  /** Adds a line to a list and types it. */
  async add(list: string, text: string): Promise<void> {
    const container = this.find(`.red-ui-editableList:has(${list})`);
    const before = await container.locator('li').count();
    await container.locator('.red-ui-editableList-addButton').click();
    const input = container.locator('li input').nth(before);
    await input.pressSequentially(text);
    await input.press('Tab');
  }

  /** Shows a section; the editor takes two quick clicks on tabs for a double click and ignores the second. */
  async section(id: string): Promise<void> {
    await expect
      .poll(
        async () => {
          await this.find(`a[href="#${id}"]`).click();
          return await this.find(`#${id}`).isVisible();
        },
        { interval: 450, timeout: 15_000 },
      )
      .toBe(true);
  }

  /** What a field that is marked as wrong says when pointed at. */
  async complaint(field: string): Promise<string> {
    const input = this.find(`${field}.input-error`);
    await input.waitFor();
    await this.#page.mouse.move(1, 1);
    await this.#page.waitForSelector('.red-ui-popover', { state: 'detached' });
    const title = await input.getAttribute('title');
    if (title) return title;
    await input.hover();
    return await this.#page.locator('.red-ui-popover').last().innerText();
  }

  /** Waits until a field is no longer marked as wrong. */
  async accepts(field: string): Promise<void> {
    await this.find(`${field}:not(.input-error)`).waitFor({ state: 'attached' });
  }

  /** The sentence of a result box, once it is as wanted. */
  async verdict(box: string, kind: 'ok' | 'warn' | 'bad'): Promise<string> {
    return await this.find(`${box} .lastgood-verdict-${kind}`).innerText();
  }

  /** Everything that it shows now, in one language and without keys that have no text. */
  async speaks(language: Language): Promise<string> {
    // The tray is there a moment before its texts are.
    await expect.poll(async () => (await this.#tray.evaluate(shownBy)).marked).not.toEqual([]);
    const { all, marked } = await this.#tray.evaluate(shownBy);
    expect(all).not.toMatch(untranslatedKeys());
    if (language === 'en-US') expect(all).not.toMatch(HAN);
    else expect(marked.filter((text) => !HAN.test(text))).toEqual([]);
    return all;
  }

  async done(): Promise<void> {
    await this.#editor.closeDialog('done');
  }

  async cancel(): Promise<void> {
    await this.#editor.closeDialog('cancel');
  }
}
