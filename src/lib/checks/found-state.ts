/** Names under which values carry the time they are of, the newest news first: Home Assistant, Zigbee2MQTT, Shelly. */
const TIMES = ['last_updated', 'last_changed', 'at', 'time', 'timestamp', 'ts'] as const;
/** Smaller numbers are seconds since the epoch: as ms they would be of 1973. */
const FIRST_MS = 1e11;

/** What a value says, apart from the wrapping that Home Assistant and others put around it. */
export interface FoundState {
  readonly value: unknown;
  /** ms since the epoch, where the value itself says it. */
  readonly sinceMs?: number;
}

/** Reads a value of any shape: of an entity or a device's report (`{state, last_updated, …}`), the state and its time. */
export function foundState(found: unknown): FoundState {
  const entity = entityIn(found);
  if (entity === undefined) return { value: found };
  const value = 'state' in entity && !isObject(entity['state']) ? entity['state'] : found;
  for (const name of TIMES) {
    const sinceMs = timeIn(entity[name]);
    if (sinceMs !== undefined) return { value, sinceMs };
  }
  return { value };
}

/** ms since the epoch of an ISO 8601 text, a Date, or a number of ms or seconds; else undefined. */
export function timeIn(value: unknown): number | undefined {
  if (value instanceof Date) return timeIn(value.getTime());
  if (typeof value === 'string') {
    if (/^\d+(\.\d+)?$/.test(value.trim())) return timeIn(Number(value));
    return /^\d{4}-\d\d-\d\d/.test(value.trim()) ? timeIn(Date.parse(value.trim())) : undefined;
  }
  if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0) return undefined;
  return value < FIRST_MS ? value * 1000 : value;
}

/** Whether a value says nothing: Home Assistant's and MQTT's words for "not there now" among it. */
export function isNothing(value: unknown): boolean {
  if (value === undefined || (typeof value === 'number' && Number.isNaN(value))) return true;
  return typeof value === 'string' && ['unavailable', 'unknown'].includes(value.trim().toLowerCase());
}

/** An event of Home Assistant holds the entity as it is now. */
function entityIn(found: unknown): Record<string, unknown> | undefined {
  if (!isObject(found)) return undefined;
  return isObject(found['new_state']) ? found['new_state'] : found;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
}
