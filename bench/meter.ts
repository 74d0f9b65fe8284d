import { type FlowNode, inject, node, probe } from '../test/runtime/flows.ts';
import type { NodeRed } from '../test/runtime/node-red.ts';

/** Fine enough for what a person would notice, and coarse enough to cost nothing itself. */
const RESOLUTION_MS = 10;

/** What a function node sees from inside Node-RED. */
export interface Metered {
  /** Bytes in use after garbage collection. */
  readonly heap: number;
  /** ms by which a timer was late since `begin`. */
  readonly p99: number;
  readonly worst: number;
}

/** The nodes that look at Node-RED from inside. */
export function meter(): FlowNode[] {
  const libs = ['perf_hooks', 'process', 'v8', 'vm'].map((name) => ({ var: name, module: name }));
  const func = `
    let delays = context.get('delays');
    delays?.disable();
    const answer = { p99: (delays?.percentile(99) ?? 0) / 1e6, worst: (delays?.max ?? 0) / 1e6 };
    v8.setFlagsFromString('--expose-gc');
    vm.runInNewContext('gc')();
    answer.heap = process.memoryUsage().heapUsed;
    if (msg.payload === 'end') return { payload: answer };
    delays = perf_hooks.monitorEventLoopDelay({ resolution: ${RESOLUTION_MS} });
    context.set('delays', delays);
    // The garbage collection is not to be in it.
    setTimeout(() => { delays.enable(); node.send({ payload: answer }); }, 200);
    return null;`;
  return [
    inject('ask-meter', 'meter'),
    node(
      'function',
      { id: 'meter', wires: [['measured']] },
      { func, outputs: 1, timeout: 0, noerr: 0, initialize: '', finalize: '', libs },
    ),
    probe('measured'),
  ];
}

/** `begin` forgets what was; both collect garbage. */
export async function askMeter(nodeRed: NodeRed, what: 'begin' | 'end'): Promise<Metered> {
  await nodeRed.inject('ask-meter', { payload: what });
  const { payload } = await nodeRed.next('measured');
  const { heap, p99, worst } = payload as Metered;
  // The histogram holds the times between two looks.
  return { heap, p99: Math.max(0, p99 - RESOLUTION_MS), worst: Math.max(0, worst - RESOLUTION_MS) };
}
