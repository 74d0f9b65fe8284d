import fc from 'fast-check';
import { expect, test } from 'vitest';
import { joinCommandLine, splitCommandLine } from '../../src/editor/command-line.ts';

test.each([
  ['mountpoint -q /mnt/usb', ['mountpoint', '-q', '/mnt/usb']],
  ['  test   -d  "/mnt/my drive" ', ['test', '-d', '/mnt/my drive']],
  [`echo 'it'\\''s' ""`, ['echo', "it's", '']],
  ['grep -q a\\ b $HOME/*', ['grep', '-q', 'a b', '$HOME/*']],
  ['', []],
])('%s is started as these words', (line, words) => {
  expect(splitCommandLine(line)).toEqual({ words, unclosedQuote: false });
});

test('a quote that is not closed is noticed, and nothing typed is lost', () => {
  expect(splitCommandLine('test -d "/mnt/my drive')).toEqual({
    words: ['test', '-d', '/mnt/my drive'],
    unclosedQuote: true,
  });
});

test('what was saved comes back into the dialog and is read as the same words', () => {
  fc.assert(
    fc.property(fc.array(fc.string()), (words) => {
      expect(splitCommandLine(joinCommandLine(words))).toEqual({ words, unclosedQuote: false });
    }),
  );
});
