/// <reference types="jquery" />
import { editorLanguage, words } from './words.ts';

interface FailedRequest {
  readonly status: number;
  readonly responseJSON?: { readonly message?: string };
}

function sentenceOf(failed: FailedRequest): string {
  if (failed.status === 401 || failed.status === 403) return words().notAllowed;
  return failed.responseJSON?.message ?? words().noAnswer;
}

// The paths stay relative: only then does the editor add the person's token.
async function request<T>(settings: JQueryAjaxSettings): Promise<T> {
  return new Promise((resolve, reject) => {
    $.ajax({ ...settings, dataType: 'json' }).then(
      (answer: T) => resolve(answer),
      (failed: FailedRequest) => reject(new Error(sentenceOf(failed))),
    );
  });
}

/** GET of an admin route such as `lastgood/host`. Rejects with a sentence for people. */
export function getJson<T>(path: string, query: Readonly<Record<string, string>> = {}): Promise<T> {
  return request<T>({ url: path, data: { ...query, language: editorLanguage() } });
}

/** POST of JSON to an admin route. Rejects with a sentence for people. */
export function postJson<T>(path: string, body: object = {}): Promise<T> {
  return request<T>({
    url: path,
    method: 'POST',
    contentType: 'application/json',
    data: JSON.stringify({ ...body, language: editorLanguage() }),
  });
}

/** The sentence of a rejected request. */
export function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
