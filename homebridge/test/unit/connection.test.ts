import { beforeEach, describe, expect, test } from 'vitest';
import { Connection, type Log } from '../../src/connection.ts';
import { HubProblem } from '../../src/hub-problem.ts';
import { textsIn } from '../../src/texts.ts';
import { FakeClock } from '../fake-clock.ts';

const REFUSED = new HubProblem('unreachable', 'ECONNREFUSED');
const WRONG_TOKEN = new HubProblem('wrong-token', 'no');

describe('the connection', () => {
  let clock: FakeClock;
  let lines: string[];
  let wentAway: number;
  let connection: Connection;

  beforeEach(() => {
    clock = new FakeClock();
    lines = [];
    wentAway = 0;
    const log: Log = {
      info: (line) => lines.push(`info ${line}`),
      warn: (line) => lines.push(`warn ${line}`),
      error: (line) => lines.push(`error ${line}`),
      debug: () => undefined,
    };
    connection = new Connection(clock, log, textsIn('en'), () => {
      wentAway += 1;
    });
  });

  test('is not known before the first snapshot, and then says how many plans there are', () => {
    expect(connection.isKnown).toBe(false);
    connection.heardSnapshot(1);
    expect(connection.isKnown).toBe(true);
    expect(lines).toEqual(['info Connected to Node-RED: 1 backup plan.']);
  });

  test('says once that the hub is away, however long it lasts, and once that it is back', () => {
    connection.heardSnapshot(2);
    for (let second = 0; second < 600; second += 1) {
      connection.lost(REFUSED);
      clock.move(1000);
    }
    expect(connection.isKnown).toBe(false);
    expect(wentAway).toBe(1);
    connection.heardSnapshot(2);
    expect(lines.slice(1)).toEqual([
      'warn Node-RED cannot be reached (ECONNREFUSED). Plans show "No Response" until it is back; backups go on in Node-RED meanwhile.',
      'info Node-RED is back after 10 min.',
    ]);
  });

  test('that comes back at once, as after a deploy, was never away', () => {
    connection.heardSnapshot(2);
    connection.lost(REFUSED);
    clock.move(4_900);
    expect(connection.isKnown).toBe(true);
    connection.heardSnapshot(2);
    clock.move(60_000);
    expect(wentAway).toBe(0);
    expect(lines).toHaveLength(1);
  });

  test('is away after five seconds even while nobody tries again', () => {
    connection.heardSnapshot(2);
    connection.lost(REFUSED);
    clock.move(5_000);
    expect(wentAway).toBe(1);
  });

  test('that never stood is said to be away at once', () => {
    connection.lost(REFUSED);
    expect(lines).toHaveLength(1);
    expect(wentAway).toBe(0);
  });

  test('says a cause that only a person can remove, once, also after another one', () => {
    connection.heardSnapshot(2);
    connection.lost(REFUSED);
    clock.move(6_000);
    for (let attempt = 0; attempt < 5; attempt += 1) connection.lost(WRONG_TOKEN);
    expect(lines.slice(2)).toEqual([expect.stringContaining('does not know this token')]);
  });

  test('is away at once when the token is wrong', () => {
    connection.heardSnapshot(2);
    connection.lost(WRONG_TOKEN);
    expect(connection.isKnown).toBe(false);
  });

  test('that stopped leaves no timer', () => {
    connection.heardSnapshot(2);
    connection.lost(REFUSED);
    connection.stop();
    expect(clock.waiting).toEqual([]);
  });
});
