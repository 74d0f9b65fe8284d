// Home Assistant's schema of device-based MQTT discovery, as far as it decides whether a message is taken
// (homeassistant/components/mqtt/schemas.py and abbreviations.py): an unknown key at the root, in the device or in the
// origin rejects the whole message; unknown keys of a component are ignored there and looked at here for slips.

type Json = Readonly<Record<string, unknown>>;

const ROOT = new Set([
  'dev',
  'o',
  'cmps',
  'state_topic',
  'command_topic',
  'qos',
  'encoding',
  'availability',
  'availability_mode',
  'availability_topic',
  'availability_template',
  'payload_available',
  'payload_not_available',
]);
const DEVICE = new Set([
  'ids',
  'cns',
  'mf',
  'mdl',
  'mdl_id',
  'name',
  'hw',
  'sw',
  'sn',
  'via_device',
  'sa',
  'cu',
]);
const ORIGIN = new Set(['name', 'sw', 'url']);
const COMMON = [
  'p',
  'unique_id',
  'name',
  'default_entity_id',
  'icon',
  'entity_category',
  'enabled_by_default',
];
const READS = ['state_topic', 'value_template', 'json_attributes_topic', 'json_attributes_template'];
const MEASURES = [
  'unit_of_measurement',
  'suggested_unit_of_measurement',
  'suggested_display_precision',
  'state_class',
  'expire_after',
  'options',
];
const COMPONENTS: Readonly<Record<string, ReadonlySet<string>>> = {
  binary_sensor: new Set([...COMMON, ...READS, 'device_class', 'payload_on', 'payload_off', 'expire_after']),
  sensor: new Set([...COMMON, ...READS, ...MEASURES, 'device_class']),
  event: new Set([...COMMON, ...READS, 'event_types', 'device_class']),
  button: new Set([...COMMON, 'command_topic', 'payload_press', 'device_class']),
  switch: new Set([
    ...COMMON,
    ...READS,
    'command_topic',
    'payload_on',
    'payload_off',
    'state_on',
    'state_off',
    'optimistic',
  ]),
};
/** Platforms that must name where they are commanded. */
const COMMANDED = new Set(['button', 'switch']);
const DEVICE_CLASSES: Readonly<Record<string, ReadonlySet<unknown>>> = {
  binary_sensor: new Set(['problem', 'running']),
  sensor: new Set(['timestamp', 'duration', 'data_size', 'enum']),
};

/** Why Home Assistant would not take a discovery message as we mean it; an empty list when it would. */
export function discoveryFaults(topic: string, payload: string): string[] {
  const faults: string[] = [];
  const check = (right: boolean, fault: string): void => {
    if (!right) faults.push(fault);
  };
  const known = (value: Json, keys: ReadonlySet<string>, where: string): void => {
    for (const key of Object.keys(value)) check(keys.has(key), `${where}: unknown key ${key}`);
  };
  check(/^[^+#]+\/device\/[a-zA-Z0-9_-]+\/config$/.test(topic), `topic ${topic}`);
  const root = JSON.parse(payload) as Json;
  known(root, ROOT, 'root');
  const dev = root['dev'] as Json | undefined;
  known(dev ?? {}, DEVICE, 'device');
  const { ids, name } = (dev ?? {}) as { ids?: unknown[]; name?: unknown };
  check(Array.isArray(ids) && ids.length > 0 && ids.every((id) => typeof id === 'string'), 'device.ids');
  check(typeof name === 'string' && name !== '', 'device.name');
  const origin = (root['o'] ?? {}) as Json;
  known(origin, ORIGIN, 'origin');
  check(typeof origin['name'] === 'string', 'origin.name');
  check([0, 1, 2].includes((root['qos'] ?? 0) as number), 'qos');
  for (const one of (root['availability'] ?? []) as Json[]) {
    check(typeof one['topic'] === 'string', 'availability.topic');
  }
  const components = Object.entries((root['cmps'] ?? {}) as Record<string, Json>);
  check(components.length > 0, 'no components');
  for (const [key, component] of components) {
    const platform = String(component['p']);
    const keys = COMPONENTS[platform];
    check(keys !== undefined, `${key}: platform ${platform}`);
    // Only the platform: to be removed.
    if (keys === undefined || Object.keys(component).length === 1) continue;
    known(component, keys, key);
    check(typeof component['unique_id'] === 'string', `${key}: unique_id`);
    check(String(component['default_entity_id']).startsWith(`${platform}.`), `${key}: default_entity_id`);
    check(/^[a-z_]+\.[a-z0-9_]+$/.test(String(component['default_entity_id'])), `${key}: entity id`);
    const deviceClass = component['device_class'];
    check(
      deviceClass === undefined || DEVICE_CLASSES[platform]?.has(deviceClass) === true,
      `${key}: device class`,
    );
    if (COMMANDED.has(platform))
      check(typeof component['command_topic'] === 'string', `${key}: command_topic`);
    if (platform !== 'button') {
      check(typeof (component['state_topic'] ?? root['state_topic']) === 'string', `${key}: state_topic`);
    }
    if (platform === 'event') check(Array.isArray(component['event_types']), `${key}: event_types`);
    if (deviceClass === 'enum') check(Array.isArray(component['options']), `${key}: options`);
    // Home Assistant: a class of measurement makes no sense for these.
    if (deviceClass === 'timestamp' || deviceClass === 'enum') {
      check(component['state_class'] === undefined, `${key}: state_class`);
      check(component['unit_of_measurement'] === undefined, `${key}: unit`);
    }
  }
  const unique = components.map(([, component]) => component['unique_id']).filter((id) => id !== undefined);
  check(new Set(unique).size === unique.length, 'unique ids are not unique');
  return faults;
}

/** Keys that the templates of a device's entities read from its state. */
export function keysRead(payload: string): string[] {
  const { cmps } = JSON.parse(payload) as { cmps: Record<string, Record<string, string>> };
  const templates = Object.values(cmps)
    .filter(({ state_topic: own }) => own === undefined)
    .flatMap(({ value_template: value, json_attributes_template: attributes }) => [value, attributes])
    .join(' ');
  return [...new Set([...templates.matchAll(/value_json\.(\w+)/g)].map(([, key = '']) => key))];
}
