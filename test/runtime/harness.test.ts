import { describe, expect, test } from 'vitest';
import { errorsTo, inject, node, probe, tab } from './flows.ts';
import { NodeRed } from './node-red.ts';
import { Home } from './restic.ts';

// What the other runtime tests stand on, shown with Node-RED's own nodes.
describe('the Node-RED under test', () => {
  const func = `
    flow.set('last', { text: msg.payload, at: [1, 2] });
    node.status({ fill: 'green', shape: 'dot', text: msg.payload });
    if (msg.payload === 'bad') throw new Error('as asked');
    return msg;`;
  const flows = [
    tab(),
    inject('in', 'work'),
    node('function', { id: 'work', wires: [['out']] }, { func, outputs: 1, libs: [] }),
    probe('out'),
    errorsTo('errors'),
    probe('errors'),
  ];

  test('passes messages, statuses, errors and context to the test', async () => {
    await using nodeRed = await NodeRed.start();
    await nodeRed.deploy(flows);
    await nodeRed.inject('in', { payload: 'hello', nested: { list: [1, 'two', null] } });
    expect(await nodeRed.next('out')).toMatchObject({ payload: 'hello', nested: { list: [1, 'two', null] } });
    await nodeRed.untilStatus('work', ({ text }) => text === 'hello');
    expect(await nodeRed.context('tab', 'last')).toEqual({ text: 'hello', at: [1, 2] });
    expect(await nodeRed.context('tab', 'absent')).toBeUndefined();
    await nodeRed.inject('in', { payload: 'bad' });
    expect(await nodeRed.next('errors')).toMatchObject({ error: { source: { id: 'work' } } });
    await nodeRed.deploy(flows, 'nodes');
    expect((await nodeRed.flows()).map(({ id }) => id)).toContain('work');
  });

  test('keeps its user directory over kill -9 and restart', async () => {
    await using nodeRed = await NodeRed.start({ contextStorage: 'localfilesystem' });
    await nodeRed.deploy(flows);
    await nodeRed.inject('in', { payload: 'kept' });
    await nodeRed.next('out');
    await nodeRed.restart();
    expect(await nodeRed.context('tab', 'last')).toMatchObject({ text: 'kept' });
    await nodeRed.kill9();
    await nodeRed.start();
    await nodeRed.inject('in', { payload: 'again' });
    expect(await nodeRed.next('out', ({ payload }) => payload === 'again')).toBeDefined();
  });

  test('fails a wait with the log, at its limit and when a type is missing', async () => {
    await using nodeRed = await NodeRed.start();
    await expect(nodeRed.next('nobody', undefined, 50)).rejects.toThrow(
      /0\.05 s passed while waiting for a message at nobody[^]*\[info\]/,
    );
    await expect(nodeRed.deploy([tab(), node('no-such-type', { id: 'n' })])).rejects.toThrow(
      /missing-types.*no-such-type/,
    );
  });
});

test('a pretend USB drive has a repository only while it is plugged in', async () => {
  using home = await Home.make();
  expect(await home.snapshots()).toEqual([]);
  home.unplug();
  await expect(home.snapshots()).rejects.toThrow();
  home.plug();
  expect(await home.snapshots()).toEqual([]);
});
