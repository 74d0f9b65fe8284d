/// <reference types="jquery" />

/**
 * Call it in oneditsave: an empty field of a credential that was never set is not read by the editor, which takes a
 * password that is not there, and stays so, for a change. One that was there can still be taken away.
 *
 * @param field name of the credential
 */
export function leaveEmptyCredentialAlone(
  node: { readonly credentials?: Readonly<Record<string, string | boolean | undefined>> },
  field: string,
): void {
  const input = $(`#node-input-${field}`);
  if (input.val() === '' && node.credentials?.[`has_${field}`] !== true) input.removeAttr('id');
}
