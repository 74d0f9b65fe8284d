/** Version of the shape below. */
export const DEVICE_SCHEMA = 1;

/** What is remembered of a device between runs, so that a restart neither forgets nor cuts its power. */
export interface DeviceState {
  readonly schema: typeof DEVICE_SCHEMA;
  readonly device: string;
  /** We switched it on, ISO 8601 UTC, and have not switched it off since; null: its power is not ours. */
  readonly onSince: string | null;
  /** It was used, and what was written there has not been brought safe since. */
  readonly inUse: boolean;
}

/** The state of a device that nobody has used. */
export function newDeviceState(device: string): DeviceState {
  return { schema: DEVICE_SCHEMA, device, onSince: null, inUse: false };
}

/** Tells a whole state from garbage. */
export function isDeviceState(value: unknown): value is DeviceState {
  if (typeof value !== 'object' || value === null) return false;
  const { schema, device, onSince, inUse } = value as Partial<Record<keyof DeviceState, unknown>>;
  const isTime = onSince === null || (typeof onSince === 'string' && !Number.isNaN(Date.parse(onSince)));
  return schema === DEVICE_SCHEMA && typeof device === 'string' && isTime && typeof inUse === 'boolean';
}
