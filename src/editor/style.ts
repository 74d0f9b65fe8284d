/// <reference types="jquery" />
// The editor makes a dialog as wide as its longest line, and cuts off what the screen cannot show: ask for 500 px.
const CSS = `
.lastgood-form { contain: inline-size; contain-intrinsic-inline-size: 620px; }
.lastgood-form { width: 500px; min-width: 100%; }
.lastgood-form .form-row { display: flex; align-items: center; flex-wrap: wrap; margin-bottom: 10px; }
.lastgood-form .form-row > label:first-child { flex: 0 0 130px; width: 130px; margin: 0 8px 0 0; line-height: 1.25; }
.lastgood-form .form-row > label:first-child > i.fa { width: 16px; text-align: center; }
.lastgood-form .form-row > input[type="text"], .lastgood-form .form-row > input[type="password"],
.lastgood-form .form-row > select, .lastgood-form .form-row > textarea, .lastgood-form .form-row > div,
.lastgood-form .form-row > .lastgood-duration, .lastgood-form .form-row > .red-ui-typedInput-container {
  flex: 1 1 0; width: auto !important; min-width: 0; }
.lastgood-form .form-row > input[type="text"].lastgood-short { flex: 0 0 110px; }
.lastgood-form .form-row > .lastgood-unit { margin-left: 8px; color: var(--red-ui-secondary-text-color); }
.lastgood-form .form-row.lastgood-top { align-items: flex-start; }
.lastgood-form .form-row.lastgood-top > label:first-child { padding-top: 7px; }
.lastgood-form .lastgood-checkbox { margin-left: 138px; }
.lastgood-form .lastgood-checkbox > label, .lastgood-form .lastgood-checkbox > label:first-child {
  flex: 1 1 0; width: auto; display: flex; align-items: baseline; padding: 0; line-height: 1.35; cursor: pointer; }
.lastgood-form .lastgood-checkbox input[type="checkbox"] { width: auto; flex: none; margin: 0 8px 0 0; position: relative; top: 1px; }
.lastgood-form .lastgood-hint { margin: -5px 0 12px 138px; font-size: 12px; line-height: 1.45; color: var(--red-ui-secondary-text-color); }
.lastgood-form .lastgood-hint code { font-size: 11px; white-space: normal; overflow-wrap: anywhere; }
.lastgood-form .lastgood-heading { margin: 18px 0 10px; padding-bottom: 4px; font-weight: 600;
  color: var(--red-ui-primary-text-color); border-bottom: 1px solid var(--red-ui-secondary-border-color); }
.lastgood-form .lastgood-hint.lastgood-wide { margin: 0 0 12px; }
.lastgood-form summary { cursor: pointer; }
.lastgood-form .lastgood-sections { margin-bottom: 14px; }
.lastgood-form .lastgood-buttons { display: flex; flex-wrap: wrap; gap: 8px; margin: 4px 0 12px; }
.lastgood-problem { margin-top: 4px; font-size: 12px; line-height: 1.45; color: var(--red-ui-text-color-error); }
.lastgood-problem:empty { display: none; }
.lastgood-form .form-row > button.lastgood-after { flex: none; margin-left: 6px; }
.lastgood-form .lastgood-beside { margin-left: 138px; }
.lastgood-numbers { display: grid; grid-template-columns: repeat(3, 1fr); gap: 10px 16px; margin-bottom: 12px; }
.lastgood-form .lastgood-numbers label { display: block; width: auto; margin: 0; line-height: 1.6; }
.lastgood-form .lastgood-numbers input { width: 100%; box-sizing: border-box; }
.lastgood-form .lastgood-buttons { align-items: center; }
.lastgood-form label.lastgood-choice { display: flex; align-items: baseline; width: auto; margin: 0 0 6px; line-height: 1.4; cursor: pointer; }
.lastgood-form label.lastgood-choice input { width: auto; flex: none; margin: 0 8px 0 0; position: relative; top: 1px; }
.lastgood-form label.lastgood-choice code { font-size: 11px; color: var(--red-ui-secondary-text-color); background: none; border: 0; }
.lastgood-form .lastgood-choices { max-height: 190px; overflow-y: auto; padding-top: 7px; }
.lastgood-form .lastgood-inline { display: inline-flex; align-items: center; gap: 6px; width: auto; margin: 0; font-size: 12px; }
.lastgood-form .lastgood-inline input[type="checkbox"] { width: auto; margin: 0; }
.lastgood-form textarea { width: 100%; box-sizing: border-box; font-family: var(--red-ui-monospace-font); font-size: 12px; resize: vertical; }
.lastgood-stored { margin: 4px 0 6px; font-size: 12px; line-height: 1.7; }
.lastgood-form .lastgood-stored code { color: inherit; background: none; border: none; padding: 0; }
.lastgood-stored:empty { display: none; }
.lastgood-form .red-ui-button:disabled { opacity: 0.45; cursor: not-allowed; }
.lastgood-step { margin-bottom: 12px; padding: 10px 12px 2px; border-radius: 4px; background: var(--red-ui-tertiary-background);
  border: 1px solid var(--red-ui-secondary-border-color); }
.lastgood-form code.lastgood-password { display: block; margin: 8px 0; padding: 8px; font-size: 16px; text-align: center; user-select: all;
  color: var(--red-ui-primary-text-color); background: var(--red-ui-form-input-background); border: 1px dashed var(--red-ui-form-input-border-color); }
.lastgood-duration { display: flex; gap: 6px; }
.lastgood-duration > input[type="text"] { flex: 1 1 auto; width: auto; min-width: 60px; max-width: 170px; }
.lastgood-duration > select { flex: 0 0 110px; width: 110px; }
.lastgood-list li { padding: 4px 0 !important; min-height: 0 !important; }
.lastgood-list li input[type="text"] { width: 100% !important; }
.lastgood-tab-sign { margin-right: 5px; color: var(--red-ui-text-color-error); }
.lastgood-verdict { display: flex; gap: 8px; margin: 0 0 12px; padding: 8px 10px; line-height: 1.45; border-radius: 4px;
  color: var(--red-ui-primary-text-color); background: var(--red-ui-secondary-background);
  border: 1px solid var(--red-ui-secondary-border-color); border-left-width: 4px; overflow-wrap: anywhere; }
.lastgood-verdict > i.fa { flex: none; line-height: inherit; }
.lastgood-verdict > div { flex: 1 1 0; min-width: 0; }
.lastgood-verdict p { margin: 4px 0 0; }
.lastgood-verdict-ok { border-left-color: var(--red-ui-text-color-success); }
.lastgood-verdict-ok > i.fa { color: var(--red-ui-text-color-success); }
.lastgood-verdict-warn { border-left-color: var(--red-ui-text-color-warning); }
.lastgood-verdict-warn > i.fa { color: var(--red-ui-text-color-warning); }
.lastgood-verdict-bad { border-left-color: var(--red-ui-text-color-error); }
.lastgood-verdict-bad > i.fa { color: var(--red-ui-text-color-error); }
`;

/**
 * The look that all our dialogs share, put into the page once. A dialog wraps its template in
 * `<div class="lastgood-form">`: rows are `div.form-row > label + field`, long boxes (lists, text areas)
 * `div.form-row.lastgood-top`, check boxes `div.form-row.lastgood-checkbox > label > input + span`, explanations
 * `div.lastgood-hint`. Colours come from the editor's variables, so that its dark theme holds.
 */
export function useSharedStyle(): void {
  if (document.getElementById('lastgood-editor-style') !== null) return;
  $('<style id="lastgood-editor-style">').text(CSS).appendTo(document.head);
}
