import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type FlowNode, inject, node, probe } from '../runtime/flows.ts';
import { mainFlow, untilReady } from '../runtime/main-flow.ts';
import { NodeRed } from '../runtime/node-red.ts';
import { Home } from '../runtime/restic.ts';
import { count } from './counts.ts';

// Messages that no honest node sends. Garbage in `msg.backup` of ordinary size is in test/runtime/bad-input.test.ts.

const DOORS = ['plan', 'check', 'run', 'gate'] as const;

/** What a function node of the flow makes, as its source; each is sent to every door. */
const MESSAGES: Readonly<Record<string, string>> = {
  '__proto__ in the message': `JSON.parse('{"__proto__":{"polluted":1},"payload":"x"}')`,
  '__proto__ in msg.backup': `({backup: JSON.parse('{"__proto__":{"polluted":1},"plan":"documents","run":"r","attempt":1}')})`,
  '__proto__ as the plan': `({backup: {plan: '__proto__', run: '__proto__', attempt: 1}})`,
  '__proto__ in the payload': `({payload: JSON.parse('{"__proto__":{"polluted":1},"state":"on"}')})`,
  'constructor in the payload': `({payload: {constructor: {prototype: {polluted: 1}}, state: {constructor: 1}}})`,
  '__proto__ as a topic': `({topic: '__proto__', payload: 'on'})`,
  'an entity of Home Assistant that pollutes': `({payload: {}, data: JSON.parse('{"new_state":{"__proto__":{"polluted":1},"state":"on"},"entity_id":"__proto__"}')})`,
  'a device that pollutes': `({topic: 'zigbee2mqtt/__proto__', payload: JSON.parse('{"__proto__":{"state":"ON"},"state_constructor":"ON"}')})`,
  'no prototype at all': `Object.assign(Object.create(null), {payload: Object.assign(Object.create(null), {state: 'on'})})`,
  'a getter that throws': `({payload: Object.defineProperty({}, 'state', {enumerable: true, get() { throw new Error('no'); }})})`,
  'a proxy that throws': `({payload: new Proxy({}, {get() { throw new Error('no'); }, ownKeys() { throw new Error('no'); }})})`,
  'a circle': `(() => { const msg = {payload: {}}; msg.payload.msg = msg; msg.own = msg; return msg; })()`,
  'a circle in msg.backup': `(() => { const backup = {plan: 'documents', run: 'r', attempt: 1}; backup.self = backup; return {backup}; })()`,
  'a text of 50 MB': `({payload: 'x'.repeat(50e6)})`,
  'JSON of 50 MB': `({payload: '{"state":"' + 'x'.repeat(50e6) + '"}'})`,
  'a buffer of 50 MB': `({payload: Buffer.alloc(50e6, 'on')})`,
  'a topic of 50 MB': `({topic: '/'.repeat(50e6), payload: 'on'})`,
  'a plan key of 50 MB': `({backup: {plan: 'x'.repeat(50e6), run: 'r', attempt: 1}})`,
  'a property of 50 MB': `({payload: 'maybe', note: 'x'.repeat(50e6)})`,
  'a million names': `({payload: Object.fromEntries(Array.from({length: 1e6}, (_, at) => ['k' + at, at]))})`,
  'a payload 100,000 deep': `({payload: deep(100000)})`,
  'JSON 100,000 deep': `({payload: '['.repeat(100000) + ']'.repeat(100000)})`,
  'a property 100,000 deep': `({payload: 'run', note: deep(100000)})`,
  'a property without prototype': `({payload: 'run', note: Object.assign(Object.create(null), {a: 1})})`,
  'a property that throws': `({payload: 'run', note: new Proxy({}, {get() { throw new Error('no'); }, ownKeys() { throw new Error('no'); }})})`,
  'msg.backup 100,000 deep': `({backup: {plan: deep(100000), run: 'r', attempt: 1}})`,
  'a pause without end': `({payload: {command: 'pause', for: '9'.repeat(400) + 'd'}})`,
  'a pause that is an object': `({payload: {command: 'pause', for: {toString: 1}}})`,
  'a command of a prototype': `({payload: {command: 'constructor'}})`,
  'a symbol': `({payload: Symbol('on')})`,
  'a big number': `({payload: 10n ** 400n})`,
};

let nodeRed: NodeRed;
let home: Home;
let cases = 0;
let violations = 0;
beforeAll(async () => {
  nodeRed = await NodeRed.start();
  home = await Home.make();
});
afterAll(async () => {
  count(8, 'messages that no honest node sends', cases, violations);
  await nodeRed[Symbol.asyncDispose]();
  home[Symbol.dispose]();
});

/** Makes a message from source text and sends it to a door; says what Node-RED's own prototypes have. */
function maker(): FlowNode[] {
  const func = `
    const deep = (levels) => { let value = 1; for (let at = 0; at < levels; at += 1) value = {on: value}; return value; };
    const made = eval(msg.payload.source);
    const ports = ${JSON.stringify(DOORS)};
    try {
      // Uncloned: not even Node-RED itself looks into it before our nodes do.
      node.send(ports.map((port) => port === msg.payload.door ? made : null).concat([null]), false);
    } catch (error) {
      node.warn('not sent: ' + error.message);
    }
    // The prototypes of the runtime, not those of this sandbox.
    const prototype = Object.getPrototypeOf(Object.getPrototypeOf(global.get('probe')));
    return ports.map(() => null).concat([{ payload: Object.getOwnPropertyNames(prototype) }]);`;
  return [
    inject('make', 'maker'),
    // A second wire, so that Node-RED has to copy what leaves our nodes.
    node('junction', { id: 'copies', wires: [] }),
    node(
      'function',
      { id: 'maker', wires: [...DOORS.map((door) => [door]), ['prototype']] },
      { func, outputs: DOORS.length + 1, timeout: 0, noerr: 0, initialize: '', finalize: '', libs: [] },
    ),
    probe('prototype'),
  ];
}

/** What every object of Node-RED has, after a message. */
async function send(source: string, door: string): Promise<unknown> {
  await nodeRed.inject('make', { payload: { source, door } });
  return (await nodeRed.next('prototype', () => true, 20_000))['payload'];
}

let key = 0;
beforeEach(async () => {
  key += 1;
  const nodes = mainFlow(home, { plan: { key: `plan-${key}` } });
  // No probes behind our nodes: they copy all 50 MB to this process, and Node-RED's own function and Catch nodes end it
  // over a message that cannot be copied.
  const wired = nodes.map((one) => {
    if (one.id === 'plan') return { ...one, wires: [['check', 'copies'], [], []] };
    if (one.type === 'function') return node('junction', { id: one.id });
    return one.type === 'catch' ? { ...one, wires: [['copies']] } : one;
  });
  await nodeRed.deploy([...wired, ...maker()]);
  await untilReady(nodeRed);
});

test.each(Object.entries(MESSAGES))('%s: nothing is broken and nothing is kept', async (_what, source) => {
  cases += DOORS.length;
  violations += 1;
  const before = await send('null', 'plan');
  for (const door of DOORS) expect(await send(source, door)).toEqual(before);
  // Whatever it was taken for, a backup can still be made, and the record of the plan is still small.
  await nodeRed.inject('ask', { payload: 'cancel' });
  await nodeRed.inject('ask', { payload: 'resume' });
  const wanted = await goodBackups();
  await nodeRed.inject('ask', { payload: 'run' });
  const state = await nodeRed.untilContext<{ lastSuccessAt: string | null; history: { kind: string }[] }>(
    'tab',
    `backup_plan-${key}`,
    ({ lastSuccessAt, history }) => lastSuccessAt !== null && history.length > wanted,
  );
  expect(JSON.stringify(state).length).toBeLessThan(20_000);
  const logged = nodeRed.logs.map(({ text }) => text.length);
  expect(Math.max(...logged)).toBeLessThan(20_000);
  violations -= 1;
});

async function goodBackups(): Promise<number> {
  const state = await nodeRed.context<{ history: unknown[] }>('tab', `backup_plan-${key}`);
  return state?.history.length ?? 0;
}
