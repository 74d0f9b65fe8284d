/** Longest name of a plan in HomeKit, in UTF-16 units; leaves room for a word such as "overdue" within HAP's 64. */
const LONGEST = 40;

/** What HomeKit does not take within a name (HAP-NodeJS warns of it), and what it does not take at the ends. */
const FOREIGN = /[^\p{L}\p{N}\p{Zs}’'&!._:;()/,-]+/gu;
const MARKS = /\p{M}+/gu;
const ENDS = /^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu;

/**
 * A plan's name as HomeKit takes it: letters and digits of any script, a few signs in between, at least two characters.
 *
 * @param id the plan's key, used where nothing of the name can stay
 * @param noun what such a thing is called, such as "Backup"; must be a good name itself
 */
export function accessoryName(name: string, id: string, noun: string): string {
  const clean = cleaned(name);
  // Two characters as people count them: one may be two UTF-16 units.
  if (/^../u.test(clean)) return clean;
  return cleaned(`${noun} ${clean === '' ? id : clean}`);
}

function cleaned(name: string): string {
  const plain = name
    .normalize('NFC')
    .replace(MARKS, '')
    .replace(FOREIGN, ' ')
    .replace(/\p{Zs}+/gu, ' ');
  const trimmed = plain.replace(ENDS, '');
  if (trimmed.length <= LONGEST) return trimmed;
  let short = '';
  for (const character of trimmed) {
    if (short.length + character.length > LONGEST) break;
    short += character;
  }
  return short.replace(ENDS, '');
}
