/** One entity of a device, as Home Assistant's MQTT discovery describes it, without what all have. */
export interface Entity {
  /** Platform. */
  readonly p: 'binary_sensor' | 'sensor' | 'event' | 'button' | 'switch';
  /** Where it reads; Home Assistant reads the device's `state_topic` without it. */
  readonly topic?: 'event' | 'progress';
  readonly isCommanded?: true;
  readonly more: Readonly<Record<string, unknown>>;
}

const diagnostic = { entity_category: 'diagnostic' } as const;

function yesNo(key: string, more: Readonly<Record<string, unknown>> = {}): Entity {
  return {
    p: 'binary_sensor',
    more: { value_template: `{{ 'ON' if value_json.${key} else 'OFF' }}`, ...more },
  };
}

function sensor(key: string, more: Readonly<Record<string, unknown>> = {}): Entity {
  return { p: 'sensor', more: { value_template: `{{ value_json.${key} }}`, ...more } };
}

function moment(key: string, more: Readonly<Record<string, unknown>> = {}): Entity {
  return sensor(key, { device_class: 'timestamp', ...more });
}

function bytes(key: string): Entity {
  const unit = { unit_of_measurement: 'B', suggested_unit_of_measurement: 'MB' };
  return sensor(key, { device_class: 'data_size', ...unit, state_class: 'measurement', ...diagnostic });
}

function button(command: string, icon: string): Entity {
  return { p: 'button', isCommanded: true, more: { payload_press: command, icon } };
}

/**
 * What a hub shows of a plan. The words are those of Home Assistant's own backup integration (last attempted, last
 * successful, `completed`, `failed`, `in_progress`); its names are in `locales/<language>/hub.json` under the same key.
 *
 * @param states the words that `state` may be
 * @param eventTypes the events that `event` may tell
 */
export function planEntities(
  states: readonly string[],
  eventTypes: readonly string[],
): Readonly<Record<string, Entity>> {
  return {
    problem: yesNo('problem', { device_class: 'problem', json_attributes_template: FAILURE_ATTRIBUTES }),
    overdue: yesNo('overdue', { device_class: 'problem' }),
    running: yesNo('running', { device_class: 'running' }),
    state: sensor('state', { device_class: 'enum', options: states }),
    reason: sensor('reason', { icon: 'mdi:text' }),
    last_successful: moment('last_successful'),
    last_attempted: moment('last_attempted', diagnostic),
    next_due: moment('next_due'),
    next_attempt: moment('next_attempt', diagnostic),
    duration: sensor('duration', {
      device_class: 'duration',
      unit_of_measurement: 's',
      state_class: 'measurement',
      suggested_display_precision: 0,
      ...diagnostic,
    }),
    data_added: bytes('data_added'),
    size: bytes('size'),
    retries: sensor('retries', { state_class: 'measurement', icon: 'mdi:restart-alert', ...diagnostic }),
    backup: { p: 'event', topic: 'event', more: { event_types: eventTypes, icon: 'mdi:backup-restore' } },
    run_now: button('run', 'mdi:backup-restore'),
    cancel: button('cancel', 'mdi:cancel'),
    paused: {
      p: 'switch',
      isCommanded: true,
      more: {
        value_template: "{{ 'ON' if value_json.paused else 'OFF' }}",
        state_on: 'ON',
        state_off: 'OFF',
        payload_on: 'pause',
        payload_off: 'resume',
        icon: 'mdi:pause-circle-outline',
      },
    },
  };
}

const FAILURE_ATTRIBUTES =
  "{{ {'failure': value_json.failure, 'failed_reason': value_json.failed_reason} | tojson }}";

/** Only where the hub publishes progress: it is gone when nothing was heard for two minutes. */
export const PROGRESS_ENTITY: Entity = {
  p: 'sensor',
  topic: 'progress',
  more: {
    value_template: '{{ value_json.percent }}',
    unit_of_measurement: '%',
    expire_after: 120,
    icon: 'mdi:progress-upload',
    ...diagnostic,
  },
};

/** What a hub shows of the whole house. */
export const HOUSE_ENTITIES: Readonly<Record<string, Entity>> = {
  all_well: yesNo('all_well', { icon: 'mdi:shield-check' }),
  oldest_successful: moment('oldest_successful'),
  summary: sensor('summary', { icon: 'mdi:text' }),
  problems: sensor('problems', { state_class: 'measurement', icon: 'mdi:alert-circle-outline' }),
};
