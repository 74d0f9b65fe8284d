/// <reference types="jquery" />
import { textsOf } from './red.ts';

const text = textsOf('restic-repository');

/** Back ends by the beginning of restic's URLs; each has a hint of its own. */
const BACK_ENDS = ['sftp', 'rest', 's3', 'b2', 'azure', 'gs', 'swift', 'rclone'] as const;

function hint(url: string): string {
  if (url === '') return text('url.examples');
  // The URL is stored in the flow file, in the clear.
  if (/^rest:https?:\/\/[^/@]+:[^/@]+@/.test(url)) return text('url.passwordInUrl');
  const backEnd = BACK_ENDS.find((name) => url.startsWith(`${name}:`));
  if (backEnd !== undefined) return text(`url.${backEnd}`);
  const local = url.replace(/^local:/, '');
  return local.startsWith('/') ? text('url.local') : text('url.relative');
}

/** Under the URL: what this back end needs. */
export function urlHint(): void {
  const input = $('#node-config-input-url');
  const place = $('#restic-repository-url-hint');
  const show = (): void => {
    place.text(hint(String(input.val()).trim()));
  };
  input.on('input change', show);
  show();
}
