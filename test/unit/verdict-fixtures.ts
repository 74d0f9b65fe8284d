import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import type { Verdict } from '../../src/lib/checks/verdict.ts';

/** A verdict with these words in its sentence. */
export function says(answer: Verdict['answer'], words: string): Verdict {
  return { answer, reason: expect.stringContaining(words) };
}

/** Files of the kernel, by their paths. */
export function files(parent: string, contents: Readonly<Record<string, string>>): void {
  for (const [name, content] of Object.entries(contents)) {
    mkdirSync(dirname(join(parent, name)), { recursive: true });
    writeFileSync(join(parent, name), `${content}\n`);
  }
}
