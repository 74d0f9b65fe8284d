import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NodeRed } from './node-red.ts';

// Node-RED's own access control in front of our routes; its users need no password here, only permissions.

const READING: [method: string, path: string][] = [
  ['GET', 'lastgood/plans/preview?cron=30+2+*+*+*'],
  ['GET', 'lastgood/plans/cadence?scheduleKind=cron&cron=30+2+*+*+*'],
  ['GET', 'lastgood/host'],
];
const ACTING: [method: string, path: string][] = [
  ['POST', 'lastgood/plans/any/run'],
  ['POST', 'lastgood/checks/any/look'],
  ['POST', 'lastgood/gates/any/forget'],
  ['POST', 'lastgood/repositories/test'],
  ['POST', 'lastgood/repositories/inspect-place'],
  ['POST', 'lastgood/repositories/create'],
  ['POST', 'lastgood/repositories/recovery-sheet'],
];

async function answerTo(nodeRed: NodeRed, [method, path]: [string, string]): Promise<number> {
  const response = await fetch(`${nodeRed.url}/${path}`, {
    method,
    headers: { 'Content-Type': 'application/json' },
    ...(method === 'POST'
      ? { body: JSON.stringify({ url: '/nowhere', passwordSource: 'password', password: 'p' }) }
      : {}),
  });
  return response.status;
}

describe.each([
  ['nobody logged in', undefined, 401, 401],
  ['somebody who may only read', 'read', 200, 401],
])('%s', (_who, permissions, reading, acting) => {
  let nodeRed: NodeRed;
  beforeAll(async () => {
    const user = permissions === undefined ? {} : { default: { permissions } };
    nodeRed = await NodeRed.start({ settings: { adminAuth: { type: 'credentials', users: [], ...user } } });
  });
  afterAll(async () => {
    await nodeRed[Symbol.asyncDispose]();
  });

  test.each(READING)(`%s %s answers ${reading}`, async (...request) => {
    expect(await answerTo(nodeRed, request)).toBe(reading);
  });

  test.each(ACTING)(`%s %s answers ${acting}: nothing is started`, async (...request) => {
    expect(await answerTo(nodeRed, request)).toBe(acting);
  });
});
