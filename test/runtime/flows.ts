import type { HubCredentials, HubDefinition } from '../../src/nodes/backup-hub/definition.ts';
import type { PlanDefinition } from '../../src/nodes/backup-plan/definition.ts';
import type { CheckDefinition } from '../../src/nodes/precondition-check/definition.ts';
import type {
  RepositoryCredentials,
  RepositoryDefinition,
} from '../../src/nodes/restic-repository/definition.ts';
import type { RunDefinition } from '../../src/nodes/restic-run/definition.ts';
import type { GateDefinition } from '../../src/nodes/retry-gate/definition.ts';

/** A node, tab or group as it stands in a flow file. */
export interface FlowNode {
  id: string;
  type: string;
  z?: string;
  wires?: string[][];
  [property: string]: unknown;
}

/** Where a node stands and where its outputs lead. */
interface Place {
  id: string;
  z?: string;
  wires?: string[][];
}

/** The tab that the builders below put nodes on. */
export const TAB = 'tab';

export function tab(id: string = TAB, properties: Record<string, unknown> = {}): FlowNode {
  return { id, type: 'tab', label: id, disabled: false, info: '', env: [], ...properties };
}

/** Any node, with the fields that the editor would give it. */
export function node(type: string, place: Place, properties: object = {}): FlowNode {
  return { type, z: TAB, x: 200, y: 200, name: '', wires: [], ...properties, ...place };
}

/** A node that a test sends messages from: `nodeRed.inject(id, message)`. */
export function inject(id: string, ...targets: string[]): FlowNode {
  const off = { repeat: '', crontab: '', once: false, onceDelay: 0.1, topic: '' };
  return node(
    'inject',
    { id, wires: [targets] },
    { ...off, props: [{ p: 'payload' }], payload: '', payloadType: 'date' },
  );
}

/** A node whose messages a test receives: `nodeRed.next(id)`. */
export function probe(id: string): FlowNode {
  const func = "global.get('probe')(node.id, msg); return null;";
  return node(
    'function',
    { id },
    { func, outputs: 0, timeout: 0, noerr: 0, initialize: '', finalize: '', libs: [] },
  );
}

/** Every error that a node of the tab reports arrives at the probe, as `msg.error`. */
export function errorsTo(probeId: string): FlowNode {
  return node('catch', { id: `catch-to-${probeId}`, wires: [[probeId]] }, { scope: null, uncaught: false });
}

export function repository(
  id: string,
  settings: Partial<RepositoryDefinition> & { url: string },
  credentials?: RepositoryCredentials,
): FlowNode {
  const defaults: RepositoryDefinition = {
    // Not the id alone: Node-RED takes any property that is a config node's id for a reference to it.
    name: `repository ${id}`,
    url: '',
    passwordSource: 'password',
    passwordFile: '',
    passwordCommand: '',
    binary: '',
    cacheFolder: '',
    uploadLimit: '',
    downloadLimit: '',
    options: [],
    retryLock: '',
    device: '',
    mountCommand: [],
    unmountCommand: [],
    pruneEvery: '',
    checkEvery: '',
    checkSubset: '',
  };
  return {
    id,
    type: 'restic-repository',
    ...defaults,
    ...settings,
    ...(credentials === undefined ? {} : { credentials }),
  };
}

export function plan(place: Place, settings: Partial<PlanDefinition> & { repository: string }): FlowNode {
  const defaults: PlanDefinition = {
    name: '',
    key: place.id,
    repository: '',
    source: 'folders',
    sourceCommand: [],
    sourceUrl: '',
    sourceName: '',
    paths: [],
    excludes: [],
    excludeFile: '',
    excludeCaches: false,
    excludeLargerThan: '',
    oneFileSystem: false,
    tags: [],
    host: 'test-host',
    retention: {},
    situation: 'usb-plug',
    scheduleKind: 'interval',
    cron: '',
    timeZone: '',
    interval: '24h',
    minimumGap: '0',
    jitter: '0',
    catchUp: true,
    startPaused: false,
    deviceStarts: 'when-owed',
    settle: '0',
    wattsOn: 3,
    wattsOnFor: '5s',
    wattsOff: 1,
    wattsOffFor: '30s',
    device: '',
    powerWords: 'true-false',
    powerUpWithin: '10s',
    powerOffAfter: '0',
    powerOffMounted: false,
    latenessPerDrive: false,
    unreadableAccepted: false,
    shrinkLimit: 50,
  };
  return node('backup-plan', place, { ...defaults, ...settings });
}

export function check(place: Place, settings: Partial<CheckDefinition> = {}): FlowNode {
  const defaults: CheckDefinition = { name: '', checks: [], inOrder: false, waitFor: '', lookEvery: '' };
  return node('precondition-check', place, { ...defaults, ...settings });
}

export function run(place: Place, settings: Partial<RunDefinition> = {}): FlowNode {
  const defaults: RunDefinition = {
    name: '',
    operation: 'backup',
    repository: '',
    plan: '',
    fromRepository: '',
    readDataSubset: '',
    snapshot: '',
    target: '',
    include: [],
    overwriteAllowed: false,
    pattern: '',
    statsMode: 'restore-size',
  };
  return node('restic-run', place, { ...defaults, ...settings });
}

export function gate(place: Place, settings: Partial<GateDefinition> = {}): FlowNode {
  const defaults: GateDefinition = {
    name: '',
    plans: [],
    policy: 'fixed',
    delay: '1s',
    delayCap: '1s',
    jitterPercent: 0,
    failureBudget: 3,
    waitBudget: '',
    waitDelay: '1s',
    looksPerDay: 24,
    waitFactor: 4,
    lookAtLeastEvery: '1h',
    timeLimit: '',
    giveUpAtNextSlot: false,
    retryClasses: [
      'device-unavailable',
      'locked',
      'network',
      'interrupted',
      'lost',
      'stalled',
      'unknown',
      'unverified',
    ],
    alertInfo: 'never',
    alertWarning: 'never',
    alertCritical: 'never',
    quietFrom: '',
    quietTo: '',
    gatherAlerts: true,
    contextStore: '',
  };
  return node('retry-gate', place, { ...defaults, ...settings });
}

export function hub(
  place: Place,
  settings: Partial<HubDefinition> = {},
  credentials?: HubCredentials,
): FlowNode {
  const defaults: HubDefinition = {
    name: '',
    plans: [],
    baseTopic: 'lastgood',
    discoveryPrefix: 'homeassistant',
    progress: false,
    http: false,
  };
  const all = { ...defaults, ...settings, ...(credentials === undefined ? {} : { credentials }) };
  return node('backup-hub', place, all);
}

/** A core broker node that says on a topic whether it is connected, as the hub's dialog sets it. */
export function mqttBroker(id: string, port: number, availability?: string): FlowNode {
  const said = (name: string, payload: string): Record<string, unknown> => ({
    [`${name}Topic`]: availability ?? '',
    [`${name}Payload`]: availability === undefined ? '' : payload,
    [`${name}Qos`]: '1',
    [`${name}Retain`]: availability === undefined ? 'false' : 'true',
    [`${name}Msg`]: {},
  });
  return {
    id,
    type: 'mqtt-broker',
    name: `broker ${id}`,
    broker: '127.0.0.1',
    port,
    clientid: '',
    autoConnect: true,
    usetls: false,
    protocolVersion: 4,
    keepalive: 60,
    cleansession: true,
    ...said('birth', 'online'),
    ...said('close', 'offline'),
    ...said('will', 'offline'),
  };
}

export function mqttIn(id: string, broker: string, topic: string, ...targets: string[]): FlowNode {
  const settings = {
    topic,
    qos: '1',
    datatype: 'auto-detect',
    broker,
    nl: false,
    rap: true,
    rh: 0,
    inputs: 0,
  };
  return node('mqtt in', { id, wires: [targets] }, settings);
}

/** Topic, QoS and retain come with the message. */
export function mqttOut(id: string, broker: string): FlowNode {
  return node('mqtt out', { id }, { topic: '', qos: '', retain: '', broker });
}
