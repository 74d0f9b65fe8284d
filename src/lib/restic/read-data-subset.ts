/** What of the data a `check` reads: such as `5%`, `1/12` or `500M`; all of it: `100%`. */
export function isReadDataSubset(text: string): boolean {
  if (/^\d+(\.\d+)?[KMGT]?$/i.test(text)) return Number.parseFloat(text) > 0;
  const [, percent] = /^(\d+(?:\.\d+)?)%$/.exec(text) ?? [];
  if (percent !== undefined) return Number(percent) > 0 && Number(percent) <= 100;
  const [, part, parts] = /^(\d+)\/(\d+)$/.exec(text) ?? [];
  return part !== undefined && Number(part) >= 1 && Number(part) <= Number(parts) && Number(parts) <= 256;
}
