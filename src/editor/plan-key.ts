const LONGEST_KEY = 40;

function randomLetters(): string {
  // Not randomUUID: browsers keep that from editors that are served over plain http.
  const bytes = crypto.getRandomValues(new Uint8Array(4));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * A key (`[a-z0-9-]`) for a plan of this name that no other plan has. Names without Latin letters or digits get
 * `plan-` and some random ones.
 */
export function newPlanKey(name: string, taken: ReadonlySet<string>): string {
  const slug = name
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, LONGEST_KEY)
    .replace(/^-+|-+$/g, '');
  if (slug === '') return `plan-${randomLetters()}`;
  if (!taken.has(slug)) return slug;
  let number = 2;
  while (taken.has(`${slug}-${number}`)) number += 1;
  return `${slug}-${number}`;
}
