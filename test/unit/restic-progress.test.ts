import { describe, expect, test } from 'vitest';
import type { Progress } from '../../src/lib/restic/outcome.ts';
import { isTextProgress, ProgressTracker } from '../../src/lib/restic/process/progress.ts';

/** A tracker whose time is moved a second on before each line. */
function tracked(): {
  seen: Progress[];
  tracker: ProgressTracker;
  status: (json: object) => Progress | undefined;
} {
  let now = 0;
  const seen: Progress[] = [];
  const tracker = new ProgressTracker({ now: () => now, after: () => () => {} }, (progress) =>
    seen.push(progress),
  );
  return {
    seen,
    tracker,
    status(json) {
      now += 1000;
      tracker.status(JSON.stringify({ message_type: 'status', ...json }));
      return seen.at(-1);
    },
  };
}

describe('status messages', () => {
  test('the fraction waits for the end of the scan, stays within 0 to 1 and never goes back', () => {
    const { status } = tracked();
    expect(status({ percent_done: 1, total_bytes: 10, bytes_done: 10 })?.fraction).toBe(0);
    expect(
      status({ percent_done: 0.2, total_bytes: 100, bytes_done: 20, seconds_remaining: 4 })?.fraction,
    ).toBe(0.2);
    expect(status({ percent_done: 0.1, total_bytes: 100, bytes_done: 10 })).toMatchObject({
      fraction: 0.2,
      bytesDone: 20,
    });
    expect(status({ percent_done: 1.035, total_bytes: 100, bytes_done: 103 })?.fraction).toBe(1);
  });

  test('an estimate is dropped where restic does not know', () => {
    const { status } = tracked();
    expect(status({ percent_done: 0, bytes_done: 9, seconds_remaining: 1911185934203 })).not.toHaveProperty(
      'secondsLeft',
    );
    expect(
      status({ percent_done: 0.5, total_bytes: 50, bytes_done: 25, seconds_remaining: 7 })?.secondsLeft,
    ).toBe(7);
  });

  test('the speed follows slowly', () => {
    const { status } = tracked();
    status({ percent_done: 0, bytes_done: 1000 });
    expect(status({ percent_done: 0, bytes_done: 2000 })?.bytesPerSecond).toBe(1000);
    const still = status({ percent_done: 0, bytes_done: 2000 })?.bytesPerSecond ?? 0;
    expect(still).toBeGreaterThan(800);
    expect(still).toBeLessThan(1000);
  });

  test.each(['{"message_type":"status"', '{"message_type":"status","percent_done":"x"}', 'null', '{}'])(
    'garbage is nothing: %s',
    (line) => {
      const { tracker, seen } = tracked();
      tracker.status(line);
      tracker.end();
      expect(seen).toEqual([]);
    },
  );

  test('strange numbers count as none', () => {
    const { status } = tracked();
    expect(status({ percent_done: -4, total_files: 'many', files_done: null, bytes_done: -1 })).toEqual({
      fraction: 0,
      filesDone: 0,
      filesTotal: 0,
      bytesDone: 0,
      bytesTotal: 0,
      bytesPerSecond: 0,
      elapsedSeconds: 0,
    });
  });

  test('a restore counts its own figures', () => {
    const { status } = tracked();
    expect(
      status({ percent_done: 0.5, total_files: 4, files_restored: 2, total_bytes: 10, bytes_restored: 5 }),
    ).toMatchObject({ fraction: 0.5, filesDone: 2, bytesDone: 5 });
  });

  test('only what got further is growth', () => {
    const { status, tracker } = tracked();
    status({ percent_done: 0, bytes_done: 5 });
    const before = tracker.growth;
    status({ percent_done: 0, bytes_done: 5, seconds_elapsed: 99 });
    expect(tracker.growth).toBe(before);
    status({ percent_done: 0, bytes_done: 5, files_done: 1 });
    expect(tracker.growth).toBeGreaterThan(before);
  });

  test('of a million lines in one second few are parsed and one is told, and the last is not lost', () => {
    let parsed = 0;
    const seen: Progress[] = [];
    const tracker = new ProgressTracker({ now: () => 5, after: () => () => {} }, (progress) =>
      seen.push(progress),
    );
    const original = JSON.parse;
    JSON.parse = (text: string) => {
      parsed += 1;
      return original(text);
    };
    try {
      for (let n = 1; n <= 1_000_000; n++) {
        tracker.status(`{"message_type":"status","percent_done":0,"bytes_done":${n}}`);
      }
      tracker.end();
    } finally {
      JSON.parse = original;
    }
    expect(parsed).toBeLessThan(30);
    expect(seen.map(({ bytesDone }) => bytesDone)).toEqual([1, 1_000_000]);
  });
});

describe('text progress of check and prune', () => {
  test.each([
    '[0:04] 72.22%  13 / 18 packs',
    '[1:02:03] 100.00%  3 / 3 packs processed',
    '[0:00] 5 snapshots',
  ])('%s is progress', (line) => {
    expect(isTextProgress(line)).toBe(true);
  });

  test.each(['load indexes', '[{"tags":null}]', '[]', '[0:04]'])('%s is not', (line) => {
    expect(isTextProgress(line)).toBe(false);
  });

  test('tells how far the phase is and starts anew with the next', () => {
    const { tracker, seen } = tracked();
    tracker.text('[1:00:04] 72.22%  13 / 18 packs');
    tracker.end();
    expect(seen.at(-1)).toMatchObject({
      fraction: 0.7222,
      filesDone: 13,
      filesTotal: 18,
      elapsedSeconds: 3604,
      phase: 'packs',
    });
    const before = tracker.growth;
    tracker.text('[1:00:05] 72.22%  13 / 18 packs');
    expect(tracker.growth).toBe(before);
    tracker.text('[0:00] 0.00%  0 / 2 snapshots');
    tracker.end();
    expect(seen.at(-1)).toMatchObject({ fraction: 0, phase: 'snapshots' });
  });
});
